"""Private metadata cut out of a file, without touching a pixel.

What stays is what the picture needs to look right: size, palette, colour profile, transparency,
animation. Location, camera and its serial number, author, comments, thumbnails, XMP, IPTC and
whatever is hung on behind the end all go.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from langchain_gptv.vision import jpeg
from langchain_gptv.vision.chunks import gif_blocks, png_chunks, webp_chunks, webp_size
from langchain_gptv.vision.headers import MimeType, read_header
from langchain_gptv.vision.peek import Peek

_JPEG_TABLES = frozenset({*range(0xC0, 0xE0)})
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT cICP bKGD pHYs acTL fcTL fdAT".split()
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"})
_WEBP_SIZED = frozenset({b"VP8 ", b"VP8L", b"VP8X"})
_GIF_KEPT = frozenset({b",", b";", b"!\xf9"})
_GIF_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")

_Part = bytes | memoryview  # a view where it can: a file of many megabytes is not copied


def without_metadata(data: bytes, mime_type: MimeType, *, name: str) -> bytes:
    """Return the file without private metadata; a file that has none comes back as it is.

    Raises:
        CorruptImageError: The file is cut off or its checksums are wrong.
        KeyError: The type is none of JPEG, PNG, GIF, WebP and BMP.
    """
    parts = list(_PARTS[mime_type](Peek.over(data, name=name)))
    return data if sum(map(len, parts)) == len(data) else b"".join(parts)


def _jpeg_parts(peek: Peek) -> Iterator[_Part]:
    data, view = peek.head, memoryview(peek.head)
    yield view[:2]
    code = None
    for code, start, body, end in jpeg.segments(data):
        if code in _JPEG_TABLES or _is_color_segment(code, data[body : body + 12]):
            yield view[start:end]
        elif code == 0xE0 and data[body : body + 5] == b"JFIF\0":
            # Version and density, without the thumbnail that may follow.
            yield b"\xff\xe0\0\x10" + data[body : body + 12] + b"\0\0"
    if code != jpeg.EOI:
        raise peek.damaged("it is cut off: the end marker is missing")


def _is_color_segment(code: int, start: bytes) -> bool:
    return (code == 0xE2 and start == b"ICC_PROFILE\0") or (code == 0xEE and start[:5] == b"Adobe")


def _png_parts(peek: Peek) -> Iterator[_Part]:
    data = memoryview(peek.head)
    yield data[:8]
    for kind, offset, length in png_chunks(peek):
        end = offset + length
        if zlib.crc32(data[offset - 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise peek.damaged(f"the checksum of its {kind.decode('latin-1')} chunk is wrong")
        if kind in _PNG_KEPT:
            yield data[offset - 8 : end + 4]


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
