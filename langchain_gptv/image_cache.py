"""What was decided about an image, and its prepared form, kept from turn to turn.

A conversation sends all of its images again with every turn, and deciding takes decoding.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from langchain_gptv.messages.checked import LONG, MAX_CHARACTERS, key_of
from langchain_gptv.vision.plan import ImageDecision


@dataclass(frozen=True, slots=True)
class ReadyImage:
    """How an image is sent, and the data URL that is sent."""

    decision: ImageDecision
    url: str


class ReadyImages:
    """A bounded, thread-safe store of images that are ready to be sent."""

    def __init__(self, max_characters: int = MAX_CHARACTERS) -> None:
        self._max = max_characters
        self._lock = threading.Lock()
        self._ready: OrderedDict[Hashable, tuple[str, ReadyImage]] = OrderedDict()
        self._characters = 0

    def get(self, url: str, settings: Hashable) -> ReadyImage | None:
        """Return what was kept for a data URL under the same settings."""
        key = key_of(url), settings
        with self._lock:
            source, found = self._ready.get(key, (None, None))
            if found is None or (source is not url and len(url) >= LONG):
                return None
            self._ready.move_to_end(key)
            return found

    def put(self, url: str, settings: Hashable, ready: ReadyImage) -> None:
        """Keep an image; one that is larger than the whole store is not kept."""
        key, size = (key_of(url), settings), len(url) + len(ready.url)
        if size > self._max:
            return
        with self._lock:
            if key not in self._ready:
                self._characters += size
            self._ready[key] = url, ready
            while self._characters > self._max:
                _, (source, gone) = self._ready.popitem(last=False)
                self._characters -= len(source) + len(gone.url)

    def clear(self) -> None:
        """Forget every image."""
        with self._lock:
            self._ready.clear()
            self._characters = 0


READY = ReadyImages()
"""The store of this process."""
