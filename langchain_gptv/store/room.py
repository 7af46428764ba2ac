"""Which values make room, and which keys are being written."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from weakref import WeakKeyDictionary


class Shelf:
    """Counts what a store holds and tells what was not used for the longest time.

    Attributes:
        max_bytes: None counts nothing.
        counted: Whether what was there before has been counted.
    """

    def __init__(self, max_bytes: int | None) -> None:
        self.max_bytes = max_bytes
        self.counted = max_bytes is None
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    def count(self, sizes: Iterable[tuple[str, int]]) -> None:
        """Take in what was there before, longest unused first."""
        with self._lock:
            if self.counted:
                return
            known, self._sizes = self._sizes, OrderedDict(sizes)
            self._sizes.update(known)
            self._total = sum(self._sizes.values())
            self.counted = True

    def used(self, key: str, size: int) -> None:
        """Note that a value was written or read just now."""
        if self.max_bytes is None:
            return
        with self._lock:
            self._total += size - self._sizes.pop(key, 0)
            self._sizes[key] = size

    def forget(self, key: str) -> None:
        """Note that a value is there no longer."""
        with self._lock:
            self._total -= self._sizes.pop(key, 0)

    def surplus(self) -> list[str]:
        """Take out and return the keys whose values have to go; the newest stays."""
        gone = []
        with self._lock:
            while self.max_bytes is not None and self._total > self.max_bytes:
                if len(self._sizes) < 2:
                    break
                key, size = self._sizes.popitem(last=False)
                self._total -= size
                gone.append(key)
        return gone


class Claims:
    """Keys that are being written in this process, so that no two values go to one key."""

    _of: ClassVar[WeakKeyDictionary[Any, Claims]] = WeakKeyDictionary()
    _guard = threading.Lock()

    def __init__(self) -> None:
        self._values: dict[str, tuple[bytes, int]] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, backend: object) -> Claims:
        """Return the claims on a backend, which all stores on it share."""
        try:
            with cls._guard:
                return cls._of.setdefault(backend, cls())
        except TypeError:  # one that cannot be referred to weakly
            return cls()

    @contextmanager
    def on(self, key: str, value: bytes) -> Iterator[bool]:
        """Claim a key; False when another value is on its way there."""
        if not self._take(key, value):
            yield False
            return
        try:
            yield True
        finally:
            self._drop(key)

    def _take(self, key: str, value: bytes) -> bool:
        with self._lock:
            held, holders = self._values.get(key, (value, 0))
            if held != value:
                return False
            self._values[key] = (held, holders + 1)
            return True

    def _drop(self, key: str) -> None:
        with self._lock:
            value, holders = self._values.pop(key)
            if holders > 1:
                self._values[key] = (value, holders - 1)
