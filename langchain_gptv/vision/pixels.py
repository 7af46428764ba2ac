"""From a file to an upright picture of 8 bits, at the size that is wanted and no larger.

The order makes it fast: a JPEG is scaled while it is decoded, and colour, transparency and turning
come after the resize, when few pixels are left.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from typing import TYPE_CHECKING, BinaryIO, cast

import PIL.Image
from PIL import ImageCms

from langchain_gptv.exceptions import (
    CorruptImageError,
    GPTVError,
    ImageTooLargeError,
    MissingExtraError,
)
from langchain_gptv.vision import vips
from langchain_gptv.vision.blobs import PictureBlob
from langchain_gptv.vision.headers import MAX_PIXELS, Header, check_pixels
from langchain_gptv.vision.jpeg import count_scans, without_late_scans
from langchain_gptv.vision.weigh import check_pays

if TYPE_CHECKING:
    from langchain_gptv.vision.images import Image

Color = str | tuple[int, int, int]

OVERSAMPLING = 1.5
"""A JPEG is decoded to at least this many times the wanted side, then resized.

At 1 the worst sizes drop to 25 dB on text, at 1.5 to 34, and phone photos stay as fast.
"""

_FEW_SCANS, _MAX_SCANNED_PIXELS = 20, 2_000_000_000
"""Scans that a JPEG may have in any case, and pixels of all its scans: a second or two of work."""

_BUFFER_BYTES = 65_536
"""What Pillow asks a file for at a time."""

_PLUGINS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
}
_TURNED_BY_DECODER = frozenset({"image/tiff", "image/heic"})
_TURNS = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}


def render(
    image: Image,
    header: Header,
    *,
    size: tuple[int, int] | None = None,
    frame: int = 0,
    background: Color = "white",
) -> PIL.Image.Image:
    """Decode one frame to an upright picture of mode "RGB" or "L" without metadata.

    Args:
        image: The image.
        header: The header of that frame, see `Image.frame_header`.
        size: Upright (width, height) in pixels of the result; None keeps the size.
        frame: The frame of an animation or page of a TIFF, from 0.
        background: What shows through transparent parts.

    Raises:
        CorruptImageError: The file cannot be decoded.
        ImageTooLargeError: The frame has more pixels than are decoded.
        MissingExtraError: The type needs an extra that is not installed.
    """
    turned = header.mime_type in _TURNED_BY_DECODER
    stored = header.turned(size) if size and not turned else size
    fast = vips.scaled(image, header, stored) if stored else None
    picture = fast or resizable(_decoded(image, header, frame, stored))
    if stored and stored != picture.size:
        picture = picture.resize(stored, PIL.Image.Resampling.LANCZOS, reducing_gap=2.0)
    picture = on_background(to_srgb(picture), background)
    picture = picture if turned else upright(picture, header.orientation)
    picture.info = {}  # the encoders would write profile and comment back
    return picture


@contextmanager
def opened(
    image: Image, header: Header, stored: tuple[int, int] | None
) -> Iterator[PIL.Image.Image]:
    """Open a file by the one decoder of its type: no other is given the bytes.

    Raises:
        CorruptImageError: It cannot be decoded.
    """
    plugins = [_PLUGINS[header.mime_type]]
    with (
        _errors_named(image.name),
        _source(image, header, stored) as file,
        PIL.Image.open(file, formats=plugins) as picture,
    ):
        yield picture


def upright(picture: PIL.Image.Image, orientation: int) -> PIL.Image.Image:
    """Turn a picture as its EXIF `orientation` 1 to 8 asks."""
    return picture.transpose(_TURNS[orientation]) if orientation in _TURNS else picture


def resizable(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return the picture in a mode that can be resized: no palette, 8 bits a channel."""
    mode = picture.mode
    if mode in {"L", "LA", "RGB", "RGBA", "CMYK"} and "transparency" not in picture.info:
        return picture
    if mode.startswith("I") or mode == "F":
        return _to_8_bit(picture)
    if mode == "LAB":
        return to_srgb(picture)
    if mode == "La":
        return picture.convert("LA")
    if picture.has_transparency_data:
        return _with_8_bit_key(picture).convert("RGBA")
    return picture.convert("L" if mode == "1" else "RGB")


def to_srgb(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Convert by the embedded colour profile, if there is a usable one that is not sRGB.

    CMYK without a profile is converted by Pillow's plain rule. Grey is left as it is.
    """
    profile = picture.info.get("icc_profile")
    if picture.mode in {"RGB", "RGBA", "CMYK", "LAB"} and (profile or picture.mode == "LAB"):
        picture = _converted(picture, profile)
    return picture.convert("RGB") if picture.mode == "CMYK" else picture


def on_background(picture: PIL.Image.Image, background: Color) -> PIL.Image.Image:
    """Lay a transparent picture on a colour; returns mode "RGB" or "L"."""
    if not picture.has_transparency_data:
        return picture
    layer = picture.convert("RGBA")
    canvas = PIL.Image.new("RGBA", layer.size, background)
    return PIL.Image.alpha_composite(canvas, layer).convert("RGB")


def decode_scale(header: Header, stored: tuple[int, int]) -> int:
    """Return 8, 4, 2 or 1: by how much a JPEG may be scaled down while it is decoded."""
    wanted = _oversampled(stored)
    room = min(header.width // wanted[0], header.height // wanted[1])
    return next(scale for scale in (8, 4, 2, 1) if room >= scale or scale == 1)


def count_sequence(image: Image) -> int:
    """Count the frames of an AVIF sequence, for which Pillow has to parse the file."""
    with opened(image, image.header, None) as picture:
        return int(getattr(picture, "n_frames", 1))


def _oversampled(size: tuple[int, int]) -> tuple[int, int]:
    return ceil(size[0] * OVERSAMPLING), ceil(size[1] * OVERSAMPLING)


def _decoded(
    image: Image, header: Header, frame: int, stored: tuple[int, int] | None
) -> PIL.Image.Image:
    if isinstance(image.blob, PictureBlob):
        return image.blob.picture.copy()
    if header.mime_type == "image/heic":
        return _decoded_heic(image)
    with opened(image, header, stored) as picture:
        if frame:
            picture.seek(frame)
        check_pixels(*picture.size, image.name)
        if stored:
            picture.draft(None, _oversampled(stored))
        picture.load()
        return picture


def _source(image: Image, header: Header, stored: tuple[int, int] | None) -> BinaryIO:
    if header.mime_type == "image/jpeg":
        return io.BytesIO(_scans(image, header, stored))
    file = image.blob.open()
    if isinstance(file, io.RawIOBase):
        return cast("BinaryIO", io.BufferedReader(file, _BUFFER_BYTES))
    return file


def _scans(image: Image, header: Header, stored: tuple[int, int] | None) -> bytes:
    """Return the part of a JPEG that is decoded, if that takes no longer than it should."""
    data = image.blob.read()
    scale = decode_scale(header, stored) if header.is_progressive and stored else 1
    data = without_late_scans(data, scale) if scale > 1 else data
    scans = count_scans(data)
    if scans > max(_FEW_SCANS, _MAX_SCANNED_PIXELS // (header.width * header.height)):
        raise CorruptImageError(
            f"'{image.name}' is not decoded: it has {scans:,} scans, each of which takes as long "
            "as the whole picture. Save it again."
        )
    return data


def _decoded_heic(image: Image) -> PIL.Image.Image:
    try:
        import pillow_heif
    except ImportError:
        raise MissingExtraError("A HEIC image", "heic") from None
    # Not by register_heif_opener(), which would change Pillow for the whole process.
    with _errors_named(image.name), image.blob.open() as file:
        picture: PIL.Image.Image = pillow_heif.open_heif(file.read()).to_pillow()
        check_pixels(*picture.size, image.name)
        return picture


@contextmanager
def _errors_named(name: str) -> Iterator[None]:
    try:
        yield
    except GPTVError:
        raise
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        raise ImageTooLargeError(
            f"'{name}' is not decoded: {error} Scale it down first.",
            value=MAX_PIXELS + 1,
            limit=MAX_PIXELS,
        ) from None
    except Exception as error:
        # Decoders answer damaged bytes with anything, from SyntaxError to IndexError.
        raise CorruptImageError(
            f"'{name}' is damaged and cannot be decoded ({error or type(error).__name__}). "
            "Save or download it again."
        ) from error


def _to_8_bit(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Scale grey of 16 or 32 bits or of floats; `convert` alone would clip at 255."""
    if picture.mode not in {"I;16", "I", "F"}:
        picture = picture.convert("I")
    low, high = cast("tuple[float, float]", picture.getextrema())
    if picture.mode == "I;16":
        low, high = 0, 65_535
    elif low >= 0:
        # The smallest usual range that holds every value: 0-1, 8 bits, 16 bits.
        usual = (1.0, 255.0, 65_535.0) if picture.mode == "F" else (255.0, 65_535.0)
        low, high = 0, next((top for top in usual if high <= top), high)
    scale = 255 / (high - low) if high > low else 0
    grey = picture.point(lambda value: value * scale - low * scale).convert("L")
    return _with_8_bit_key(grey).convert("RGBA") if "transparency" in grey.info else grey


def _with_8_bit_key(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Scale the transparent colour of a 16-bit PNG down as its pixels were."""
    key = picture.info.get("transparency")
    parts = key if isinstance(key, tuple) else (key,)
    if all(isinstance(part, int) for part in parts) and max(parts) > 255:
        scaled = tuple(part // 257 for part in parts)
        picture.info["transparency"] = scaled if isinstance(key, tuple) else scaled[0]
    return picture


def _converted(picture: PIL.Image.Image, profile: bytes | None) -> PIL.Image.Image:
    try:
        if picture.mode == "LAB" or not profile:
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        else:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return picture
        mode = "RGBA" if picture.mode == "RGBA" else "RGB"
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(picture, source, target, outputMode=mode)
    except (ImportError, OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return picture  # a broken profile does not make a broken picture
    return converted or picture


def is_opaque(image: Image, header: Header) -> bool:
    """Tell whether a picture that may be transparent is not, which takes decoding it."""
    picture = resizable(_decoded(image, header, 0, None))
    low, _ = cast("tuple[int, int]", picture.getchannel("A").getextrema())
    return low == 255


def check_decodes(image: Image) -> None:
    """Make sure that a file which is sent as it is can be decoded, as far as time allows.

    A JPEG is decoded at an eighth of its size. The checksums of a PNG, which `without_metadata`
    compares, spare it that. Others have to be decoded whole, so of large ones only the header is.

    Raises:
        CorruptImageError: It cannot.
    """
    if image.mime_type == "image/png":
        return
    with opened(image, image.header, None) as picture:
        picture.draft(None, (1, 1))
        if check_pays(image.header, image.byte_count):
            picture.load()
