"""Private metadata cut out of a file, without touching a pixel.

What stays is what the picture needs to look right: size, palette, the curves of its colour
profile, transparency, animation. Location, camera and screen and their serial numbers, author,
comments, thumbnails, XMP, IPTC and whatever is hung on behind the end all go.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator

from langchain_gptv.vision import icc, jpeg
from langchain_gptv.vision.chunks import gif_blocks, png_chunks, webp_chunks, webp_size
from langchain_gptv.vision.headers import MimeType, read_header
from langchain_gptv.vision.peek import Peek

_JPEG_TABLES = frozenset({*range(0xC0, 0xE0)})
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB sBIT cICP bKGD pHYs acTL fcTL fdAT".split()
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"})
_WEBP_SIZED = frozenset({b"VP8 ", b"VP8L", b"VP8X"})
_GIF_KEPT = frozenset({b",", b";", b"!\xf9"})
_GIF_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")

_JPEG_PROFILE = b"ICC_PROFILE\0"
_JPEG_PROFILE_HEAD = len(_JPEG_PROFILE) + 2  # with its number, and how many there are
_ADOBE = 12
"""Bytes of the segment that says how colours are stored."""

_Part = bytes | memoryview  # a view where it can: a file of many megabytes is not copied


def without_metadata(data: bytes, mime_type: MimeType, *, name: str) -> bytes:
    """Return the file without private metadata; a file that has none comes back as it is.

    Raises:
        CorruptImageError: The file is cut off or its checksums are wrong.
        KeyError: The type is none of JPEG, PNG, GIF, WebP and BMP.
    """
    parts = list(_PARTS[mime_type](Peek.over(data, name=name)))
    return data if _is_whole(parts, data) else b"".join(parts)


def _is_whole(parts: list[_Part], data: bytes) -> bool:
    """Tell whether the parts are the file itself, without a second copy of it."""
    at = 0
    for part in parts:
        # A view is of the file.
        if isinstance(part, bytes) and not data.startswith(part, at):
            return False
        at += len(part)
    return at == len(data)


def _jpeg_parts(peek: Peek) -> Iterator[_Part]:
    data, view = peek.head, memoryview(peek.head)
    yield view[:2]
    code = None
    profile = _JpegProfile(data)
    for code, start, body, end in jpeg.segments(data):
        if code in _JPEG_TABLES:
            yield view[start:end]
        elif _is_profile(code, data, body):
            yield from profile.segment(start, end)
        elif code == 0xEE and data[body : body + 5] == b"Adobe":
            yield b"\xff\xee\0\x0e" + data[body : min(body + _ADOBE, end)].ljust(_ADOBE, b"\0")
        elif code == 0xE0 and data[body : body + 5] == b"JFIF\0":
            # Version and density, without the thumbnail that may follow.
            yield b"\xff\xe0\0\x10" + data[body : body + 12] + b"\0\0"
    if code != jpeg.EOI:
        raise peek.damaged("it is cut off: the end marker is missing")


def _is_profile(code: int, data: bytes, body: int) -> bool:
    return code == 0xE2 and data.startswith(_JPEG_PROFILE, body)


class _JpegProfile:
    """The colour profile of a JPEG, which may go over several segments."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._rest: bytes | None = None

    def segment(self, start: int, end: int) -> Iterator[_Part]:
        """Return a segment of it, if it is one."""
        first = start + 4 + _JPEG_PROFILE_HEAD
        if self._rest is None:
            self._rest = self._cleaned()
        if self._rest:
            yield self._data[start:first] + self._rest[: end - first]
            self._rest = self._rest[end - first :]

    def _cleaned(self) -> bytes:
        heads = itertools.takewhile(lambda each: each.code != jpeg.SOS, jpeg.segments(self._data))
        parts = [
            self._data[body + _JPEG_PROFILE_HEAD : end]
            for code, _, body, end in heads
            if _is_profile(code, self._data, body)
        ]
        return icc.without_words(b"".join(parts)) or b""


def _png_parts(peek: Peek) -> Iterator[_Part]:
    data = memoryview(peek.head)
    yield data[:8]
    for kind, offset, length in png_chunks(peek):
        end = offset + length
        if zlib.crc32(data[offset - 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise peek.damaged(f"the checksum of its {kind.decode('latin-1')} chunk is wrong")
        if kind == b"iCCP":
            yield from _png_profile(bytes(data[offset:end]))
        elif kind in _PNG_KEPT:
            yield data[offset - 8 : end + 4]


def _png_profile(chunk: bytes) -> Iterator[_Part]:
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(chunk.partition(b"\0")[2][1:], icc.MAX_BYTES)
    except zlib.error:
        return
    made = icc.without_words(profile) if unpacker.eof else None
    if made is not None:
        body = b"iCCPicc\0\0" + zlib.compress(made)
        yield (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def _webp_parts(peek: Peek) -> Iterator[_Part]:
    data = memoryview(peek.head)
    parts: list[_Part] = []
    sizes = {read_header(peek)[1:3]}
    for kind, offset, length in webp_chunks(peek):
        end = offset + length + (length & 1)
        if offset + length > len(data):
            raise peek.damaged("it is cut off: the file ends too early")
        if kind in _WEBP_SIZED and len(sizes | {webp_size(peek, kind, offset)}) > 1:
            raise peek.damaged(f"its {kind.decode()} chunk states another size")
        if kind == b"VP8X":
            flags = data[offset] & ~0x0C  # no EXIF, no XMP
            parts += [data[offset - 8 : offset], bytes([flags]), data[offset + 1 : end]]
        elif kind == b"ICCP":
            made = icc.without_words(bytes(data[offset : offset + length]))
            parts += [data[offset - 8 : offset], made + bytes(length & 1)] if made else []
        elif kind in _WEBP_KEPT:
            parts.append(data[offset - 8 : end])
    size = 4 + sum(map(len, parts))
    yield b"RIFF" + size.to_bytes(4, "little") + b"WEBP"
    yield from parts


def _gif_parts(peek: Peek) -> Iterator[_Part]:
    data = memoryview(peek.head)
    blocks = list(gif_blocks(peek))
    yield data[: blocks[0][1]]
    ends = [start for _, start in blocks[1:]] + [blocks[-1][1] + 1]
    for (kind, start), end in zip(blocks, ends, strict=True):
        is_loop = kind == b"!\xff" and data[start + 3 : start + 14] in _GIF_LOOPS
        if kind in _GIF_KEPT or is_loop:
            yield data[start:end]


_PARTS: dict[MimeType, Callable[[Peek], Iterator[_Part]]] = {
    "image/jpeg": _jpeg_parts,
    "image/png": _png_parts,
    "image/gif": _gif_parts,
    "image/webp": _webp_parts,
    "image/bmp": lambda peek: iter([peek.head]),  # has room for none
}
