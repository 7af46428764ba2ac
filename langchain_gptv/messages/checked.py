"""Data URLs that were looked into already.

A call reads its messages three times, and a conversation sends its images again with every turn;
looking into 20 MB of base64 takes 15 ms each time.
"""

import threading
from collections import OrderedDict

MAX_CHARACTERS = 100_000_000
"""Of all data URLs together; the oldest give way. A string that a caller holds costs no more."""

_lock = threading.Lock()
_checked: OrderedDict[str, None] = OrderedDict()
_characters = 0


def is_checked(url: str) -> bool:
    """Tell whether a data URL is known to be sound; a string's hash is computed only once."""
    with _lock:
        return url in _checked


def remember(url: str) -> str:
    """Note that a data URL is sound, and return it."""
    global _characters
    with _lock:
        if url not in _checked and len(url) <= MAX_CHARACTERS:
            _checked[url] = None
            _characters += len(url)
        while _characters > MAX_CHARACTERS:
            _characters -= len(_checked.popitem(last=False)[0])
    return url
