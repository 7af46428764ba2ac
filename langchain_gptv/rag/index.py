"""A local index of folders: Chroma, pictures and what was read, in one folder on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel

from langchain_gptv.batch.locks import lock_file
from langchain_gptv.exceptions import ImageError, ImageNotFoundError, VideoError
from langchain_gptv.progress import ProgressBar, Standing, progress_bar
from langchain_gptv.rag.chroma import all_texts, open_chroma
from langchain_gptv.rag.describing import Describer
from langchain_gptv.rag.documents import Failure, Progress, SourceFile
from langchain_gptv.rag.files import (
    PDF_SUFFIXES,
    VIDEO_SUFFIXES,
    find_files,
    open_source,
)
from langchain_gptv.rag.images import PhotoReader
from langchain_gptv.rag.index_results import Found, IndexReport
from langchain_gptv.rag.loading import Loading, Reader
from langchain_gptv.rag.manifest import Manifest, SeenFile
from langchain_gptv.rag.parents import DocumentStore
from langchain_gptv.rag.pdf import PageReader
from langchain_gptv.rag.retriever import PageImageRetriever
from langchain_gptv.rag.snippets import best_snippet
from langchain_gptv.rag.vectors import HashedEmbeddings
from langchain_gptv.rag.video import SceneReader
from langchain_gptv.store import FileStore, ImageStore
from langchain_gptv.vision.headers import IMAGE_SUFFIXES

_READERS: tuple[tuple[frozenset[str], Reader], ...] = (
    (PDF_SUFFIXES, PageReader()),
    (IMAGE_SUFFIXES, PhotoReader()),
    (VIDEO_SUFFIXES, SceneReader()),
)
_SUFFIXES = PDF_SUFFIXES | IMAGE_SUFFIXES | VIDEO_SUFFIXES
_RESUME = "what was read is kept; run the same again to go on."


class FolderIndex:
    """An index of folders of PDF files, images and videos, kept in a folder of its own.

    A second `update` of a folder that did not change opens no file; a changed file is read anew,
    and one for which a model or the disk failed is tried again;
    what was read or described of unchanged bytes is never read twice. Safe for several processes
    that search; a second one that updates is refused.

    Args:
        folder: Of the index; made when it is not there.
        embeddings: In place of `HashedEmbeddings`; the same one every time.
        llm: Describes photos, figures and scenes; without it they are read and looked at here.
        max_concurrency: Files and pages that are read at once.

    Raises:
        MissingExtraError: langchain-chroma is not installed.

    Example:
        >>> import tempfile
        >>> with FolderIndex(tempfile.mkdtemp()) as index:
        ...     report = index.update("examples/images")
        ...     [best, *_] = index.find("total of the receipt")
        >>> Path(best.paths[0]).name, report.errors
        ('receipt.png', {})
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        embeddings: Embeddings | None = None,
        llm: BaseChatModel | None = None,
        max_concurrency: int = 8,
    ) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.embeddings = embeddings or HashedEmbeddings()
        self.llm, self.max_concurrency = llm, max_concurrency
        self.store = ImageStore.on_disk(self.folder / "images")
        self._manifest = Manifest(self.folder / "files.sqlite")
        self._vectors = open_chroma(self.folder / "chroma", self.embeddings)
        self.retriever = PageImageRetriever(
            vectorstore=self._vectors, docstore=DocumentStore(FileStore(self.folder / "documents"))
        )
        self._load_counts()

    def update(
        self,
        folder: str | os.PathLike[str],
        *,
        on_progress: Callable[[Progress], None] | None = None,
        progress: bool | ProgressBar = True,
    ) -> IndexReport:
        """Bring the index up to date with a folder and those below it.

        Ctrl-C loses nothing: files at their end are indexed, and the next update reads the rest.

        Args:
            folder: What is in it and not a PDF, image or video is passed over.
            on_progress: As in `LoaderOptions`.
            progress: True shows a bar in a terminal or a notebook, and elsewhere a line a minute
                and one at the end.

        Raises:
            ImageNotFoundError: There is no such folder.
            JournalLockedError: Another process updates the index.
            RetrievalError: The vector store failed; an update that is called again goes on.
        """
        root = Path(folder)
        if not root.is_dir():
            raise ImageNotFoundError(f"'{folder}' is no folder, relative to '{Path.cwd()}'.")
        with self._locked(), progress_bar(progress, "files", _RESUME) as bar:
            bar.show(Standing(0, note="looking for what is new"))
            report, todo = self._compare(root)
            shown = _Shown(bar, len(todo), on_progress)
            loading = shown.loading = self._loading(shown)
            self._read(todo, loading, report)
            self._clean(report)
            report.errors |= self._manifest.errors(root)
            bar.close(str(report))
        return report

    def find(self, query: str, k: int = 5) -> list[Found]:
        """Return what fits a query, best first; nothing where nothing is like it.

        Raises:
            RetrievalError: The vector store failed.
        """
        hits = [self._found(hit, query) for hit in self.retriever.invoke(query, k=k)]
        return [hit for hit in hits if hit.likeness > 0 and hit.paths]

    def counts(self) -> tuple[int, int]:
        """Return how many files and documents there are."""
        return self._manifest.counts()

    def close(self) -> None:
        """Close the files; what is in them stays."""
        self._manifest.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _loading(self, on_progress: Callable[[Progress], None]) -> Loading:
        return Loading(
            store=self.store,
            llm=self.llm,
            max_concurrency=self.max_concurrency,
            on_progress=on_progress,
            cache=self.folder / "read.sqlite",
        )

    def _compare(self, root: Path) -> tuple[IndexReport, list[SeenFile]]:
        """Tell by size and time which files are new, changed, as they were, or gone."""
        report, todo = IndexReport(), []
        known = self._manifest.below(root)
        gone = set(known)
        for path in self._files(root):
            try:
                file = SeenFile.at(path, self._settings)
            except OSError as error:
                report.errors[str(path)] = str(error)
                continue
            gone.discard(file.path)
            if known.get(file.path) == file:
                report.unchanged.append(file.path)
                continue
            (report.changed if file.path in known else report.new).append(file.path)
            todo.append(file)
        report.removed = sorted(gone)
        return report, todo

    def _files(self, root: Path) -> Iterator[Path]:
        own = self.folder.resolve()
        return (path for path in find_files(root, _SUFFIXES) if own not in path.resolve().parents)

    @property
    def _settings(self) -> str:
        return "" if self.llm is None else Describer(self.llm).name

    def _read(self, todo: Sequence[SeenFile], loading: Loading, report: IndexReport) -> None:
        files = {file.path: file for file in todo}
        digests: dict[str, str] = {}
        documents = loading.documents(_opened(files, digests))
        for path, group in groupby(documents, key=lambda document: document.metadata["source"]):
            # The group ends at the next file's first page: all failures of this one are known.
            doc_ids = self.retriever.add_documents(group)
            report.documents += len(doc_ids)
            failures = _failures(path, loading)
            file = _settled(files.pop(path), failures)
            self._manifest.keep(file, digests[path], doc_ids, _told(failures))
        for path, file in files.items():  # those that gave no document at all
            failures = _failures(path, loading)
            digest = digests.get(path, "")
            self._manifest.keep(_settled(file, failures), digest, (), _told(failures))

    def _clean(self, report: IndexReport) -> None:
        self._manifest.forget(report.removed)
        orphans = self._manifest.orphans()
        self.retriever.delete(orphans)
        self._manifest.drop(orphans)
        if (report.documents or orphans) and isinstance(self.embeddings, HashedEmbeddings):
            self.embeddings.learn(all_texts(self._vectors))
            self.embeddings.save(self._counts_path)

    def _found(self, document: Document, query: str) -> Found:
        snippet, likeness = best_snippet(document, query)
        paths = self._manifest.paths_of(document.metadata["sha256"])
        return Found(document, tuple(paths), snippet, likeness)

    @property
    def _counts_path(self) -> Path:
        return self.folder / "words.json"

    def _load_counts(self) -> None:
        if isinstance(self.embeddings, HashedEmbeddings) and self._counts_path.exists():
            self.embeddings.load(self._counts_path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        path = self.folder / "lock"
        with path.open("ab") as file:
            lock_file(file, path)
            yield


class _Shown:
    """Tells the bar, and whoever asked for it, what a loader tells.

    Attributes:
        loading: Knows what descriptions cost so far.
    """

    loading: Loading

    def __init__(
        self, bar: ProgressBar, total: int, on_progress: Callable[[Progress], None] | None
    ) -> None:
        self._bar, self._total, self._on_progress = bar, total, on_progress

    def __call__(self, done: Progress) -> None:
        """Show it."""
        cost = self.loading.usage.cost_usd if self.loading.describer else None
        of = f" of {done.page_count}" if done.page_count else ""
        at = f"{Path(done.source).name} {done.place}{of}".rstrip()
        note = f"{done.documents:,} pages and pictures: {at}"
        self._bar.show(Standing(done.files, self._total, done.failures, cost, note))
        if self._on_progress:
            self._on_progress(done)


def _opened(
    files: dict[str, SeenFile], digests: dict[str, str]
) -> Iterator[tuple[SourceFile | Failure, Reader]]:
    for path in list(files):
        reader = next(
            reader for suffixes, reader in _READERS if Path(path).suffix.lower() in suffixes
        )
        try:
            source = open_source(Path(path))
        except OSError as error:
            yield Failure(path, "", error), reader
            continue
        digests[path] = source.sha256
        yield source, reader


def _failures(path: str, loading: Loading) -> list[Failure]:
    return [failure for failure in loading.failures if failure.source == path]


def _settled(file: SeenFile, failures: Iterable[Failure]) -> SeenFile:
    """Return the file as it is kept: as changed, where not its bytes but something else failed."""
    own = (ImageError, VideoError)
    return file if all(isinstance(f.error, own) for f in failures) else replace(file, mtime_ns=-1)


def _told(failures: Iterable[Failure]) -> str:
    return "; ".join(
        f"{each.place}: {each.error}" if each.place else str(each.error) for each in failures
    )
