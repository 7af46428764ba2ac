"""What was decided about an image, and its prepared form, kept from turn to turn.

A conversation sends all of its images again with every turn, and deciding takes decoding.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from langchain_gptv.vision.plan import ImageDecision

MAX_CHARACTERS = 100_000_000
"""Of all data URLs together; the oldest give way. Strings that callers hold too cost no more."""


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
        self._ready: OrderedDict[tuple[str, Hashable], ReadyImage] = OrderedDict()
        self._characters = 0

    def get(self, url: str, settings: Hashable) -> ReadyImage | None:
        """Return what was kept for a data URL under the same settings."""
        with self._lock:
            found = self._ready.get((url, settings))
            if found is not None:
                self._ready.move_to_end((url, settings))
            return found

    def put(self, url: str, settings: Hashable, ready: ReadyImage) -> None:
        """Keep an image; one that is larger than the whole store is not kept."""
        size = len(url) + len(ready.url)
        if size > self._max:
            return
        with self._lock:
            if (url, settings) not in self._ready:
                self._characters += size
            self._ready[url, settings] = ready
            while self._characters > self._max:
                (old, _), gone = self._ready.popitem(last=False)
                self._characters -= len(old) + len(gone.url)


READY = ReadyImages()
"""The store of this process."""
