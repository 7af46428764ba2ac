"""Base64 text and data URLs that were looked into already, and the data URL that each became.

A call reads its messages three times, and a conversation sends its images again with every turn;
looking into 20 MB of base64 takes 15 ms each time.
"""

from __future__ import annotations

from collections.abc import Hashable

from langchain_gptv._bounded import BoundedStore

MAX_CHARACTERS = 100_000_000
"""Of all texts together; the oldest give way. A string that a caller holds costs no more."""

LONG = 4_000_000
"""Characters from which a string is known by its identity: hashing 20 MB stops every thread."""

# The text itself is kept beside what it became: an identity holds only while the string lives.
_checked: BoundedStore[Hashable, tuple[str, str]] = BoundedStore(
    MAX_CHARACTERS, lambda pair: len(pair[0])
)


def key_of(text: str) -> Hashable:
    """Return what a text is known by; one that is kept under its identity must be kept alive."""
    return text if len(text) < LONG else id(text)


def find_checked(text: str) -> str | None:
    """Return the sound data URL that a text became, or None when it was not looked into."""
    found = _checked.get(key_of(text))
    return found[1] if found is not None and (found[0] is text or len(text) < LONG) else None


def remember(text: str, url: str) -> str:
    """Note the sound data URL that a text became, and return it."""
    if len(text) + len(url) <= MAX_CHARACTERS:
        for known in (text, url):
            _checked.put(key_of(known), (known, url))
    return url


def forget_all() -> None:
    """Forget every text."""
    _checked.clear()
