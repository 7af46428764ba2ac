"""The images of one call: checked, put where they may stand, decided and filled in."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage

from langchain_gptv.exceptions import PlanError
from langchain_gptv.messages import Api, ToolImages, admit_blocks, place_images
from langchain_gptv.messages.video.timelines import check_videos, count_frames, thin_videos
from langchain_gptv.sending.blocks import Block, FoundImage, find_images, name_blocks, with_blocks
from langchain_gptv.sending.checks import check_bytes, check_count, check_detail, check_file
from langchain_gptv.sending.deciding import ImageDecider, describe_plan
from langchain_gptv.sending.policy import ImagePolicy
from langchain_gptv.vision.plan import ImagePlan
from langchain_gptv.vision.profiles import VisionProfile
from langchain_gptv.vision.rules import Detail


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
        self._check(find_images(admitted))
        placed = place_images(admitted, api=self.api, tool_images=self.tool_images)
        plan, replaced = self._decide(find_images(placed, name_blocks(messages)))
        sent = SentMessages(with_blocks(placed, replaced))
        sent.vision_plan = plan
        return sent

    def plan(self, messages: Sequence[BaseMessage]) -> ImagePlan | None:
        """Return the plan alone, from the headers of the images; None without a profile."""
        found = find_images(messages)
        if self._decider is None or not any(image.data_url for image in found):
            return None
        return self._decider.plan(found)

    @property
    def _decider(self) -> ImageDecider | None:
        return ImageDecider(self.profile, self.policy, self.detail) if self.profile else None

    @property
    def _most_images(self) -> int | None:
        return self.profile.limits.max_images if self.profile else None

    def _check(self, found: Sequence[FoundImage]) -> None:
        for image in found:
            check_file(image, self.api)
            if self.profile is not None:
                check_detail(image, self.profile, self.detail)
                check_bytes(image, self.profile, self.policy)
        if self.profile is not None and self.policy.on_limit != "drop_oldest":
            check_count(len(found), self.profile)

    def _decide(
        self, found: Sequence[FoundImage]
    ) -> tuple[dict[str, Any] | None, dict[tuple[int, int], Block]]:
        """Return the plan as plain data, and by its place what goes there."""
        over = max(0, len(found) - (self._most_images or len(found)))
        kept = found[over:]
        replaced = {image.place: self._with_detail(image) for image in kept}
        plan, ready = None, dict.fromkeys(image.place for image in found[:over])
        if self._decider is not None and any(image.data_url for image in kept):
            plan, decided = self._decider.decide(kept)
            ready |= decided
        for image in found:
            if image.place in ready:
                replaced[image.place] = ready[image.place] or image.stub()
        dropped = sum(block is None for block in ready.values())
        return describe_plan(plan, dropped) if plan else None, replaced

    def _with_detail(self, image: FoundImage) -> Block:
        """State `detail` in every case; some servers demand it, and "auto" may be dear."""
        detail, block = image.detail or self.detail, image.block
        if detail == "auto" and self.profile is not None:
            detail = self.profile.main_detail
        if block["type"] == "input_image":
            return {**block, "detail": detail}
        return {**block, "image_url": {**block["image_url"], "detail": detail}}

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
        return self._most_images is None or len(find_images(messages)) <= self._most_images


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
