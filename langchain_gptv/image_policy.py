"""From messages in the normal form to what is sent: place, `detail`, size and budget of each image.

The decision is taken before the call and shown after it, in `response_metadata["vision_plan"]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from langchain_core.messages import BaseMessage

from langchain_gptv.exceptions import MessageError
from langchain_gptv.messages import Api, ToolImages, place_images
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.plan import ImageDecision, ImagePlan, plan_images
from langchain_gptv.vision.prepare import Resize, prepare_image, prepare_to_size
from langchain_gptv.vision.profiles import VisionProfile
from langchain_gptv.vision.rules import Detail

Block = dict[str, Any]


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
        placed = place_images(messages, api=self.api, tool_images=self.tool_images)
        blocks = list(_image_blocks(placed))
        self._check_file_ids(blocks)
        known = [found for found in blocks if _data_url(found.block)]
        plan = self._plan(known)
        replaced: dict[tuple[int, int], Block] = {
            found.place: self._with_detail(found.block) for found in blocks
        }
        if plan is not None:
            for decision in plan.decisions:
                found = known[decision.index]
                replaced[found.place] = self._prepared(found.block, decision)
            for decision in plan.dropped:
                replaced[known[decision.index].place] = _stub(decision)
        sent = SentMessages(_with_blocks(placed, replaced))
        sent.vision_plan = None if plan is None else describe_plan(plan)
        return sent

    def plan(self, messages: Sequence[BaseMessage]) -> ImagePlan | None:
        """Return the plan alone, from the headers of the images; None without a profile."""
        return self._plan([found for found in _image_blocks(messages) if _data_url(found.block)])

    def _plan(self, known: Sequence[_Found]) -> ImagePlan | None:
        if self.profile is None or not known:
            return None
        policy = self.policy
        return plan_images(
            [Image.from_data_url(_data_url(found.block), name=found.name) for found in known],
            self.profile.model,
            detail=[_detail(found.block) or self.detail for found in known],
            max_tokens=policy.max_tokens,
            max_cost_usd=policy.max_cost_usd,
            max_bytes=policy.max_bytes,
            on_limit=policy.on_limit,
            service=self.profile.service,
        )

    def _prepared(self, block: Block, decision: ImageDecision) -> Block:
        image = Image.from_data_url(_data_url(block), name=decision.name)
        profile = self.profile
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
        inner = {"url": prepared.data_url, "detail": decision.detail}
        return {**block, "image_url": inner}

    def _with_detail(self, block: Block) -> Block:
        """State `detail` in every case; some servers demand it, and "auto" may be dear."""
        detail = _detail(block) or self.detail
        if detail == "auto" and self.profile is not None:
            details = self.profile.details
            detail = "high" if "high" in details else details[-1]
        if block["type"] == "input_image":
            return {**block, "detail": detail}
        return {**block, "image_url": {**block["image_url"], "detail": detail}}

    def _check_file_ids(self, blocks: Sequence[_Found]) -> None:
        for found in blocks:
            if self.api == "chat" and found.block.get("file_id"):
                raise MessageError(
                    f"{found.name} is the uploaded file {found.block['file_id']!r}, which Chat "
                    "Completions takes no image from. Set use_responses_api=True, or send its URL "
                    "or bytes."
                )


@dataclass(frozen=True)
class _Found:
    place: tuple[int, int]
    block: Block

    @property
    def name(self) -> str:
        return f"messages[{self.place[0]}].content[{self.place[1]}]"


def has_images(messages: Sequence[BaseMessage]) -> bool:
    """Tell whether any message in the normal form has an image."""
    return next(_image_blocks(messages), None) is not None


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


def _image_blocks(messages: Sequence[BaseMessage]) -> Iterator[_Found]:
    for index, message in enumerate(messages):
        if isinstance(message.content, list):
            for place, block in enumerate(message.content):
                if isinstance(block, dict) and _is_image(block):
                    yield _Found((index, place), block)


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


def _stub(decision: ImageDecision) -> Block:
    width, height = decision.file_size
    text = f"(An earlier image of {width} x {height} pixels was left out to keep to the budget.)"
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
