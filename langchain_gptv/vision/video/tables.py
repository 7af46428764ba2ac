"""The tables of an MP4, looked at before FFmpeg builds its own from them.

A few bytes of such a table can ask for a list of millions of frames, and FFmpeg makes it before it
can be stopped: 70 kB are enough for 25 million entries, 600 MB and 5 s. Counted here is what a file
states, wherever in its boxes it does; whether it is sound is FFmpeg's to find.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from langchain_gptv.exceptions import VideoLimitError

MAX_LISTED = 10_000_000
"""Frames by edits; each takes FFmpeg 24 bytes and up to a microsecond."""

_READ = 64 << 20
"""Of one box at most; ten hours have a table of 20 MB."""

_MAX_BOXES = 100_000
_NAME = re.compile(rb"[ -~\xa9]{4}")
_TABLE = re.compile(b"trak|vide|elst|stsz|trun")


def check_tables(file: BinaryIO, name: str) -> None:
    """Refuse an MP4 or MOV that lists more frames than it can hold; take any other file.

    Args:
        file: Is read from its start, and left anywhere.
        name: What errors call it.

    Raises:
        VideoLimitError: It does.
    """
    size = file.seek(0, os.SEEK_END)
    fragments = 0
    for body in _bodies(file, size):
        if b"cmov" in body:
            raise VideoLimitError(f"{name} has a compressed table of contents. Write it anew.")
        frames, edits, in_fragments = _stated(body)
        fragments += in_fragments
        if max(frames, fragments) > size or (edits > 1 and edits * frames > MAX_LISTED):
            raise VideoLimitError(
                f"{name} lists {max(frames, fragments):,} frames and {edits:,} edits in {size:,} "
                "bytes, which is more than can be. Write it anew, without an edit list."
            )


def _bodies(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield what stands in each box of a file, apart from the media."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at >= size:
            return
        file.seek(at)
        head = file.read(16)
        if len(head) < 8 or not _NAME.fullmatch(head[4:8]):
            return
        (length,) = struct.unpack_from(">I", head)
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack_from(">Q", head, 8)
        length = length if length >= 8 else size - at
        if head[4:8] != b"mdat":
            file.seek(at)
            yield file.read(min(length, _READ))
        at += length


def _stated(body: bytes) -> tuple[int, int, int]:
    """Return the most frames, and edits, of a track of pictures, and the frames of fragments."""
    most_frames = most_edits = frames = edits = fragments = 0
    is_video = False
    for found in _TABLE.finditer(body):
        word, at = found[0], found.end()
        if word == b"trak":
            frames, edits, is_video = 0, 0, False
        is_video |= word == b"vide"
        if word == b"stsz":
            frames = max(frames, _number(body, at + 8))
        elif word == b"elst":
            edits = max(edits, _number(body, at + 4))
        elif word == b"trun":
            fragments += _number(body, at + 4)
        if is_video:
            most_frames, most_edits = max(most_frames, frames), max(most_edits, edits)
    return most_frames, most_edits, fragments


def _number(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 4], "big")
