"""The blocks in the content of messages: where each stands, and the URL of an image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

IMAGE_TYPES = ("image_url", "input_image", "image", "image_generation_call", "computer_screenshot")
"""Types of block that are an image in the normal form, of whoever's making."""


def iter_blocks(messages: Sequence[BaseMessage]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield each block after the index of its message and its place in the content."""
    for index, message in enumerate(messages):
        for place, block in enumerate(message.content if isinstance(message.content, list) else ()):
            if isinstance(block, dict):
                yield index, place, block


def place_name(index: int, place: int) -> str:
    """Return what errors call a block.

    Example:
        >>> place_name(0, 1)
        'messages[0].content[1]'
    """
    return f"messages[{index}].content[{place}]"


def url_of(block: Any) -> str:
    """Return the URL or data URL of an image or screenshot in the normal form; '' without one.

    Example:
        >>> url_of({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})
        'https://example.com/a.png'
    """
    inner = block.get("image_url") if isinstance(block, Mapping) else None
    url = inner.get("url") if isinstance(inner, Mapping) else inner
    return url if isinstance(url, str) else ""
