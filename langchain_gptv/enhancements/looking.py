"""Look at the image of a call, once, and keep what was seen from turn to turn."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from langchain_gptv._bounded import BoundedStore
from langchain_gptv.enhancements.beside import write_block
from langchain_gptv.enhancements.settings import Enhancements
from langchain_gptv.exceptions import (
    EnhancementError,
    EnhancementTimeoutError,
    GPTVError,
    LimitError,
)
from langchain_gptv.local.grounding import Grounder, LookAgain
from langchain_gptv.messages.checked import LONG, key_of
from langchain_gptv.messages.content import IMAGE_TYPES, iter_blocks, place_name, url_of
from langchain_gptv.vision.grounding import describe_grounding
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.observations import Finder, Observation, Observer

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

KEPT = 128
"""Pictures whose observations are kept."""

_WAY_OUT = 'Pass on_enhancement_error="continue" for the plain answer and a warning.'


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen in the image of a call, or why nothing was.

    Attributes:
        block: Goes beside the image; empty when nothing was seen.
        grounder: Ties the answer to the picture; None when that is not wanted.
        warning: Why the picture could not be looked at; empty when it was.
    """

    block: str = ""
    grounder: Grounder | None = None
    warning: str = ""

    def put_beside(self, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        """Return the messages with the block right after the image, in the same message."""
        for index, place, _ in _image_blocks(messages) if self.block else ():
            content = list(messages[index].content)
            content.insert(place + 1, {"type": "text", "text": self.block})
            told = messages[index].model_copy(update={"content": content})
            return [*messages[:index], told, *messages[index + 1 :]]
        return list(messages)

    def describe(self, answer: str) -> dict[str, Any] | None:
        """Return what the answer's metadata say under "enhancements"; None for nothing."""
        if self.warning:
            return {"warning": self.warning}
        if self.grounder is None:
            return None
        return describe_grounding(answer, self.grounder.ground(answer))


_kept: BoundedStore[Hashable, tuple[str, Looked]] = BoundedStore(KEPT)
"""The data URL beside what was seen: a long one is known by its identity while it lives."""


def has_one_image(messages: Sequence[BaseMessage]) -> bool:
    """Tell whether a call has an image to enhance.

    Raises:
        LimitError: It has several.
    """
    found = [place_name(index, place) for index, place, _ in _image_blocks(messages)]
    if len(found) > 1:
        raise LimitError(
            f"Enhancements take one image per call: beside {found[0]} there are "
            f"{', '.join(found[1:])}. Ask about each in a call of its own, or pass "
            "enhancements=None."
        )
    return bool(found)


def look_at(messages: Sequence[BaseMessage], wanted: Enhancements) -> Looked:
    """Look at the image of a call; takes the time of OCR, so not for an event loop.

    Args:
        messages: In the normal form, with one image.
        wanted: Who looks, and for what.

    Raises:
        EnhancementError: The picture could not be looked at, and that is to raise.
    """
    looking = _Looking.of(messages, wanted)
    if (kept := looking.kept) is not None:
        return kept
    try:
        observer = observer_of(wanted)
        seen = observer.observe(looking.load())
    except Exception as error:
        return looking.fail(error)
    return looking.finish(seen, observer)


async def alook_at(messages: Sequence[BaseMessage], wanted: Enhancements) -> Looked:
    """Look without blocking the event loop: by the observer's `aobserve`, or in a thread."""
    looking = _Looking.of(messages, wanted)
    if (kept := looking.kept) is not None:
        return kept
    try:
        observer: Any = await asyncio.to_thread(observer_of, wanted)
        if not hasattr(observer, "aobserve"):
            seen = await asyncio.to_thread(lambda: observer.observe(looking.load()))
        else:
            seen = await observer.aobserve(await asyncio.to_thread(looking.load))
    except Exception as error:
        return looking.fail(error)
    return await asyncio.to_thread(looking.finish, seen, observer)


def observer_of(wanted: Enhancements) -> Observer:
    """Return who looks; the embedded engine is the one that answers in this process too."""
    if wanted.by == "local":
        from langchain_gptv.local.transport import default_service

        return default_service().engine  # type: ignore[return-value]
    if wanted.by == "azure-vision":
        from langchain_gptv.enhancements.azure_vision import AzureVision

        return AzureVision.from_env()
    return wanted.by  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class _Looking:
    """One picture on its way to being looked at."""

    where: str
    url: str
    wanted: Enhancements

    @classmethod
    def of(cls, messages: Sequence[BaseMessage], wanted: Enhancements) -> _Looking:
        index, place, block = next(_image_blocks(messages))
        return cls(place_name(index, place), url_of(block), wanted)

    @property
    def _key(self) -> Hashable:
        return self.wanted, key_of(self.url)

    @property
    def kept(self) -> Looked | None:
        url, looked = _kept.get(self._key) or ("", None)
        return looked if url is self.url or len(self.url) < LONG else None

    def load(self) -> Image:
        if not self.url.startswith("data:"):
            what = f"is at {self.url!r}" if self.url else "is not in the request"
            raise EnhancementError(
                f"{self.where} {what}, so that its pixels are not here. Pass fetch_urls=True, or "
                "send the image itself."
            )
        return Image.from_data_url(self.url, name=self.where)

    def finish(self, seen: Observation, observer: Observer) -> Looked:
        wanted = self.wanted
        grounder = None
        if wanted.grounding:
            # What the model was not given as text is not looked for in its answer either.
            known = seen if wanted.ocr else replace(seen, lines=())
            grounder = Grounder(
                known,
                merge_duplicates=wanted.merge_duplicates,
                look_again=self._look_again(observer),
            )
        looked = Looked(write_block(seen, wanted), grounder)
        _kept.put(self._key, (self.url, looked))
        return looked

    def _look_again(self, observer: Observer) -> LookAgain | None:
        if not isinstance(observer, Finder):
            return None
        return lambda labels: observer.find(self.load(), labels)

    def fail(self, error: Exception) -> Looked:
        if self.wanted.on_enhancement_error == "raise":
            self._raise(error)
        return Looked(warning=f"Not enhanced: {type(error).__name__}: {error}")

    def _raise(self, error: Exception) -> NoReturn:
        if isinstance(error, GPTVError):
            error.add_note(_WAY_OUT)
            raise error
        kind = EnhancementTimeoutError if isinstance(error, TimeoutError) else EnhancementError
        by = self.wanted.by
        who = by if isinstance(by, str) else type(by).__name__
        raise kind(f"{who} could not look at {self.where}: {error!r}. {_WAY_OUT}") from error


def _image_blocks(messages: Sequence[BaseMessage]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    return (found for found in iter_blocks(messages) if found[2].get("type") in IMAGE_TYPES)
