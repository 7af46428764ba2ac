"""A bounded, thread-safe store of what is costly to make again; the least recent gives way."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedStore(Generic[K, V]):
    """Keep values until their sizes pass `max_size` together, or for `max_age_s` seconds.

    Args:
        max_size: Of all values together, in the unit of `size_of`.
        size_of: The size of a value; without it each counts one.
        max_age_s: Older values are as good as gone.

    Example:
        >>> store = BoundedStore[str, str](10, len)
        >>> store.put("a", "123456")
        >>> store.put("b", "123456")
        >>> store.get("a"), store.get("b")
        (None, '123456')
    """

    def __init__(
        self,
        max_size: int,
        size_of: Callable[[V], int] = lambda _: 1,
        *,
        max_age_s: float | None = None,
    ) -> None:
        self._max_size, self._size_of, self._max_age_s = max_size, size_of, max_age_s
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, tuple[float, int, V]] = OrderedDict()
        self._size = 0

    def get(self, key: K) -> V | None:
        """Return what was kept, or None."""
        with self._lock:
            if key not in self._kept:
                return None
            since, _, value = self._kept[key]
            if self._max_age_s is not None and time.monotonic() - since >= self._max_age_s:
                return None
            self._kept.move_to_end(key)
            return value

    def put(self, key: K, value: V) -> None:
        """Keep a value in place of an older one; what is larger than the store is not kept."""
        size = self._size_of(value)
        with self._lock:
            self._size -= self._kept.pop(key, (0.0, 0, None))[1]
            if size > self._max_size:
                return
            self._kept[key] = time.monotonic(), size, value
            self._size += size
            while self._size > self._max_size:
                self._size -= self._kept.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._size = 0
