"""Which file type suits a picture, and how it is made to fit into so many bytes."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass, replace
from math import sqrt

import PIL.Image
from PIL import ImageChops

from langchain_gptv.exceptions import ImageTooLargeError, UnsupportedImageError
from langchain_gptv.vision.headers import MimeType

# Text and drawings: at q85 JPEG smears 6 px letters (OCR .86 of .89 right), WebP q85 does not.
_DRAWN_QUALITY: dict[MimeType, int] = {"image/webp": 85, "image/jpeg": 95}
_PHOTO_QUALITY: dict[MimeType, int] = {"image/jpeg": 85, "image/webp": 80}
_LOWER_QUALITIES = (85, 75, 65, 55)

# The longest side that an encoder can write.
_MAX_SIDE: dict[MimeType, int] = {"image/webp": 16_383, "image/jpeg": 65_535}

# Shares of pixels that equal their left neighbour: photos are below .35, pages above .8 before they
# are scaled and above .4 after. Colours: photos have over 20,000, screenshots up to 5,000.
_FLAT_SHARE, _DRAWN_SHARE = 0.75, 0.4
_FLAT_COLORS, _DRAWN_COLORS = 512, 8192


@dataclass(frozen=True, slots=True)
class Encoding:
    """A file type and how it is written.

    Attributes:
        mime_type: "image/jpeg", "image/png" or "image/webp".
        quality: 1 to 95; None where it does not apply, as for PNG.
        is_drawn: Text, screenshots and drawings, whose edges and colours stay sharp.
    """

    mime_type: MimeType
    quality: int | None
    is_drawn: bool

    def write(self, picture: PIL.Image.Image) -> bytes:
        """Encode `picture`."""
        buffer = io.BytesIO()
        if self.mime_type == "image/png":
            picture.save(buffer, "PNG")
        elif self.mime_type == "image/webp":
            # Method 0 is four times as fast as the default 4 for a tenth more bytes.
            picture.save(buffer, "WEBP", quality=self.quality, method=0)
        else:
            subsampling = "4:4:4" if self.is_drawn else "4:2:0"
            picture.save(buffer, "JPEG", quality=self.quality, subsampling=subsampling)
        return buffer.getvalue()

    def __str__(self) -> str:
        kind = self.mime_type.removeprefix("image/")
        return f"{kind} quality {self.quality}" if self.quality else kind


def choose_encoding(
    picture: PIL.Image.Image,
    accepted: Collection[str],
    mime_type: MimeType | None = None,
    quality: int | None = None,
) -> Encoding:
    """Choose by content: PNG for flat drawings, WebP for text and screenshots, JPEG for photos.

    Args:
        picture: Mode "RGB" or "L".
        accepted: The types that may be chosen.
        mime_type: The type that is wanted in any case.
        quality: The quality that is wanted in any case.

    Raises:
        UnsupportedImageError: None of the types can be written.
    """
    flat, drawn = _kind(picture)
    order: tuple[MimeType, ...] = ("image/jpeg", "image/webp", "image/png")
    if flat:
        order = ("image/png", "image/webp", "image/jpeg")
    elif drawn:
        order = ("image/webp", "image/jpeg", "image/png")
    wanted = (mime_type,) if mime_type else order
    for kind in wanted:
        fits = max(picture.size) <= _MAX_SIDE.get(kind, max(picture.size))
        if kind in order and kind in accepted and fits:
            best = (_DRAWN_QUALITY if drawn or flat else _PHOTO_QUALITY).get(kind)
            return Encoding(kind, best and (quality or best), drawn or flat)
    raise UnsupportedImageError(
        f"A picture of {picture.width} x {picture.height} cannot be written as "
        f"{', '.join(wanted)}: accepted are {', '.join(sorted(accepted)) or 'none'}. "
        "Accept JPEG, PNG or WebP."
    )


def encode_within(
    picture: PIL.Image.Image, encoding: Encoding, accepted: Collection[str], limit: int | None
) -> tuple[bytes, Encoding, tuple[int, int]]:
    """Encode, and lower first the quality, then the size until the file has at most `limit` bytes.

    Returns:
        The file, how it was written in the end, and (width, height).

    Raises:
        ImageTooLargeError: Not even one pixel fits.
    """
    data = encoding.write(picture)
    if limit is None or len(data) <= limit:
        return data, encoding, picture.size
    tries = _smaller(encoding, accepted)
    while True:
        for smaller in tries:
            data = smaller.write(picture)
            if len(data) <= limit:
                return data, smaller, picture.size
        if picture.size == (1, 1):
            raise ImageTooLargeError(
                f"No picture fits into {limit:,} bytes: one pixel takes {len(data):,}. "
                "Raise max_bytes.",
                value=len(data),
                limit=limit,
            )
        picture = _shrunk(picture, min(0.9, 0.95 * sqrt(limit / len(data))))


def _smaller(encoding: Encoding, accepted: Collection[str]) -> list[Encoding]:
    if encoding.quality is None:
        lossy = next((kind for kind in _DRAWN_QUALITY if kind in accepted), None)
        if lossy is None:
            return [encoding]
        encoding = replace(encoding, mime_type=lossy, quality=max(_LOWER_QUALITIES) + 1)
    best = encoding.quality or 0
    lower = [quality for quality in _LOWER_QUALITIES if quality < best]
    return [replace(encoding, quality=quality) for quality in lower or [best]]


def _shrunk(picture: PIL.Image.Image, by: float) -> PIL.Image.Image:
    size = max(1, int(picture.width * by)), max(1, int(picture.height * by))
    return picture.resize(size, PIL.Image.Resampling.LANCZOS)


def _kind(picture: PIL.Image.Image) -> tuple[bool, bool]:
    """Tell whether a picture is a flat drawing, and whether it is any drawing or text."""
    share = _share_of_equal_neighbours(picture)
    if share >= _FLAT_SHARE and picture.getcolors(_FLAT_COLORS):
        return True, True
    # Grey has 256 levels at most, so their number says nothing.
    few = picture.mode != "L" and picture.getcolors(_DRAWN_COLORS) is not None
    return False, share >= _DRAWN_SHARE or few


def _share_of_equal_neighbours(picture: PIL.Image.Image) -> float:
    grey = picture.convert("L")
    width, height = grey.size
    if width < 2:
        return 1.0
    left, right = grey.crop((0, 0, width - 1, height)), grey.crop((1, 0, width, height))
    return ImageChops.difference(left, right).histogram()[0] / ((width - 1) * height)
