"""From messages in the normal form to what is sent: place, `detail`, size and budget of each image.

The decision is taken before the call and shown after it, in `response_metadata["vision_plan"]`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from langchain_core.messages import BaseMessage, HumanMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import Runnable, RunnableLambda

from langchain_gptv.exceptions import (
    DetailNotSupportedError,
    ImageTooLargeError,
    LimitError,
    MessageError,
    PlanError,
)
from langchain_gptv.image_cache import READY, ReadyImage
from langchain_gptv.messages import (
    Api,
    ToolImages,
    admit_blocks,
    inline_urls,
    normalize_messages,
    place_images,
    wrap_objects,
)
from langchain_gptv.messages.timelines import check_videos, count_frames, thin_videos
from langchain_gptv.sources import NO_SOURCES, FetchUrls, ImageSources
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.plan import ImageDecision, ImagePlan, plan_images
from langchain_gptv.vision.prepare import Resize, prepare_image, prepare_to_size
from langchain_gptv.vision.profiles import VisionProfile, get_profile
from langchain_gptv.vision.rules import Detail

Block = dict[str, Any]

_IMAGES = ("image_url", "input_image", "image", "image_generation_call", "computer_screenshot")


@dataclass(frozen=True)
class ImagePolicy:
    """What the images of one call may take, and what happens when they would take more.

    Attributes:
        max_tokens: Tokens of all images.
        max_cost_usd: US dollars for all images.
        max_bytes: Bytes of all images, before base64.
        on_limit: "error" raises before the request leaves; "fit" makes images smaller;
            "drop_oldest" leaves the first ones out and says so in their place.
        resize: "auto" scales an image down to what the model sees where that pays; "never" sends
            every file that is accepted as it is.
    """

    max_tokens: int | None = None
    max_cost_usd: Decimal | float | None = None
    max_bytes: int | None = None
    on_limit: Literal["error", "fit", "drop_oldest"] = "error"
    resize: Resize = "auto"

    @property
    def is_unbounded(self) -> bool:
        """Whether there is no budget, so that no image has to make room for another."""
        return self.max_tokens is self.max_cost_usd is self.max_bytes is None


class SentMessages(list[BaseMessage]):
    """Messages that are ready to be sent, and the plan of their images."""

    vision_plan: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ImageSender:
    """Applies a policy to the messages of one call.

    Attributes:
        profile: How the model takes images; None (the embedded engine) sends them as they are.
        policy: Sizes and budget.
        detail: The API setting of images that do not say their own.
        api: Which of OpenAI's two APIs is called.
        tool_images: What happens to images in roles that cannot carry them.
    """

    profile: VisionProfile | None
    policy: ImagePolicy
    detail: Detail = "auto"
    api: Api = "chat"
    tool_images: ToolImages = "relocate"

    def send(self, messages: Sequence[BaseMessage]) -> SentMessages:
        """Place, plan and prepare every image. Takes the time of decoding; not for an event loop.

        Raises:
            MessageError: An image cannot be sent where it stands.
            PlanError: The images do not fit the policy or the service's limits.
            ImageError: An image is damaged.
        """
        messages = self._with_room_for_frames(messages)
        admitted = admit_blocks(messages, self.api)
        self._check(list(_image_blocks(admitted)))
        placed = place_images(admitted, api=self.api, tool_images=self.tool_images)
        blocks = list(_image_blocks(placed, _names(messages)))
        known = [found for found in blocks if _data_url(found.block)]
        replaced: dict[tuple[int, int], Block] = {
            found.place: self._with_detail(found.block) for found in blocks
        }
        plan, ready = self._decide(known)
        for found, image in zip(known, ready, strict=False):
            replaced[found.place] = _stub(found) if image is None else _filled(found, image)
        sent = SentMessages(_with_blocks(placed, replaced))
        sent.vision_plan = None if plan is None else describe_plan(plan)
        return sent

    def plan(self, messages: Sequence[BaseMessage]) -> ImagePlan | None:
        """Return the plan alone, from the headers of the images; None without a profile."""
        known = [found for found in _image_blocks(messages) if _data_url(found.block)]
        return self._plan(known) if self.profile is not None and known else None

    def _plan(self, known: Sequence[_Found]) -> ImagePlan:
        policy, profile = self.policy, self.profile
        if profile is None:
            raise ValueError("There is nothing to plan by without a profile.")
        return plan_images(
            [Image.from_data_url(_data_url(found.block), name=found.name) for found in known],
            profile,
            detail=[_detail(found.block) or self.detail for found in known],
            max_tokens=policy.max_tokens,
            max_cost_usd=policy.max_cost_usd,
            max_bytes=policy.max_bytes,
            on_limit=policy.on_limit,
        )

    def _with_room_for_frames(self, messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
        """Leave out frames of videos, evenly, until budget and limits hold."""
        frames = sum(count_frames(message.content) for message in messages)
        if not frames or self.profile is None:
            return messages
        for index, message in enumerate(messages):
            check_videos(message.content, self.profile, f"messages[{index}]")
        if self._has_room(messages):
            return messages

        def thinned(kept: int) -> Sequence[BaseMessage]:
            return thin_videos(messages, kept / frames)

        too_many = bisect_left(
            range(frames), True, lo=1, key=lambda kept: not self._has_room(thinned(kept))
        )
        return thinned(max(1, too_many - 1))

    def _has_room(self, messages: Sequence[BaseMessage]) -> bool:
        on_limit = self.policy.on_limit
        strict = replace(self.policy, on_limit="error" if on_limit == "drop_oldest" else on_limit)
        try:
            replace(self, policy=strict).plan(messages)
        except PlanError:
            return False
        limit = self.profile.limits.max_images if self.profile else None
        return limit is None or len(list(_image_blocks(messages))) <= limit

    def _decide(self, known: Sequence[_Found]) -> tuple[ImagePlan | None, list[ReadyImage | None]]:
        """Return the plan, and each image as it is sent; None for one that is left out."""
        if self.profile is None or not known:
            return None, []
        if self.policy.is_unbounded and len(known) <= (
            self.profile.limits.max_images or len(known)
        ):
            ready = self._remembered(known)
            decisions = tuple(
                replace(image.decision, index=index, name=known[index].name)
                for index, image in enumerate(ready)
            )
            plan = ImagePlan(self.profile, (decisions,))
            if plan.bytes <= (self.profile.limits.max_total_bytes or plan.bytes):
                return plan, list(ready)
        decided = self._plan(known)
        sent = {d.index: self._prepared(known[d.index], d) for d in decided.decisions}
        return decided, [sent.get(index) for index in range(len(known))]

    def _remembered(self, known: Sequence[_Found]) -> list[ReadyImage]:
        """Decide about each image on its own, once: without a budget none depends on another."""
        settings = [(*self._key, _detail(found.block) or self.detail) for found in known]
        kept = [
            READY.get(_data_url(found.block), setting)
            for found, setting in zip(known, settings, strict=True)
        ]
        new = [index for index, image in enumerate(kept) if image is None]
        for decision in self._plan([known[index] for index in new]).decisions if new else ():
            index = new[decision.index]
            image = kept[index] = self._prepared(known[index], decision)
            READY.put(_data_url(known[index].block), settings[index], image)
        return [image for image in kept if image is not None]

    @property
    def _key(self) -> tuple[Hashable, ...]:
        """What a decision depends on beside the image; a rule has no hash of its own."""
        profile = self.profile
        known_as = (profile.model, profile.service, repr(profile.rule)) if profile else ()
        return (*known_as, self.policy.resize)

    def _prepared(self, found: _Found, decision: ImageDecision) -> ReadyImage:
        url, profile = _data_url(found.block), self.profile
        settings = (*self._key, decision.detail, decision.width, decision.height, decision.bytes)
        kept = READY.get(url, settings)
        if kept is not None:
            return kept
        image = Image.from_data_url(url, name=found.name)
        if profile is not None and decision.reason.startswith("made smaller"):
            prepared = prepare_to_size(
                image,
                (decision.width, decision.height),
                max_bytes=decision.bytes,
                accepted=profile.limits.mime_types,
                resize="always",
            )
        else:
            prepared = prepare_image(image, profile, decision.detail, resize=self.policy.resize)
        is_same = prepared.unchanged and len(prepared.data) == image.byte_count
        ready = ReadyImage(decision, url if is_same else prepared.data_url)
        READY.put(url, settings, ready)
        return ready

    def _with_detail(self, block: Block) -> Block:
        """State `detail` in every case; some servers demand it, and "auto" may be dear."""
        detail = _detail(block) or self.detail
        if detail == "auto" and self.profile is not None:
            details = self.profile.details
            detail = "high" if "high" in details else details[-1]
        if block["type"] == "input_image":
            return {**block, "detail": detail}
        return {**block, "image_url": {**block["image_url"], "detail": detail}}

    def _check(self, blocks: Sequence[_Found]) -> None:
        """Refuse what can be told before anything is moved, planned or decoded."""
        for found in blocks:
            if self.api == "chat" and found.block.get("file_id"):
                raise MessageError(
                    f"{found.name} is the uploaded file {found.block['file_id']!r}, which Chat "
                    "Completions takes no image from. Set use_responses_api=True, or send its URL "
                    "or bytes."
                )
            self._check_detail(found)
            self._check_bytes(found)
        limit = self.profile.limits.max_images if self.profile else None
        if limit is not None and len(blocks) > limit and self.policy.on_limit != "drop_oldest":
            raise LimitError(
                f"{len(blocks) - limit} of {len(blocks)} images over the limit of {limit} per "
                f"request. Send them in {-(-len(blocks) // limit)} calls."
            )

    def _check_bytes(self, found: _Found) -> None:
        """Refuse a file that is to be sent as it is and is over the limit of one image."""
        limit = self.profile.limits.max_image_bytes if self.profile else None
        size = len(_data_url(found.block).partition(",")[2]) if limit else 0
        as_it_is = self.policy.resize == "never" and self.policy.on_limit == "error"
        if limit is not None and as_it_is and size > limit:
            raise ImageTooLargeError(
                f"{found.name} has {size:,} bytes as base64, over the limit of {limit:,} per "
                'image. Pass resize="auto" or on_limit="fit" to send it packed tighter.',
                value=size,
                limit=limit,
            )

    def _check_detail(self, found: _Found) -> None:
        detail = _detail(found.block) or self.detail
        if self.profile is not None and detail not in self.profile.details:
            raise DetailNotSupportedError(
                f"{found.name} would go with detail={detail!r}, which {self.profile.model} on "
                f"{self.profile.service} does not accept. Pass one of "
                f"{', '.join(map(repr, self.profile.details))}."
            )


@dataclass(frozen=True)
class _Found:
    place: tuple[int, int]
    block: Block
    name: str


def prepare_images(
    model: str | VisionProfile | None = None,
    detail: Detail = "auto",
    *,
    service: str = "openai",
    api: Api = "chat",
    tool_images: ToolImages = "relocate",
    sources: ImageSources = NO_SOURCES,
    fetch_urls: FetchUrls = False,
    **policy: Any,
) -> Runnable[Any, list[BaseMessage]]:
    """Make a step that gets images ready, to stand before any chat model: `step | model`.

    It takes what a chat model takes. What `ChatGPTV` does in itself, it does for others. Called
    async it works in a thread.

    Args:
        model: Base model name or profile, for sizes and budget; None sends images as they are.
        detail: The API setting of images that do not say their own.
        service: "openai" or "azure".
        api: Which of OpenAI's two APIs the chat model calls.
        tool_images: As in `ChatGPTV`.
        sources: Which paths in message content may be opened, and which URLs fetched; by default
            no path.
        fetch_urls: As in `ChatGPTV`.
        policy: The fields of `ImagePolicy`, such as `max_tokens=2000, on_limit="fit"`.

    Raises:
        MessageError: When it runs: a block cannot be sent; it names message and block.

    Example:
        >>> from langchain_gptv import human_message
        >>> step = prepare_images("gpt-4o", detail="low")
        >>> ready = step.invoke([human_message("?", "examples/images/receipt.png")])
        >>> ready[0].content[1]["image_url"]["detail"]
        'low'
    """
    profile = get_profile(model, service) if isinstance(model, str) else model
    sender = ImageSender(profile, ImagePolicy(**policy), detail, api, tool_images)

    def prepare(model_input: Any) -> list[BaseMessage]:
        if isinstance(model_input, PromptValue):
            messages = model_input.to_messages()
        else:
            inputs = [model_input] if isinstance(model_input, str) else wrap_objects(model_input)
            messages = convert_to_messages(inputs)
        normal = normalize_messages(messages, sources=sources)
        return sender.send(inline_urls(normal, sources, fetch_urls))

    return RunnableLambda(prepare, name="prepare_images")


def has_images(messages: Sequence[BaseMessage]) -> bool:
    """Tell whether any message in the normal form has an image, of whoever's making."""
    return any(
        isinstance(block, dict) and block.get("type") in _IMAGES
        for message in messages
        if isinstance(message.content, list)
        for block in message.content
    )


def is_plain(model_input: Any) -> bool:
    """Tell whether an input is text alone, so that nothing in it takes time."""
    if isinstance(model_input, str):
        return True
    return isinstance(model_input, list) and all(
        isinstance(message, BaseMessage)
        and isinstance(message.content, str)
        and message.additional_kwargs.get("type") != "computer_call_output"  # may be a URL
        for message in model_input
    )


def split_ready_content(sent: SentMessages) -> tuple[SentMessages, dict[int, list[Any]]]:
    """Take out content that Chat Completions takes as it is, by the index of its message.

    langchain-openai looks at every part of it, which costs more than all else of a turn with
    images in its history.
    """
    ready = {
        index: message.content
        for index, message in enumerate(sent)
        if isinstance(message, HumanMessage)
        and isinstance(message.content, list)
        and all(map(_is_ready, message.content))
    }
    lean = SentMessages(
        message.model_copy(update={"content": ""}) if index in ready else message
        for index, message in enumerate(sent)
    )
    return lean, ready


def _is_ready(block: Any) -> bool:
    return isinstance(block, dict) and (
        block.get("type") == "image_url" or block.keys() == {"type", "text"}
    )


def describe_plan(plan: ImagePlan) -> dict[str, Any]:
    """Return a plan as plain data, for `response_metadata`."""
    return {
        "model": plan.profile.model,
        "tokens": plan.tokens,
        "images": [
            {
                "detail": decision.detail,
                "width": decision.width,
                "height": decision.height,
                "tokens": decision.tokens,
                "reason": decision.reason,
                **({"advice": decision.advice} if decision.advice else {}),
            }
            for decision in plan.decisions
        ],
        "dropped": len(plan.dropped),
    }


def _image_blocks(
    messages: Sequence[BaseMessage], names: Mapping[int, str] | None = None
) -> Iterator[_Found]:
    for index, message in enumerate(messages):
        if isinstance(message.content, list):
            for place, block in enumerate(message.content):
                if isinstance(block, dict) and _is_image(block):
                    name = f"messages[{index}].content[{place}]"
                    yield _Found((index, place), block, (names or {}).get(id(block), name))


def _names(messages: Sequence[BaseMessage]) -> dict[int, str]:
    """Return what errors call each block: its place before any moved, by the block's identity."""
    return {id(found.block): found.name for found in _image_blocks(messages)}


def _is_image(block: Block) -> bool:
    kind = block.get("type")
    return kind == "input_image" or (kind == "image_url" and isinstance(block["image_url"], dict))


def _data_url(block: Block) -> str:
    """Return the data URL of a block in the normal form, or ''."""
    inner = block.get("image_url")
    url = inner.get("url") if isinstance(inner, dict) else None
    return url if isinstance(url, str) and url.startswith("data:") else ""


def _detail(block: Block) -> Detail | None:
    inner = block.get("image_url")
    holder = inner if isinstance(inner, dict) else block
    return holder.get("detail")


def _filled(found: _Found, image: ReadyImage) -> Block:
    inner = {"url": image.url, "detail": image.decision.detail}
    return {**found.block, "image_url": inner}


def _stub(found: _Found) -> Block:
    image = Image.from_data_url(_data_url(found.block), name=found.name)
    size = f"{image.width} x {image.height}"
    text = f"(An earlier image of {size} pixels was left out to keep to the budget.)"
    return {"type": "text", "text": text}


def _with_blocks(
    messages: Sequence[BaseMessage], replaced: Mapping[tuple[int, int], Block]
) -> Iterator[BaseMessage]:
    changed = {index for index, _ in replaced}
    for index, message in enumerate(messages):
        if index not in changed:
            yield message
            continue
        content = [
            replaced.get((index, place), block) for place, block in enumerate(message.content)
        ]
        yield message.model_copy(update={"content": content})
