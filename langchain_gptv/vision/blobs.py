"""Where the bytes of an image lie: on disk, in memory, in base64 text, or in a PIL picture.

Each kind opens as a binary file, so that a reader takes the bytes it needs and no more.
"""

from __future__ import annotations

import base64
import binascii
import io
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from langchain_gptv.exceptions import (
    CorruptImageError,
    ImageError,
    ImageNotFoundError,
    UnsupportedImageError,
)
from langchain_gptv.vision.headers import Header

if TYPE_CHECKING:
    import PIL.Image

_SLICE = 262_144
"""Characters decoded at a time; a multiple of 4. Decoding stops every thread, and needs a copy."""

_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})


class Blob(Protocol):
    """Bytes that can be opened any number of times, from any thread."""

    def open(self) -> BinaryIO:
        """Open the bytes as a file that can seek."""

    def read(self) -> bytes:
        """Return all of the bytes."""

    def size(self) -> int:
        """Return how many bytes there are, without reading them where that is possible."""


class PathBlob:
    """A file on disk."""

    def __init__(self, path: str) -> None:
        self.path = path

    def open(self) -> BinaryIO:
        """Open the file, unbuffered: a header takes a read or two.

        Raises:
            ImageNotFoundError: There is no file at the path.
            UnsupportedImageError: The path is a directory.
            ImageError: The file cannot be opened, for want of permission for example.
        """
        try:
            return cast("BinaryIO", open(self.path, "rb", buffering=0))  # noqa: PTH123
        except (OSError, ValueError) as error:
            raise self._explained(error) from None

    def read(self) -> bytes:
        """Read the whole file."""
        with self.open() as file:
            return file.read()

    def size(self) -> int:
        """Ask the file system."""
        with self.open() as file:
            return file.seek(0, io.SEEK_END)

    def _explained(self, error: OSError | ValueError) -> ImageError:
        path = self.path if len(self.path) <= 200 else f"{self.path[:200]}..."
        if isinstance(error, FileNotFoundError):
            return ImageNotFoundError(
                f"There is no file '{path}'. Check the path; it is relative to '{Path.cwd()}'."
            )
        # Windows answers "no permission" for a directory.
        if isinstance(error, IsADirectoryError | PermissionError) and Path(self.path).is_dir():
            return UnsupportedImageError(
                f"'{path}' is a directory, not an image. Name a file inside it."
            )
        why = getattr(error, "strerror", None) or error
        return ImageError(
            f"'{path}' cannot be opened ({why}). Pass a readable path, or the bytes; "
            "base64 text goes through Image.from_base64."
        )


class BytesBlob:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def open(self) -> BinaryIO:
        """Open without a copy."""
        return io.BytesIO(self.data)

    def read(self) -> bytes:
        """Return the bytes themselves."""
        return self.data

    def size(self) -> int:
        """Return their number."""
        return len(self.data)


class Base64Blob:
    """Base64 text, of which only the parts that are read are decoded.

    It begins at `start` of `text`, so that a data URL of many megabytes need not be copied.
    """

    def __init__(self, text: str, *, name: str, start: int = 0) -> None:
        # Line breaks are legal in base64 and would shift every offset.
        if not text.isascii() or _has_space(text):
            text, start = "".join(text[start:].split()), 0
        self._text = text
        self._start = start
        self._name = name

    def open(self) -> BinaryIO:
        """Open as a file that decodes where it is read."""
        return cast("BinaryIO", _Base64File(self))

    def read(self) -> bytes:
        """Decode all of the text.

        Raises:
            CorruptImageError: The text is not valid base64.
        """
        size = max(0, self.size())
        buffer = io.BytesIO(bytes(size))  # one that grows is there twice while it moves
        for start in range(0, len(self._text) - self._start, _SLICE):
            buffer.write(self.decoded(start, start + _SLICE))
        if buffer.tell() != size:
            raise self._damaged("damaged: it is filled up before its end")
        return buffer.getvalue()

    def size(self) -> int:
        """Count the bytes from the length of the text."""
        return (len(self._text) - self._start) // 4 * 3 - self._text[-2:].count("=")

    def decoded(self, start: int, end: int) -> bytes:
        """Decode the characters from `start` to `end`, both multiples of 4."""
        try:
            part = self._text[self._start + start : self._start + end]
            return base64.b64decode(part, validate=True)
        except ValueError as error:  # binascii.Error is one, and so is text that is not ASCII
            kind = "damaged" if isinstance(error, binascii.Error) else "not ASCII"
            raise self._damaged(f"{kind}: {error}") from None

    def _damaged(self, what: str) -> CorruptImageError:
        return CorruptImageError(
            f"The base64 of the {self._name} is {what}. Encode the file again."
        )


class _Base64File(io.RawIOBase):
    """The file that `Base64Blob.open` gives."""

    def __init__(self, blob: Base64Blob) -> None:
        self._blob = blob
        self._size = blob.size()
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        first = self._position
        last = min(first + len(buffer), self._size)
        if last <= first:
            return 0
        data = self._blob.decoded(first // 3 * 4, -(-last // 3) * 4)
        data = data[first % 3 : first % 3 + last - first]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _has_space(text: str) -> bool:
    return any(space in text for space in "\n\r \t")


class PictureBlob:
    """An upright PIL picture; it becomes a PNG file only when its bytes are asked for."""

    def __init__(self, picture: PIL.Image.Image) -> None:
        # A copy: the caller may close its own picture later, or draw on it.
        self.picture = picture.copy()
        transparent = picture.has_transparency_data
        self.header = Header("image/png", *picture.size, has_transparency=transparent)

    @cached_property
    def _png(self) -> bytes:
        from langchain_gptv.vision.pixels import resizable, to_srgb

        picture = self.picture
        if picture.mode not in _PNG_MODES:
            picture = to_srgb(resizable(picture))
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()

    def open(self) -> BinaryIO:
        """Open the PNG file."""
        return io.BytesIO(self._png)

    def read(self) -> bytes:
        """Return the PNG file."""
        return self._png

    def size(self) -> int:
        """Return the bytes of the PNG file."""
        return len(self._png)
