"""The images of messages in the normal form: where they are, and others in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage

from langchain_gptv.messages.content import IMAGE_TYPES, iter_blocks, place_name, url_of
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.profiles import VisionProfile
from langchain_gptv.vision.rules import Detail

Block = dict[str, Any]

UNSEEN_SIDE = 2048
"""Pixels of each side that an image behind a URL is counted with: nothing is fetched to count."""


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image block of a conversation.

    Attributes:
        place: Index of the message, and of the block in its content.
        block: As it stands there.
        name: What errors call it.
    """

    place: tuple[int, int]
    block: Block
    name: str

    @property
    def url(self) -> str:
        """Its URL or data URL; '' for an uploaded file."""
        return url_of(self.block)

    @property
    def data_url(self) -> str:
        """Its data URL, or '' when its bytes are not here."""
        return self.url if self.url.startswith("data:") else ""

    @property
    def detail(self) -> Detail | None:
        """The API setting that it states itself."""
        inner = self.block.get("image_url")
        holder = inner if isinstance(inner, dict) else self.block
        return holder.get("detail")

    def load(self) -> Image:
        """Return the image; only its header is read now.

        Raises:
            ImageError: The data URL holds none.
        """
        return Image.from_data_url(self.data_url, name=self.name)

    def tokens(self, profile: VisionProfile, detail: Detail) -> int:
        """Estimate its input tokens; one that is not here counts as a large one."""
        asked = self.detail or detail
        if not self.data_url:
            return profile.tokens(UNSEEN_SIDE, UNSEEN_SIDE, asked)
        image = self.load()
        return profile.tokens(image.width, image.height, asked)

    def stub(self) -> Block:
        """Return the text that stands in for it when it is left out."""
        image = self.load() if self.data_url else None
        size = f" of {image.width} x {image.height} pixels" if image else ""
        text = f"(An earlier image{size} was left out to keep to the budget.)"
        return {"type": "text", "text": text}


def find_images(
    messages: Sequence[BaseMessage], names: Mapping[int, str] | None = None
) -> list[FoundImage]:
    """Return the images that are sent, in their order.

    Args:
        messages: In the normal form.
        names: What errors call a block, by its identity; see `name_blocks`.
    """
    return [
        FoundImage((index, place), block, (names or {}).get(id(block), place_name(index, place)))
        for index, place, block in iter_blocks(messages)
        if block.get("type") == "input_image"
        or (block.get("type") == "image_url" and isinstance(block["image_url"], dict))
    ]


def name_blocks(messages: Sequence[BaseMessage]) -> dict[int, str]:
    """Return what errors call each block: its place before any moved, by the block's identity."""
    return {id(found.block): found.name for found in find_images(messages)}


def with_blocks(
    messages: Sequence[BaseMessage], replaced: Mapping[tuple[int, int], Block]
) -> Iterator[BaseMessage]:
    """Yield the messages with other blocks in the places that are given."""
    changed = {index for index, _ in replaced}
    for index, message in enumerate(messages):
        if index not in changed:
            yield message
            continue
        content = [
            replaced.get((index, place), block) for place, block in enumerate(message.content)
        ]
        yield message.model_copy(update={"content": content})


def has_images(messages: Sequence[BaseMessage]) -> bool:
    """Tell whether any message in the normal form has an image, of whoever's making."""
    return any(block.get("type") in IMAGE_TYPES for _, _, block in iter_blocks(messages))


def is_text_only(model_input: Any) -> bool:
    """Tell whether an input is text alone, so that nothing in it takes time."""
    if isinstance(model_input, str):
        return True
    return isinstance(model_input, list) and all(
        isinstance(message, BaseMessage)
        and isinstance(message.content, str)
        and message.additional_kwargs.get("type") != "computer_call_output"  # may be a URL
        for message in model_input
    )
