"""What the loaders of files share: paths in, documents out, and what failed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document

from langchain_gptv.exceptions import ImageNotFoundError
from langchain_gptv.rag.documents import Failure, SourceFile
from langchain_gptv.rag.files import Paths, find_files, open_source
from langchain_gptv.rag.loading import LoaderOptions, Loading, Reader
from langchain_gptv.store import ImageStore
from langchain_gptv.tools.steps import Usage


class FileLoader(BaseLoader):
    """A loader of the files at some paths; the base of the loaders here.

    Attributes:
        loading: The options, the store, and what failed.
    """

    suffixes: ClassVar[frozenset[str]]

    def __init__(self, paths: Paths, reader: Reader, options: LoaderOptions) -> None:
        self.paths = paths
        self.reader = reader
        self.loading = Loading(**options)

    @property
    def store(self) -> ImageStore:
        """Where the pictures are."""
        return self.loading.store

    @property
    def failures(self) -> list[Failure]:
        """Files and pages that gave no document in the last run."""
        return self.loading.failures

    @property
    def usage(self) -> Usage:
        """What descriptions took so far."""
        return self.loading.usage

    def lazy_load(self) -> Iterator[Document]:
        """Yield documents as they are ready; what fails is left in `failures`.

        Raises:
            ImageNotFoundError: There is no file at all at the paths.
            MissingExtraError: A library that is needed is not installed.
        """
        self.loading.start()
        yield from self.loading.documents(self._files())

    def _files(self) -> Iterator[tuple[SourceFile | Failure, Reader]]:
        nothing = True
        for path in find_files(self.paths, self.suffixes):
            file = _opened(path)
            nothing = nothing and isinstance(file, Failure)
            yield file, self.reader
        if nothing:
            raise ImageNotFoundError(_none_at(self.paths, self.suffixes))


def _opened(path: Path) -> SourceFile | Failure:
    try:
        return open_source(path)
    except OSError as error:
        return Failure(str(path), "", error)


def _none_at(paths: Paths, suffixes: frozenset[str]) -> str:
    kinds = ", ".join(sorted(suffixes)[:8])
    return (
        f"There is no file at {paths!r}, relative to '{Path.cwd()}'. Pass a file, a folder or a "
        f"pattern such as 'scans/**/*'; in folders these are taken: {kinds} and the like."
    )
