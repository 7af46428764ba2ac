"""An image: its bytes, and what its header says, from any source a developer has at hand."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import warnings
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from langchain_gptv.exceptions import (
    CorruptImageError,
    ImageNotFoundError,
    ImageTooLargeError,
    MissingExtraError,
    UnsupportedImageError,
)
from langchain_gptv.vision.headers import Header, MimeType, sniff_mime_type

if TYPE_CHECKING:
    import PIL.Image

MAX_PIXELS = 178_956_970
"""Pixels above which an image is refused before it is decoded (Pillow refuses there too)."""


class Image:
    """An image file in memory or on disk; nothing is decoded until pixels are asked for.

    Sizes are those of the upright picture: EXIF orientation is already taken into account.

    Example:
        >>> image = Image.from_path("examples/images/receipt.png")
        >>> image.mime_type
        'image/png'
    """

    def __init__(self, data: bytes, *, name: str = "image") -> None:
        self.data = data
        self.name = name
        self.header = _read_header(data, name)
        _check_pixels(self.header, name)

    @classmethod
    def of(cls, source: Any) -> Self:
        """Make an image from a path, bytes, data URL, PIL image, numpy array or file object."""
        if isinstance(source, cls):
            return source
        if isinstance(source, str) and source.startswith("data:"):
            return cls.from_data_url(source)
        if isinstance(source, (str, Path)):
            return cls.from_path(source)
        if isinstance(source, (bytes, bytearray, memoryview)):
            return cls(bytes(source))
        if hasattr(source, "read"):
            return cls.from_file(source)
        if hasattr(source, "__array_interface__") and not hasattr(source, "getexif"):
            return cls.from_array(source)
        if hasattr(source, "getexif"):
            return cls.from_pil(source)
        raise UnsupportedImageError(
            f"A {type(source).__name__} is no image. Pass a path, bytes, a data URL, a PIL image, "
            "a numpy array or an open file."
        )

    @classmethod
    def from_path(cls, path: str | Path) -> Self:
        """Read the file at `path`."""
        path = Path(path)
        if path.is_dir():
            raise UnsupportedImageError(
                f"'{path}' is a directory, not an image. Name a file inside it."
            )
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise ImageNotFoundError(
                f"There is no file '{path}'. Check the path; it is relative to '{Path.cwd()}'."
            ) from None
        return cls(data, name=str(path))

    @classmethod
    def from_data_url(cls, url: str, *, name: str = "data URL") -> Self:
        """Decode `data:<mime>;base64,<data>`; the stated type is not believed."""
        head, comma, body = url.partition(",")
        if not comma or not head.endswith(";base64"):
            raise UnsupportedImageError(
                f"{url[:40]!r} is no base64 data URL. It must look like 'data:image/png;base64,...'"
            )
        try:
            return cls(base64.b64decode(body, validate=True), name=name)
        except binascii.Error as error:
            raise CorruptImageError(f"The base64 of the {name} is damaged: {error}.") from None

    @classmethod
    def from_file(cls, file: IO[bytes]) -> Self:
        """Read an open binary file."""
        return cls(file.read(), name=str(getattr(file, "name", "file")))

    @classmethod
    def from_pil(cls, picture: PIL.Image.Image) -> Self:
        """Keep a PIL image as PNG, without loss."""
        buffer = io.BytesIO()
        mode = picture.mode
        if mode not in {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"}:
            picture = picture.convert("RGB")
        picture.save(buffer, "PNG", compress_level=1, exif=picture.getexif())
        return cls(buffer.getvalue(), name=f"{mode} PIL image")

    @classmethod
    def from_array(cls, array: Any) -> Self:
        """Keep a numpy array (height, width) or (height, width, 3 or 4); floats are 0 to 1."""
        import PIL.Image

        if array.dtype.kind == "f":
            array = (array.clip(0, 1) * 255).round().astype("uint8")
        return cls.from_pil(PIL.Image.fromarray(array))

    @property
    def mime_type(self) -> MimeType:
        """The type by content, such as 'image/png'."""
        return self.header.mime_type

    @property
    def width(self) -> int:
        """Pixels of the upright picture."""
        header = self.header
        return header.height if header.orientation >= 5 else header.width

    @property
    def height(self) -> int:
        """Pixels of the upright picture."""
        header = self.header
        return header.width if header.orientation >= 5 else header.height

    @cached_property
    def sha256(self) -> str:
        """The digest of the file's bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def data_url(self) -> str:
        """The file as `data:<mime>;base64,...`."""
        return f"data:{self.mime_type};base64,{base64.b64encode(self.data).decode()}"

    def to_pil(self, *, background: str = "white") -> PIL.Image.Image:
        """Decode to an upright RGB picture; transparent parts show `background`."""
        import PIL.Image
        import PIL.ImageOps

        try:
            with PIL.Image.open(io.BytesIO(self.data)) as file:
                file.load()
                picture: PIL.Image.Image = PIL.ImageOps.exif_transpose(file)
        except (OSError, SyntaxError, ValueError) as error:
            raise CorruptImageError(
                f"'{self.name}' is damaged and cannot be decoded ({error}). "
                "Save or download it again."
            ) from None
        if picture.has_transparency_data:
            layer = picture.convert("RGBA")
            canvas = PIL.Image.new("RGBA", layer.size, background)
            return PIL.Image.alpha_composite(canvas, layer).convert("RGB")
        if picture.mode == "I;16":
            picture = picture.point(lambda value: value / 257).convert("L")
        return picture.convert("RGB")

    def __repr__(self) -> str:
        return f"Image({self.name!r}, {self.mime_type}, {self.width}x{self.height})"


def _read_header(data: bytes, name: str) -> Header:
    import PIL.Image

    if not data:
        raise CorruptImageError(f"'{name}' is empty (0 bytes). Save or download it again.")
    mime_type = sniff_mime_type(data[:32])
    if mime_type is None:
        raise UnsupportedImageError(
            f"'{name}' is no image: it starts with {data[:8]!r}. "
            "Accepted are JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC and AVIF, told by content."
        )
    if mime_type == "image/heic":
        _register_heic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
        try:
            with PIL.Image.open(io.BytesIO(data)) as picture:
                return Header(mime_type, *picture.size, orientation=_orientation(picture))
        except PIL.Image.DecompressionBombError:
            raise ImageTooLargeError(
                f"'{name}' declares more than {MAX_PIXELS:,} pixels and is not decoded. "
                "Scale it down first.",
                value=MAX_PIXELS + 1,
                limit=MAX_PIXELS,
            ) from None
        except (OSError, SyntaxError, ValueError) as error:
            raise CorruptImageError(f"'{name}' is a damaged {mime_type} ({error}).") from None


def _orientation(picture: PIL.Image.Image) -> int:
    # On a PNG, getexif() decodes the whole picture.
    if picture.format == "PNG":
        return 1
    value = picture.getexif().get(0x0112, 1)
    return value if value in range(1, 9) else 1


def _check_pixels(header: Header, name: str) -> None:
    pixels = header.width * header.height
    if pixels > MAX_PIXELS:
        raise ImageTooLargeError(
            f"'{name}' declares {header.width} x {header.height} pixels ({pixels:,}), "
            f"over the limit of {MAX_PIXELS:,}. It is not decoded; scale it down first.",
            value=pixels,
            limit=MAX_PIXELS,
        )


def _register_heic() -> None:
    try:
        import pillow_heif
    except ImportError:
        raise MissingExtraError("A HEIC image", "heic") from None
    pillow_heif.register_heif_opener()
