"""An image as it should be sent: upright, opaque, no larger than it is seen, and private."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from langchain_gptv.vision.blobs import PictureBlob
from langchain_gptv.vision.encode import choose_encoding, encode_within
from langchain_gptv.vision.headers import ACCEPTED_TYPES, Header, MimeType
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.metadata import without_metadata
from langchain_gptv.vision.pixels import Color, check_decodes, is_opaque, render
from langchain_gptv.vision.profiles import VisionProfile, get_profile
from langchain_gptv.vision.rules import Detail
from langchain_gptv.vision.transform import Transform
from langchain_gptv.vision.weigh import resize_pays

Resize = Literal["auto", "always", "never"]


@dataclass(frozen=True)
class PreparedImage:
    """An image ready to be sent.

    Attributes:
        data: The file.
        mime_type: Its type, such as "image/jpeg".
        width: Pixels.
        height: Pixels.
        transform: Maps boxes and points to the original picture and forth.
        unchanged: Whether this is the file that was given, from which at most metadata was cut.
        reason: What was done and why, for people.
        name: What errors call it.
    """

    data: bytes
    mime_type: MimeType
    width: int
    height: int
    transform: Transform
    unchanged: bool
    reason: str
    name: str

    @cached_property
    def sha256(self) -> str:
        """The digest of `data`, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def base64(self) -> str:
        """`data` as base64 text; computed once."""
        return base64.b64encode(self.data).decode("ascii")

    @property
    def data_url(self) -> str:
        """The file as `data:<mime>;base64,...`."""
        return f"data:{self.mime_type};base64,{self.base64}"

    def _repr_png_(self) -> bytes:
        """Show the picture in a notebook."""
        return Image(self.data)._repr_png_()

    def __repr__(self) -> str:
        size = f"{self.width}x{self.height}, {len(self.data):,} bytes"
        return f"PreparedImage({self.name!r}, {self.mime_type}, {size}: {self.reason})"


@dataclass(frozen=True, slots=True)
class _Options:
    accepted: Collection[str]
    max_bytes: int | None
    max_base64_bytes: int | None
    background: Color
    frame: int
    resize: Resize
    mime_type: MimeType | None
    quality: int | None

    @property
    def max_file_bytes(self) -> int | None:
        # Base64 makes 4 characters of every 3 bytes, the last group filled up.
        encoded = None if self.max_base64_bytes is None else self.max_base64_bytes // 4 * 3
        return min(
            (limit for limit in (self.max_bytes, encoded) if limit is not None), default=None
        )


def prepare_image(
    image: Any,
    model: str | VisionProfile | None = None,
    detail: Detail = "auto",
    *,
    max_bytes: int | None = None,
    max_base64_bytes: int | None = None,
    accepted: Collection[str] | None = None,
    background: Color = "white",
    frame: int = 0,
    resize: Resize = "auto",
    mime_type: MimeType | None = None,
    quality: int | None = None,
) -> PreparedImage:
    """Prepare an image for a model: no larger than the model sees it under `detail`.

    The tokens stay those of the original, since the service would scale it down to the same size.

    Args:
        image: An `Image`, or anything that `Image.of` takes.
        model: A model's name on OpenAI, or a profile such as `get_profile("gpt-4o", "azure")`;
            None sets no size.
        detail: The API setting that the image will be sent with.
        max_bytes: As in `prepare_to_size`.
        max_base64_bytes: As in `prepare_to_size`; None is the profile's limit for one image, which
            is so kept whether the service counts the file or its base64 text.
        accepted: As in `prepare_to_size`; None is what the profile's service accepts.
        background: As in `prepare_to_size`.
        frame: As in `prepare_to_size`.
        resize: As in `prepare_to_size`.
        mime_type: As in `prepare_to_size`.
        quality: As in `prepare_to_size`.

    Raises:
        DetailNotSupportedError: The model does not accept `detail`.
        ImageError: As in `prepare_to_size`.

    Example:
        >>> receipt = Image.of("examples/images/receipt.png")
        >>> prepared = prepare_image(receipt, "gpt-4o", "low", resize="always")
        >>> prepared.width, prepared.height
        (307, 512)
    """
    opened = Image.of(image)
    profile = get_profile(model) if isinstance(model, str) else model
    size = opened.frame_header(frame).upright_size
    if profile is not None:
        size = profile.seen_size(*size, detail)
        if max_base64_bytes is None:
            max_base64_bytes = profile.limits.max_image_bytes
        if accepted is None:
            accepted = profile.limits.mime_types
    options = _Options(
        ACCEPTED_TYPES if accepted is None else accepted,
        max_bytes,
        max_base64_bytes,
        background,
        frame,
        resize,
        mime_type,
        quality,
    )
    return _prepared(opened, size, options)


def prepare_to_size(
    image: Any,
    size: tuple[int, int] | None = None,
    *,
    max_bytes: int | None = None,
    max_base64_bytes: int | None = None,
    accepted: Collection[str] = ACCEPTED_TYPES,
    background: Color = "white",
    frame: int = 0,
    resize: Resize = "auto",
    mime_type: MimeType | None = None,
    quality: int | None = None,
) -> PreparedImage:
    """Prepare an image to lie within a box of pixels; it keeps its aspect and never grows.

    A file that needs no change goes through byte for byte, except that private metadata (location,
    camera, author, comments, thumbnails) is cut out of it.

    Args:
        image: An `Image`, or anything that `Image.of` takes.
        size: The largest (width, height) in pixels, upright; None keeps the size.
        max_bytes: Most bytes of the file. It is met by lowering first the quality, then the size.
        max_base64_bytes: Most bytes of its base64 text, which is what travels: 4/3 of the file.
        accepted: The file types that may come out.
        background: What shows through transparent parts: a name, "#rrggbb" or (r, g, b).
        frame: The frame of an animation or the page of a TIFF, from 0.
        resize: "auto" sends a file that is too large but otherwise fit as it is when that is
            faster than scaling it, at 50 Mbit/s; "always" scales it; "never" scales only what no
            quality brings under the byte limit.
        mime_type: The type that must come out; None chooses by content.
        quality: 1 to 95 for JPEG and WebP; None chooses by content.

    Raises:
        ImageNotFoundError: There is no such file.
        UnsupportedImageError: It is no image, has no such frame, or no type can be written.
        CorruptImageError: It is cut off or damaged.
        ImageTooLargeError: It has too many pixels, or nothing fits into `max_bytes`.
        MissingExtraError: A HEIC image, and the extra "heic" is not installed.
        ValueError: `size` holds no pixel.

    Example:
        >>> prepared = prepare_to_size("examples/images/receipt.png", (300, 300), resize="always")
        >>> prepared.width, prepared.height
        (180, 300)
    """
    if size and min(size) < 1:
        raise ValueError(f"size={size} holds no pixel. Pass a (width, height) of 1 or more.")
    opened = Image.of(image)
    whole = opened.frame_header(frame).upright_size
    options = _Options(
        accepted, max_bytes, max_base64_bytes, background, frame, resize, mime_type, quality
    )
    return _prepared(opened, fit_within(whole, size) if size else whole, options)


def fit_within(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """Return the largest (width, height) of the same aspect inside `box`; never larger than `size`.

    Example:
        >>> fit_within((4032, 3024), (512, 512))
        (512, 384)
    """
    scale = min(1, box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _prepared(image: Image, size: tuple[int, int], options: _Options) -> PreparedImage:
    header = image.frame_header(options.frame)
    is_smaller = size != header.upright_size and options.resize != "never"
    change = _needed_change(image, header, options)
    if change is None and is_smaller:
        # What may be transparent has to be decoded anyway.
        decided = options.resize == "always" or header.has_transparency
        pays = decided or resize_pays(header, image.byte_count, size)
        change = "larger than it is seen" if pays else None
    if change is None and header.has_transparency and not is_opaque(image, header):
        change = "partly transparent"
    if change is None:
        return _passed_through(image)
    return _converted(image, header, size if is_smaller else header.upright_size, change, options)


def _needed_change(image: Image, header: Header, options: _Options) -> str | None:
    """Say why the file cannot be sent as it is, or None."""
    if isinstance(image.blob, PictureBlob):
        return "a picture in memory"
    if header.mime_type not in options.accepted:
        return f"{header.mime_type} is not accepted"
    if options.mime_type not in (None, header.mime_type):
        return f"{options.mime_type} is wanted"
    if header.orientation != 1:
        return f"stored turned (EXIF {header.orientation})"
    if not header.is_plain:
        return "CMYK or 16 bits"
    if options.max_file_bytes is not None and image.byte_count > options.max_file_bytes:
        return f"{image.byte_count:,} bytes, over the limit of {options.max_file_bytes:,}"
    if image.frame_count > 1:
        return f"frame {options.frame} of {image.frame_count}"
    return None


def _passed_through(image: Image) -> PreparedImage:
    given = image.blob.read()
    data = without_metadata(given, image.mime_type, name=image.name)
    check_decodes(Image(given, name=image.name))
    removed = len(given) - len(data)
    reason = f"as it was, without {removed:,} bytes of metadata" if removed else "as it was"
    size = image.width, image.height
    return PreparedImage(
        data, image.mime_type, *size, Transform(size, size), True, reason, image.name
    )


def _converted(
    image: Image, header: Header, size: tuple[int, int], change: str, options: _Options
) -> PreparedImage:
    picture = render(image, header, size=size, frame=options.frame, background=options.background)
    encoding = choose_encoding(picture, options.accepted, options.mime_type, options.quality)
    allowed = options.accepted if options.mime_type is None else (options.mime_type,)
    data, encoding, size = encode_within(picture, encoding, allowed, options.max_file_bytes)
    original = header.upright_size
    steps = [change, f"{original[0]}x{original[1]} to {size[0]}x{size[1]}", str(encoding)]
    if size == original:
        del steps[1]
    transform = Transform(original, size, header.orientation)
    reason = ", ".join(steps)
    return PreparedImage(data, encoding.mime_type, *size, transform, False, reason, image.name)
