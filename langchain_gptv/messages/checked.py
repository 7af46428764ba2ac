"""Base64 text and data URLs that were looked into already, and the data URL that each became.

A call reads its messages three times, and a conversation sends its images again with every turn;
looking into 20 MB of base64 takes 15 ms each time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

MAX_CHARACTERS = 100_000_000
"""Of all texts together; the oldest give way. A string that a caller holds costs no more."""

LONG = 4_000_000
"""Characters from which a string is known by its identity: hashing 20 MB stops every thread."""

_lock = threading.Lock()
_checked: OrderedDict[Hashable, tuple[str, str]] = OrderedDict()
_characters = 0


def key_of(text: str) -> Hashable:
    """Return what a text is known by; one that is kept under its identity must be kept alive."""
    return text if len(text) < LONG else id(text)


def find_checked(text: str) -> str | None:
    """Return the sound data URL that a text became, or None when it was not looked into."""
    with _lock:
        found = _checked.get(key_of(text))
    return found[1] if found is not None and (found[0] is text or len(text) < LONG) else None


def remember(text: str, url: str) -> str:
    """Note the sound data URL that a text became, and return it."""
    global _characters
    with _lock:
        for known in (text, url):
            if key_of(known) not in _checked and len(known) + len(url) <= MAX_CHARACTERS:
                _checked[key_of(known)] = known, url
                _characters += len(known)
        while _characters > MAX_CHARACTERS:
            _, (gone, _url) = _checked.popitem(last=False)
            _characters -= len(gone)
    return url


def forget_all() -> None:
    """Forget every text."""
    global _characters
    with _lock:
        _checked.clear()
        _characters = 0
