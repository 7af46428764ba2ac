"""Server-sent events, and text cut into the pieces that a stream carries."""

from __future__ import annotations

import json
import re
from typing import Any

DONE = b"data: [DONE]\n\n"
"""What ends a stream of Chat Completions; Responses has no such line."""


def encode_event(data: dict[str, Any], *, name: str | None = None) -> bytes:
    """Write one event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def split_words(text: str) -> list[str]:
    """Cut before each space, so that the pieces joined are the text.

    Example:
        >>> split_words("The total is 12.")
        ['The', ' total', ' is', ' 12.']
    """
    return re.findall(r"\s*\S+|\s+", text)
