"""The chunks of PNG and WebP files and the blocks of GIF files, walked without decoding."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from langchain_gptv.vision import tiff
from langchain_gptv.vision.peek import MAX_STEPS, Peek

_PNG_CHUNK = struct.Struct(">I4s")
_MAX_GIF_STEPS = 10 * MAX_STEPS
"""Of up to 255 bytes each, of all blocks together."""


def png_chunks(peek: Peek, offset: int = 8) -> Iterator[tuple[bytes, int, int]]:
    """Yield (kind, offset, length) of the data of each chunk, up to and with IEND."""
    for _ in range(MAX_STEPS):
        length, kind = _PNG_CHUNK.unpack(peek.at(offset, 8))
        yield kind, offset + 8, length
        if kind == b"IEND":
            return
        offset += 12 + length
    raise peek.endless()


def gif_blocks(peek: Peek) -> Iterator[tuple[bytes, int]]:
    """Yield (kind, offset) of each block.

    The kind is b"," for a frame, b"!" with one more byte for an extension, b";" for the end.
    """
    offset = 13 + _gif_palette_bytes(peek.at(10, 1)[0])
    steps = 0
    for _ in range(MAX_STEPS):
        mark = peek.at(offset, 1)
        yield (peek.at(offset, 2) if mark == b"!" else mark), offset
        if mark == b";":
            return
        if mark == b"!":
            offset += 2
        elif mark == b",":
            offset += 11 + _gif_palette_bytes(peek.at(offset + 9, 1)[0])
        else:
            raise peek.damaged(f"byte {offset} is {mark!r}, which starts no block")
        while step := peek.at(offset, 1)[0]:
            offset += 1 + step
            steps += 1
            if steps > _MAX_GIF_STEPS:
                raise peek.endless()
        offset += 1
    raise peek.endless()


def webp_chunks(peek: Peek) -> Iterator[tuple[bytes, int, int]]:
    """Yield (kind, offset, length) of the data of each chunk."""
    end = 8 + int.from_bytes(peek.at(4, 4), "little")
    offset = 12
    for _ in range(MAX_STEPS):
        if offset + 8 > end:
            return
        kind, length = struct.unpack("<4sI", peek.at(offset, 8))
        yield kind, offset + 8, length
        offset += 8 + length + (length & 1)
    raise peek.endless()


def png_late_orientation(peek: Peek, first: int, step: int) -> int:
    """Look for eXIf behind the pixels, where Pillow, ImageMagick and exiftool write it.

    Encoders make all IDAT chunks but the last of one size. So one look at where the last must lie
    proves that only IEND follows; the file is walked only if that fails.
    """
    size = peek.size()
    last = first + max(0, size - 13 - first) // step * step
    if peek.at(last, 8) == _PNG_CHUNK.pack(max(0, size - 24 - last), b"IDAT"):
        return 1
    for kind, offset, length in png_chunks(peek, first):
        if kind == b"eXIf":
            return tiff.exif_orientation(peek.at(offset, length))
    return 1


def _gif_palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def webp_size(peek: Peek, kind: bytes, offset: int) -> tuple[int, int]:
    """Return the (width, height) that a VP8, VP8L or VP8X chunk with data at `offset` states."""
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", peek.at(offset + 6, 4))
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", peek.at(offset + 1, 4))
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    size = peek.at(offset + 4, 6)
    return int.from_bytes(size[:3], "little") + 1, int.from_bytes(size[3:], "little") + 1
