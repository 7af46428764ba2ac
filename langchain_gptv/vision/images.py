"""An image: its bytes, and what its header says, from any source a developer has at hand."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Self

from langchain_gptv._urls import is_web_url
from langchain_gptv.exceptions import UnsupportedImageError
from langchain_gptv.vision import tiff
from langchain_gptv.vision.blobs import Base64Blob, Blob, BytesBlob, PathBlob, PictureBlob
from langchain_gptv.vision.headers import (
    MAX_PIXELS,
    Header,
    MimeType,
    check_pixels,
    count_frames,
    read_header,
)
from langchain_gptv.vision.peek import HEAD_BYTES, Peek

if TYPE_CHECKING:
    import PIL.Image

    from langchain_gptv.vision.pixels import Color

__all__ = ["MAX_PIXELS", "Image"]

_LONGEST_HEAD = 1024
"""Characters within which the head of a data URL must end."""

_SHOWN_SIDE = 720
"""Pixels of the longest side in a notebook."""

_ACCEPTED = "Pass a path, bytes, a data URL, a PIL image, a numpy array or an open file."


class Image:
    """An image file in memory or on disk, of which only the header has been read.

    The rest is read when `data` is asked for, and decoded when pixels are. Sizes are those of the
    upright picture: EXIF orientation is already taken into account.

    Attributes:
        name: What errors call it.
        header: What the header says, with the size as stored.
        blob: Where the bytes lie.

    Raises:
        UnsupportedImageError: The bytes are no image of a known type.
        CorruptImageError: The file is empty, cut off, damaged, or declares no pixels.
        ImageTooLargeError: The header declares more than `MAX_PIXELS` pixels.

    Example:
        >>> image = Image.from_path("examples/images/receipt.png")
        >>> image.mime_type
        'image/png'
    """

    def __init__(self, data: bytes | Blob, *, name: str = "image") -> None:
        self.blob: Blob = BytesBlob(data) if isinstance(data, bytes) else data
        self.name = name
        self.header = _header(self.blob, name)
        check_pixels(self.header.width, self.header.height, name)

    @classmethod
    def of(cls, source: Any) -> Self:
        """Make an image from a path, bytes, data URL, PIL image, numpy array or file object."""
        if isinstance(source, cls):
            return source
        if isinstance(source, str) and source.startswith("data:"):
            return cls.from_data_url(source)
        if isinstance(source, str | os.PathLike):
            return cls.from_path(source)
        if isinstance(source, bytes | bytearray | memoryview):
            return cls(bytes(source))
        if hasattr(source, "getexif"):
            return cls.from_pil(source)
        if hasattr(source, "__array_interface__"):
            return cls.from_array(source)
        if hasattr(source, "read"):
            return cls.from_file(source)
        raise UnsupportedImageError(f"A {type(source).__name__} is no image. {_ACCEPTED}")

    @classmethod
    def from_path(cls, path: str | os.PathLike[str]) -> Self:
        """Name a file; its header is read now, the rest when it is needed.

        Raises:
            ImageNotFoundError: There is no file at the path.
        """
        name = os.fspath(path)
        if is_web_url(name):
            raise UnsupportedImageError(
                f"'{name}' is a URL, and images are not fetched here. Load it with ImageSources."
            )
        return cls(PathBlob(name), name=name)

    @classmethod
    def from_data_url(cls, url: str, *, name: str = "data URL") -> Self:
        """Take `data:<mime>;base64,<data>`; the stated type is not believed."""
        comma = url.find(",", 0, _LONGEST_HEAD)
        if comma < 0 or not url[:comma].lower().endswith(";base64"):
            raise UnsupportedImageError(
                f"{url[:40]!r} is no base64 data URL. It must look like 'data:image/png;base64,...'"
            )
        return cls(Base64Blob(url, name=name, start=comma + 1), name=name)

    @classmethod
    def from_base64(cls, text: str, *, name: str = "base64 text") -> Self:
        """Take base64 text; it is decoded as far as it is read.

        Raises:
            CorruptImageError: The start of the text is not valid base64.
        """
        return cls(Base64Blob(text, name=name), name=name)

    @classmethod
    def from_file(cls, file: IO[bytes]) -> Self:
        """Read an open binary file to its end now, since its owner may close it."""
        data = file.read()
        name = getattr(file, "name", None)
        name = name if isinstance(name, str) else "file"
        if not isinstance(data, bytes):
            raise UnsupportedImageError(f"'{name}' is open as text. Open it with mode 'rb'.")
        return cls(data, name=name)

    @classmethod
    def from_pil(cls, picture: PIL.Image.Image) -> Self:
        """Take a PIL image of any mode; its `data` is a PNG file without loss or metadata."""
        from langchain_gptv.vision.pixels import upright

        picture.load()
        turned = upright(picture, picture.getexif().get(tiff.ORIENTATION, 1))
        return cls(PictureBlob(turned), name=f"{picture.mode} PIL image")

    @classmethod
    def from_array(cls, array: Any) -> Self:
        """Take a numpy array (height, width) or (height, width, 3 or 4).

        Args:
            array: uint8 from 0 to 255, bool, uint16 grey, or floats from 0 to 1; RGB order.

        Raises:
            UnsupportedImageError: The shape, the type or the values are others.
        """
        from langchain_gptv.vision.arrays import picture_from_array

        return cls(PictureBlob(picture_from_array(array)), name="numpy array")

    @property
    def mime_type(self) -> MimeType:
        """The type by content, such as 'image/png'."""
        return self.header.mime_type

    @property
    def width(self) -> int:
        """Pixels of the upright picture."""
        return self.header.upright_size[0]

    @property
    def height(self) -> int:
        """Pixels of the upright picture."""
        return self.header.upright_size[1]

    @property
    def orientation(self) -> int:
        """The EXIF value 1 to 8 of how the pixels are stored; 1 is upright."""
        return self.header.orientation

    @property
    def has_transparency(self) -> bool:
        """Whether any pixel may be transparent, by the header."""
        return self.header.has_transparency

    @cached_property
    def frame_count(self) -> int:
        """The frames of an animation or the pages of a TIFF; a still image has 1."""
        if self.header.frame_count is not None:
            return self.header.frame_count
        if self.mime_type == "image/avif":
            from langchain_gptv.vision.pixels import count_sequence

            return count_sequence(self)
        with self.blob.open() as file:
            # A GIF is walked in steps of 255 bytes, for which it is better read at once.
            first = -1 if self.mime_type == "image/gif" else HEAD_BYTES
            return count_frames(Peek.into(file, name=self.name, first=first), self.header)

    def frame_header(self, frame: int) -> Header:
        """Return the header of one frame; the pages of a TIFF may differ in size.

        Raises:
            UnsupportedImageError: There is no such frame.
        """
        if frame == 0:
            return self.header
        if not 0 < frame < self.frame_count:
            kind = "pages" if self.mime_type == "image/tiff" else "frames"
            raise UnsupportedImageError(
                f"'{self.name}' has no frame {frame}: it has {self.frame_count} {kind}. "
                f"Pass frame=0 to {self.frame_count - 1}."
            )
        if self.mime_type != "image/tiff":
            return self.header
        with self.blob.open() as file:
            return read_header(Peek.into(file, name=self.name), page=frame)

    @cached_property
    def byte_count(self) -> int:
        """The bytes of the file, before base64; they are not read for it."""
        return self.blob.size()

    @cached_property
    def data(self) -> bytes:
        """The bytes of the file."""
        return self.blob.read()

    @cached_property
    def sha256(self) -> str:
        """The digest of the file's bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def data_url(self) -> str:
        """The file as `data:<mime>;base64,...`."""
        return f"data:{self.mime_type};base64,{base64.b64encode(self.data).decode()}"

    def to_pil(self, *, background: Color = "white", frame: int = 0) -> PIL.Image.Image:
        """Decode to an upright RGB picture; transparent parts show `background`.

        Raises:
            CorruptImageError: The file cannot be decoded.
            UnsupportedImageError: There is no such frame.
            MissingExtraError: A HEIC image, and the extra "heic" is not installed.
        """
        from langchain_gptv.vision.pixels import render

        header = self.frame_header(frame)
        picture = render(self, header, frame=frame, background=background)
        return picture if picture.mode == "RGB" else picture.convert("RGB")

    def _repr_png_(self) -> bytes:
        """Show the picture in a notebook, small enough to be kept there."""
        picture = self.to_pil()
        picture.thumbnail((_SHOWN_SIDE, _SHOWN_SIDE))
        file = io.BytesIO()
        picture.save(file, "PNG")
        return file.getvalue()

    def __repr__(self) -> str:
        return f"Image({self.name!r}, {self.mime_type}, {self.width}x{self.height})"


def _header(blob: Blob, name: str) -> Header:
    if isinstance(blob, PictureBlob):
        return blob.header
    with blob.open() as file:
        return read_header(Peek.into(file, name=name))
