"""What was decided about an image, and its prepared form, kept from turn to turn.

A conversation sends all of its images again with every turn, and deciding takes decoding.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from langchain_gptv._bounded import BoundedStore
from langchain_gptv.messages.checked import LONG, MAX_CHARACTERS, key_of
from langchain_gptv.vision.plan import ImageDecision


@dataclass(frozen=True, slots=True)
class ReadyImage:
    """How an image is sent, and the data URL that is sent."""

    decision: ImageDecision
    url: str


class ReadyImages:
    """A bounded store of images that are ready to be sent."""

    def __init__(self, max_characters: int = MAX_CHARACTERS) -> None:
        self._ready: BoundedStore[Hashable, tuple[str, ReadyImage]] = BoundedStore(
            max_characters, lambda pair: len(pair[0]) + len(pair[1].url)
        )

    def get(self, url: str, settings: Hashable) -> ReadyImage | None:
        """Return what was kept for a data URL under the same settings."""
        source, found = self._ready.get((key_of(url), settings)) or ("", None)
        return found if source is url or len(url) < LONG else None

    def put(self, url: str, settings: Hashable, ready: ReadyImage) -> None:
        """Keep an image; one that is larger than the whole store is not kept."""
        self._ready.put((key_of(url), settings), (url, ready))

    def clear(self) -> None:
        """Forget every image."""
        self._ready.clear()


READY = ReadyImages()
"""The store of this process."""
