"""Messages whose pictures lie in a store, and are named by `gptv://` references."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from langchain_core.messages import BaseMessage, ToolMessage

from langchain_gptv.exceptions import GPTVError
from langchain_gptv.messages.forms import FormReader, ImagePart
from langchain_gptv.sources import NO_SOURCES, ImageSources
from langchain_gptv.store import ImageStore, handle_of, reference
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.rules import Detail

MessageT = TypeVar("MessageT", bound=BaseMessage)

_HANDLE = re.compile(r"\b(?:img|vid)_[0-9a-f]{6,64}(?:@[\d:.]+\d)?(?:_\d+)?(?:/zoom_\d+)?")
_DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,[A-Za-z0-9+/]{32,}={0,2}")


def referenced(block: Any) -> str | None:
    """Return the handle of an image block that is a reference, or None.

    Example:
        >>> referenced({"type": "image", "url": "gptv://img_3f9a2c0b71de"})
        'img_3f9a2c0b71de'
    """
    if not isinstance(block, Mapping) or block.get("type") not in ("image_url", "image"):
        return None
    inner = block.get("image_url", block.get("url"))
    url = inner.get("url") if isinstance(inner, Mapping) else inner
    return handle_of(url) if isinstance(url, str) else None


def detail_of(block: Any) -> Detail | None:
    """Return the API setting that an image block asks for, wherever it stands."""
    inner = block.get("image_url")
    holders = (inner if isinstance(inner, Mapping) else {}, block.get("extras") or {}, block)
    return next((holder["detail"] for holder in holders if holder.get("detail")), None)


def with_url(block: Any, url: str) -> dict[str, Any]:
    """Return a reference with another URL, as OpenAI's block, which keeps `detail`."""
    inner = block.get("image_url")
    if isinstance(inner, Mapping):
        return {**block, "image_url": {**inner, "url": url}}
    return ImagePart(url, detail=detail_of(block)).to_block()


def store_images(
    messages: Sequence[MessageT], store: ImageStore, sources: ImageSources = NO_SOURCES
) -> list[MessageT]:
    """Put the pictures of messages into a store and leave references to them.

    A message without pictures is returned as it is. URLs of the web and uploaded files stay.

    Raises:
        MessageError: An image cannot be read. In a tool's message it becomes a note instead.
    """
    work = [_Work.on(message, sources) for message in messages]
    for item in work:
        for found in item.found:
            found.handle = _named(found, item, store) or store.put(found.image)
    return [item.done() for item in work]


async def astore_images(
    messages: Sequence[MessageT], store: ImageStore, sources: ImageSources = NO_SOURCES
) -> list[MessageT]:
    """Put the pictures of messages into a store, off the event loop, and leave references."""
    if not any(_may_hold_image(message) for message in messages):
        return list(messages)
    return await asyncio.to_thread(store_images, messages, store, sources)


@dataclass
class _Found:
    place: int
    part: ImagePart
    image: Image
    handle: str = ""


@dataclass
class _Work:
    """What is to do on one message."""

    message: BaseMessage
    blocks: list[Any]
    found: list[_Found]
    changed: bool = False

    @classmethod
    def on(cls, message: BaseMessage, sources: ImageSources) -> _Work:
        if not _may_hold_image(message):
            return cls(message, [], [])
        work = cls(message, list(_blocks(message)), [])
        work.changed = isinstance(message.content, str)
        for place, block in enumerate(work.blocks):
            work.look(place, block, FormReader(f"content[{place}]", sources))
        return work

    def look(self, place: int, block: Any, reader: FormReader) -> None:
        if not isinstance(block, Mapping) or referenced(block) is not None:
            return
        try:
            part = reader.read(block)
            if part is None or not part.url.startswith("data:"):
                return
            image = Image.from_data_url(part.url)
        except GPTVError as error:
            if not isinstance(self.message, ToolMessage):
                raise
            self.changed = True
            text = f"[An image of this tool cannot be used: {error}]"
            self.blocks[place] = {"type": "text", "text": text[:500]}
            return
        self.found.append(_Found(place, part, image))

    def done(self) -> Any:
        for found in self.found:
            part = replace(found.part, url=reference(found.handle))
            self.blocks[found.place] = part.to_block()
        if not self.found and not self.changed:
            return self.message
        return self.message.model_copy(update={"content": self.blocks})


def _named(found: _Found, work: _Work, store: ImageStore) -> str | None:
    """Return the handle that the tool itself gave its picture and names in its text."""
    if not isinstance(work.message, ToolMessage):
        return None
    for handle in _HANDLE.findall(work.message.text):
        if handle in store and store.get(handle).data == found.image.data:
            return str(handle)
    return None


def _may_hold_image(message: BaseMessage) -> bool:
    if isinstance(message.content, str):
        return isinstance(message, ToolMessage) and "data:image/" in message.content
    return any(isinstance(block, Mapping) and _is_candidate(block) for block in message.content)


def _is_candidate(block: Mapping[str, Any]) -> bool:
    return block.get("type") != "text" and referenced(block) is None


def _blocks(message: BaseMessage) -> Iterator[Any]:
    """Yield the content, with a data URL in the text of a tool as the image that it is."""
    if not isinstance(message.content, str):
        yield from message.content
        return
    end = 0
    for match in _DATA_URL.finditer(message.content):
        if text := message.content[end : match.start()]:
            yield {"type": "text", "text": text}
        yield {"type": "image_url", "image_url": {"url": match[0]}}
        end = match.end()
    if text := message.content[end:]:
        yield {"type": "text", "text": text}
