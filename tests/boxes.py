"""Boxes of an MP4, taken apart and put together again by hand."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and the body of each box."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + size]
        at += size


def with_box(data: bytes, path: Sequence[bytes], change: Callable[[bytes], bytes]) -> bytes:
    """Return a file whose media comes first, with another body in the box at a path."""
    made = b""
    for kind, body in boxes(data):
        if kind == path[0]:
            body = with_box(body, path[1:], change) if path[1:] else change(body)
        made += struct.pack(">I4s", len(body) + 8, kind) + body
    return made


def with_edits(data: bytes, *edits: tuple[int, int]) -> bytes:
    """Return a file with another edit list.

    Args:
        data: With an edit list, as every file with B-frames has one.
        edits: How many ticks of the movie (1/1000 s) are shown, and from which tick of the media
            on; -1 shows nothing.
    """
    body = struct.pack(">II", 0, len(edits))
    body += b"".join(struct.pack(">IiI", shown, start, 0x10000) for shown, start in edits)
    return with_box(data, (b"moov", b"trak", b"edts", b"elst"), lambda _: body)
