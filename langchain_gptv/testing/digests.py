"""Pictures, pages and other long base64 in a body, replaced by a line that a reader can check.

    data:image/png;digest,1024x768;31697;sha256-3f9a...   was a data URL
    base64:image/png;digest,1024x768;31697;sha256-3f9a... was base64 without a head

The parts are the type as it was stated, the size in pixels, the bytes, and the first 32 digits of
the sha256 of the bytes. A digest is left as it is when it is met again. A body that is itself a
picture, as Azure AI Vision takes it, becomes such a data URL.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from functools import lru_cache
from typing import NamedTuple

from langchain_gptv.exceptions import GPTVError
from langchain_gptv.vision.headers import sniff_mime_type
from langchain_gptv.vision.images import Image

MIN_CHARS = 512
"""Of base64 that stands without `data:`; what is shorter may be an id or a word."""

_LETTERS = r"[A-Za-z0-9+/_-]"
_BREAK = r"(?:\\+[rn]|[\r\n])+"
# `base64.encodebytes` breaks lines after 76 letters, PEM after 64; in JSON a break is "\n".
_WRAPPED = rf"(?:{_LETTERS}{{64,76}}{_BREAK})"
_DATA_URL = re.compile(
    rf"data:(?P<type>[\w.+-]*/?[\w.+-]*)(?:;[\w.+-]+=[^;,\"\s]*)*;base64,"
    rf"(?P<data>{_WRAPPED}+{_LETTERS}*={{0,2}}|{_LETTERS}+={{0,2}})",
    re.IGNORECASE,
)
# Embeddings come as base64 and are numbers that the client reads. What stands between dots is
# part of a token, which `scrub` takes whole.
_BARE = re.compile(
    r'(?<!"embedding":")(?<!"embedding": ")(?<![\w+/=.-])'
    rf"(?P<data>{_WRAPPED}{{7,}}{_LETTERS}*={{0,2}}|{_LETTERS}{{{MIN_CHARS},}}+={{0,2}}+)(?!\.)"
)
DIGEST = re.compile(
    r"(?:data|base64):(?P<type>[\w.+/-]*);digest,(?:(?P<size>\d+x\d+);)?(?P<bytes>\d+);"
    r"sha256-(?P<sha256>[0-9a-f]{32})"
)
_NOT_DATA = re.compile(r"\\+[rn]|[\r\n]")


class CleanBody(bytes):
    """A body that holds digests, and beside it the files they stand for.

    Attributes:
        pictures: The bytes by the digits of the sha256; empty for a body that came from a file.
    """

    pictures: dict[str, bytes]

    def __new__(cls, data: bytes, pictures: dict[str, bytes] | None = None) -> CleanBody:
        """Take the bytes with the digests in them."""
        body = super().__new__(cls, data)
        body.pictures = pictures or {}
        return body


class Digest(NamedTuple):
    """What one digest says; `size` is empty for what is no picture.

    Attributes:
        size: Such as "1024x768"; pixels, width first.
        sha256: The first 32 digits.
        mime_type: As it was stated; empty for base64 without a head and of no known type.
        byte_count: Of the file.
    """

    size: str
    sha256: str
    mime_type: str = ""
    byte_count: int = 0

    def __str__(self) -> str:
        return f"{self.size or self.mime_type or 'file'} {self.sha256[:8]}..."


def find_digests(text: str) -> list[Digest]:
    """Return the digests in a text, in order."""
    return [
        Digest(found["size"] or "", found["sha256"], found["type"], int(found["bytes"]))
        for found in DIGEST.finditer(text)
    ]


def digest_base64(text: str) -> str:
    """Replace data URLs, and other base64 of 512 letters or more, by digests.

    Example:
        >>> digest_base64("data:text/plain;base64,aGVsbG8=")
        'data:text/plain;digest,5;sha256-2cf24dba5fb0a30e26e83b2ac5b9e29e'
    """
    return _replace(text)[0]


@lru_cache(maxsize=4)
def digest_body(body: bytes) -> CleanBody:
    """Replace the base64 in a body; a picture, and a body that is no UTF-8, as a whole."""
    if not is_text(body):
        line = _describe("data", _sniff(body) or "application/octet-stream", body)
        return CleanBody(line.encode(), {short_sha256(body): body})
    replaced, pictures = _replace(body.decode())
    return CleanBody(replaced.encode(), pictures)


def is_text(body: bytes) -> bool:
    """Tell whether a body is UTF-8 and no picture; that of a black BMP is both."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return not _size(body)


def _replace(text: str) -> tuple[str, dict[str, bytes]]:
    pictures: dict[str, bytes] = {}

    def give(scheme: str, stated: str, encoded: str) -> str:
        data = _decode(encoded)
        line = _describe(scheme, stated or _sniff(data), data)
        pictures[short_sha256(data)] = data
        return line

    text = _DATA_URL.sub(lambda found: give("data", found["type"], found["data"]), text)
    text = _BARE.sub(lambda found: give("base64", "", found["data"]), text)
    return text, pictures


def _decode(encoded: str) -> bytes:
    letters = _NOT_DATA.sub("", encoded).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except binascii.Error:
        return encoded.encode()


def _describe(scheme: str, mime_type: str, data: bytes) -> str:
    size = _size(data)
    return (
        f"{scheme}:{mime_type};digest,{f'{size};' if size else ''}{len(data)};"
        f"sha256-{short_sha256(data)}"
    )


def short_sha256(data: bytes) -> str:
    """Return the first 32 digits of the sha256, which name a picture in a cassette."""
    return hashlib.sha256(data).hexdigest()[:32]


def _size(data: bytes) -> str:
    try:
        image = Image(data)
    except GPTVError:
        return ""
    return f"{image.width}x{image.height}"


def _sniff(data: bytes) -> str:
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    return sniff_mime_type(data[:64]) or ""
