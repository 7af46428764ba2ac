"""A LangChain blob parser for everything that has pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

from langchain_core.document_loaders import BaseBlobParser
from langchain_core.documents import Document
from langchain_core.documents.base import Blob

from langchain_gptv.exceptions import ImageError, UnsupportedImageError
from langchain_gptv.rag.documents import Failure, SourceFile
from langchain_gptv.rag.files import open_source
from langchain_gptv.rag.images import PhotoReader
from langchain_gptv.rag.loading import LoaderOptions, Loading, Reader
from langchain_gptv.rag.pdf import PageReader
from langchain_gptv.rag.video import SceneReader
from langchain_gptv.store import ImageStore
from langchain_gptv.vision.images import Image

_HEAD = 1024
"""Bytes within which a PDF says that it is one."""


class VisionParser(BaseBlobParser):
    """Parses images, PDF files and videos; which of them a blob is, its bytes say.

    A page that fails is left in `failures`; a blob that fails as a whole raises.

    Args:
        pdf: How PDF files are read, such as `PageReader(dpi=150, figures=False)`.
        video: How videos are read.
        **options: As in `LoaderOptions`.

    Example:
        >>> from langchain_core.documents.base import Blob
        >>> parser = VisionParser(text="embedded")
        >>> [photo] = parser.parse(Blob.from_path("examples/images/receipt.png"))
        >>> photo.metadata["image"] in parser.store
        True
    """

    def __init__(
        self,
        *,
        pdf: PageReader | None = None,
        video: SceneReader | None = None,
        **options: Unpack[LoaderOptions],
    ) -> None:
        self._pdf, self._video = pdf or PageReader(), video or SceneReader()
        self.loading = Loading(**options)

    @property
    def store(self) -> ImageStore:
        """Where the pictures are."""
        return self.loading.store

    @property
    def failures(self) -> list[Failure]:
        """Pages that gave no document, of all blobs so far."""
        return self.loading.failures

    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        """Yield the documents of a blob.

        Raises:
            ImageError: It is no image or PDF that can be read.
            VideoError: It is no video that can be read.
        """
        file = _source(blob)
        before = len(self.failures)
        yield from self.loading.documents([(file, self._reader(file))])
        whole = [failure for failure in self.failures[before:] if not failure.place]
        if whole:
            self.failures.remove(whole[0])
            raise whole[0].error

    def _reader(self, file: SourceFile) -> Reader:
        if b"%PDF-" in _head(file):
            return self._pdf
        try:
            Image.of(file.data)
        except UnsupportedImageError:
            return self._video
        except ImageError:
            pass  # the reader will say what is wrong with it
        return PhotoReader()


def _source(blob: Blob) -> SourceFile:
    if blob.data is None and blob.path is not None:
        opened = open_source(Path(blob.path))
        return SourceFile(blob.source or opened.source, opened.data, opened.sha256)
    data = blob.as_bytes()
    return SourceFile(blob.source or "blob", data, hashlib.sha256(data).hexdigest())


def _head(file: SourceFile) -> bytes:
    if isinstance(file.data, bytes):
        return file.data[:_HEAD]
    with file.data.open("rb") as opened:
        return opened.read(_HEAD)
