"""Size, type, orientation, frames and transparency, read from the first bytes of a file.

Nothing here decodes a pixel or believes a file name.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import islice
from typing import Literal, NamedTuple

from langchain_gptv.exceptions import CorruptImageError, ImageTooLargeError, UnsupportedImageError
from langchain_gptv.vision import isobmff, tiff
from langchain_gptv.vision.chunks import (
    gif_blocks,
    png_chunks,
    png_late_orientation,
    webp_chunks,
    webp_size,
)
from langchain_gptv.vision.jpeg import WITHOUT_LENGTH
from langchain_gptv.vision.peek import MAX_STEPS, Peek

MAX_PIXELS = 178_956_970
"""Pixels above which an image is refused before it is decoded (Pillow refuses there too)."""

MimeType = Literal[
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/tiff",
    "image/heic",
    "image/avif",
]

IMAGE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .webp .gif .bmp .tif .tiff .heic .heif .avif".split()
)
"""By which images are found in a folder; what a file is, its first bytes say."""

ACCEPTED_TYPES: tuple[MimeType, ...] = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""The types that OpenAI and Azure OpenAI accept; anything else is converted first."""

_SIGNATURES: tuple[tuple[bytes, MimeType], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
)
_BMP_HEADER_BYTES = frozenset({12, 40, 52, 56, 64, 108, 124})
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

# Start-of-frame markers; DHT (C4), JPG (C8) and DAC (CC) share their range.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_MAX_EXIFS = 20
_JPEG_SEGMENT, _JPEG_FRAME = struct.Struct(">BBH"), struct.Struct(">BHHB")

_PNG_FIRST_CHUNK = 33  # behind IHDR, which is always 25 bytes
_PNG_HEADER = struct.Struct(">4sIIBB")


class Header(NamedTuple):
    """What the header of an image file says.

    Attributes:
        mime_type: By content, never by name.
        width: Pixels as stored, before orientation.
        height: Pixels as stored, before orientation.
        orientation: EXIF value 1 to 8; 1 is upright.
        frame_count: Frames of an animation or pages of a TIFF; None when the whole file must be
            walked to know, see `count_frames`.
        has_transparency: Whether any pixel may be transparent.
        is_plain: Whether the pixels are what every reader takes alike: 8 bits or fewer of grey,
            palette or RGB, and not CMYK or 16 bits.
        is_progressive: Whether a JPEG comes in scans.
    """

    mime_type: MimeType
    width: int
    height: int
    orientation: int = 1
    frame_count: int | None = 1
    has_transparency: bool = False
    is_plain: bool = True
    is_progressive: bool = False

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height in pixels after orientation."""
        return self.turned((self.width, self.height))

    def turned(self, size: tuple[int, int]) -> tuple[int, int]:
        """Turn a (width, height) from stored to upright, or back."""
        return (size[1], size[0]) if self.orientation >= 5 else size


def sniff_mime_type(head: bytes) -> MimeType | None:
    """Return the image type that the first 64 bytes show, or None.

    Example:
        >>> sniff_mime_type(b"GIF89a...")
        'image/gif'
    """
    for signature, mime_type in _SIGNATURES:
        if head.startswith(signature):
            return mime_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    # Two letters alone would take any text that starts with "BM" for a picture.
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_BYTES:
        return "image/bmp"
    brands = isobmff.brands(head[:64])
    if brands & {b"avif", b"avis"}:
        return "image/avif"
    return "image/heic" if brands & _HEIC_BRANDS else None


def read_header(peek: Peek, *, page: int = 0) -> Header:
    """Read the header of an image file, or of one page of a TIFF.

    Raises:
        UnsupportedImageError: The bytes are no image of a known type.
        CorruptImageError: The file is empty, cut off, damaged, or declares no pixels.
    """
    if not peek.head:
        raise CorruptImageError(
            f"'{peek.name}' is empty (0 bytes). Save or download it again; "
            "an open file must be at its start."
        )
    mime_type = sniff_mime_type(peek.head)
    if mime_type is None:
        raise UnsupportedImageError(
            f"'{peek.name}' is no image: it starts with {peek.head[:8]!r}. "
            "Accepted are JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC and AVIF, told by content."
        )
    header = _tiff(peek, page) if page else _PARSERS[mime_type](peek)
    if header.width < 1 or header.height < 1:
        raise peek.damaged(f"it declares {header.width} x {header.height} pixels")
    return header


def check_pixels(width: int, height: int, name: str, limit: int = MAX_PIXELS) -> None:
    """Refuse a picture of more than `limit` pixels.

    Raises:
        ImageTooLargeError: It has more.
    """
    pixels = width * height
    if pixels > limit:
        raise ImageTooLargeError(
            f"'{name}' declares {width} x {height} pixels ({pixels:,}), "
            f"over the limit of {limit:,}. It is not decoded; scale it down first.",
            value=pixels,
            limit=limit,
        )


def count_frames(peek: Peek, header: Header) -> int:
    """Count the frames or pages by walking the file; nothing is decoded."""
    if header.frame_count is not None:
        return header.frame_count
    if header.mime_type == "image/tiff":
        return sum(1 for _ in tiff.directories(peek))
    if header.mime_type == "image/gif":
        return sum(kind == b"," for kind, _ in gif_blocks(peek))
    return sum(kind == b"ANMF" for kind, _, _ in webp_chunks(peek))


def _jpeg(peek: Peek) -> Header:
    offset, found = 2, list[int]()
    for _ in range(MAX_STEPS):
        mark, code, length = _JPEG_SEGMENT.unpack(peek.at(offset, 4))
        if mark != 0xFF:
            offset = peek.find(b"\xff", offset)  # decoders skip stray bytes too
        elif code in _JPEG_FRAMES:
            # Decoders put all EXIF data together, and the first of it counts.
            return _jpeg_frame(peek.at(offset + 4, 6), code, found[0] if found else 1)
        elif code == 0xFF:
            offset += 1
        elif code in WITHOUT_LENGTH:
            offset += 2
        elif code in (0xD9, 0xDA):
            break
        else:
            if code == 0xE1 and peek.at(offset + 4, 6) == b"Exif\0\0":
                found.append(tiff.exif_orientation(peek.at(offset + 10, max(0, length - 8))))
            offset += 2 + length
            if len(found) > _MAX_EXIFS:
                raise peek.damaged(f"it has more than {_MAX_EXIFS} blocks of EXIF data")
    raise peek.damaged("it has no frame header")


def _jpeg_frame(frame: bytes, code: int, orientation: int) -> Header:
    _, height, width, components = _JPEG_FRAME.unpack(frame)
    plain, progressive = components in (1, 3), code in _JPEG_PROGRESSIVE
    return Header("image/jpeg", width, height, orientation, 1, False, plain, progressive)


def _png(peek: Peek) -> Header:
    kind, width, height, depth, color = _PNG_HEADER.unpack(peek.at(12, 14))
    if kind != b"IHDR":
        raise peek.damaged(f"it starts with {kind!r}, not IHDR")
    # A bomb is told as one, even where nothing stands behind its header.
    check_pixels(width, height, peek.name)
    orientation, frames, transparent = None, 1, color in (4, 6)
    for kind, offset, length in png_chunks(peek, _PNG_FIRST_CHUNK):
        if kind == b"tRNS":
            transparent = True
        elif kind == b"acTL":
            frames = int.from_bytes(peek.at(offset, 4), "big")
        elif kind == b"eXIf":
            orientation = tiff.exif_orientation(peek.at(offset, length))
        elif kind in (b"IDAT", b"IEND"):
            break
    if orientation is None:
        orientation = png_late_orientation(peek, offset - 8, length + 12)
    return Header("image/png", width, height, orientation, max(frames, 1), transparent, depth <= 8)


def _gif(peek: Peek) -> Header:
    width, height = struct.unpack("<HH", peek.at(6, 4))
    transparent = False
    for kind, offset in gif_blocks(peek):
        if kind == b",":
            # Decoders enlarge the canvas to a first frame that lies outside of it.
            left, top, across, down = struct.unpack("<4H", peek.at(offset + 1, 8))
            width, height = max(width, left + across), max(height, top + down)
            break
        if kind == b"!\xf9":
            transparent = bool(peek.at(offset + 3, 1)[0] & 1)
    return Header("image/gif", width, height, frame_count=None, has_transparency=transparent)


def _webp(peek: Peek) -> Header:
    kind = peek.at(12, 4)
    if kind == b"VP8X":
        return _webp_extended(peek)
    if kind not in (b"VP8 ", b"VP8L"):
        raise peek.damaged(f"it starts with {kind!r}, which is no WebP chunk")
    alpha = kind == b"VP8L" and bool(peek.at(24, 1)[0] & 0x10)
    return Header("image/webp", *webp_size(peek, kind, 20), has_transparency=alpha)


def _webp_extended(peek: Peek) -> Header:
    flags = peek.at(20, 1)[0]
    orientation = 1
    if flags & 0x08:
        for kind, offset, length in webp_chunks(peek):
            if kind == b"EXIF":
                exif = peek.at(offset, length).removeprefix(b"Exif\0\0")
                orientation = tiff.exif_orientation(exif)
                break
    frames, transparent = None if flags & 0x02 else 1, bool(flags & 0x10)
    return Header("image/webp", *webp_size(peek, b"VP8X", 20), orientation, frames, transparent)


def _bmp(peek: Peek) -> Header:
    (size,) = struct.unpack("<I", peek.at(14, 4))
    if size == 12:
        width, height = struct.unpack("<HH", peek.at(18, 4))
        return Header("image/bmp", width, height)
    width, height = struct.unpack("<ii", peek.at(18, 8))
    has_alpha_mask = size >= 56 and any(peek.at(66, 4))
    return Header("image/bmp", width, abs(height), has_transparency=has_alpha_mask)


def _tiff(peek: Peek, page: int = 0) -> Header:
    tags = next(islice(tiff.directories(peek), page, None), {})
    return Header(
        "image/tiff",
        tags.get(tiff.WIDTH, 0),
        tags.get(tiff.HEIGHT, 0),
        tiff.valid_orientation(tags),
        frame_count=None,
        has_transparency=tags.get(tiff.EXTRA_SAMPLES) in (1, 2),
        is_plain=False,
    )


def _iso(mime_type: MimeType) -> Callable[[Peek], Header]:
    def parse(peek: Peek) -> Header:
        picture = isobmff.read_primary(peek, cropped=mime_type == "image/heic")
        # Of a HEIC file only the primary picture is used, whatever else it holds.
        frames = None if picture.is_sequence and mime_type == "image/avif" else 1
        return Header(mime_type, *picture[:3], frames, picture.has_alpha, is_plain=False)

    return parse


_PARSERS: dict[MimeType, Callable[[Peek], Header]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/bmp": _bmp,
    "image/tiff": _tiff,
    "image/heic": _iso("image/heic"),
    "image/avif": _iso("image/avif"),
}
