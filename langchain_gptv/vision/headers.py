"""Size, type, orientation, frames and transparency, read from the first bytes of a file.

Nothing here decodes a pixel or believes a file name.
"""

from dataclasses import dataclass
from typing import Literal

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

_ISO_BRANDS: dict[bytes, MimeType] = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"msf1": "image/heic",
    b"hevc": "image/heic",
    b"avif": "image/avif",
    b"avis": "image/avif",
}


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of an image file says.

    Attributes:
        mime_type: By content, never by name.
        width: Pixels as stored, before orientation.
        height: Pixels as stored, before orientation.
        orientation: EXIF value 1 to 8; 1 is upright.
        frame_count: Frames of an animation or pages of a TIFF.
        has_transparency: Whether any pixel may be transparent.
    """

    mime_type: MimeType
    width: int
    height: int
    orientation: int = 1
    frame_count: int = 1
    has_transparency: bool = False


def sniff_mime_type(head: bytes) -> MimeType | None:
    """Return the image type that the first 32 bytes show, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:2] == b"BM":
        return "image/bmp"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "image/tiff"
    if head[4:8] == b"ftyp":
        return _ISO_BRANDS.get(head[8:12])
    return None
