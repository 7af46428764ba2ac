"""What all loaders share: files to views, views to documents, several at once and in order."""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Protocol, TypedDict

from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel

from langchain_gptv.exceptions import GPTVError, MissingExtraError
from langchain_gptv.rag.cache import LoaderCache
from langchain_gptv.rag.describing import PROMPT, Describer
from langchain_gptv.rag.documents import Failure, Progress, SourceFile, View
from langchain_gptv.rag.texts import TextMaker, TextMode
from langchain_gptv.store import ImageStore
from langchain_gptv.tools.base import ObserverChoice
from langchain_gptv.tools.steps import Usage

_HOPELESS = (401, 403, 404)
"""Of a model's service: no key, no right, no such model. It will say so of every page."""


class LoaderOptions(TypedDict, total=False):
    """What every loader and the parser take.

    Attributes:
        store: Where pictures go; by default one in memory, as `loader.store`.
        text: Where `page_content` comes from. "embedded" is the text layer of a PDF, "ocr" what the
            observer reads, "describe" what `llm` says. "auto" takes embedded text where there is
            enough; else for figures, photos and scenes a description when there is an `llm`; else
            OCR (with the names of what is seen in photos and scenes).
        llm: Any chat model that takes images.
        prompt: What `llm` is asked.
        observer: Reads and sees; by default the embedded engine, when the extra "local" is there.
        max_concurrency: Texts that are made at once.
        on_progress: Called after each document, failure and file, in the thread that loads.
        cache: Path of a file that remembers what was done, or a `LoaderCache`.
    """

    store: ImageStore | None
    text: TextMode
    llm: BaseChatModel | None
    prompt: str
    observer: ObserverChoice
    max_concurrency: int
    on_progress: Callable[[Progress], None] | None
    cache: LoaderCache | str | os.PathLike[str] | None


class Reader(Protocol):
    """Opens one kind of file."""

    @property
    def settings(self) -> tuple[object, ...]:
        """What its views depend on, beside the file."""

    def views(
        self, file: SourceFile, store: ImageStore, texts: TextMaker
    ) -> Iterator[View | Failure]:
        """Yield the views of a file, lazily, and what failed of it.

        Raises:
            GPTVError: The file as a whole cannot be read.
        """


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A view, and the key of its file in the cache."""

    view: View
    key: str


@dataclass(frozen=True, slots=True)
class _Ready:
    """A document; `key` is empty when it came out of the cache."""

    document: Document
    key: str = ""


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a file, which stands in line behind its documents.

    The key is empty where nothing is to be kept: it could not be opened, or came out of the cache.
    """

    source: str
    key: str = ""


_Result = _Ready | Failure | _End


class Loading:
    """Turns files into documents by one set of options.

    Attributes:
        failures: What failed since the last `start`.
    """

    def __init__(
        self,
        *,
        store: ImageStore | None = None,
        text: TextMode = "auto",
        llm: BaseChatModel | None = None,
        prompt: str = PROMPT,
        observer: ObserverChoice = "default",
        max_concurrency: int = 8,
        on_progress: Callable[[Progress], None] | None = None,
        cache: LoaderCache | str | os.PathLike[str] | None = None,
    ) -> None:
        if max_concurrency < 1:
            raise ValueError(f"max_concurrency={max_concurrency} must be 1 or more.")
        self.store = ImageStore() if store is None else store
        self.cache = LoaderCache.of(cache)
        self.describer = Describer(llm, prompt=prompt, cache=self.cache) if llm else None
        self.texts = TextMaker(text, self.describer, observer, self.cache)
        self.max_concurrency = max_concurrency
        self.on_progress = on_progress
        self.failures: list[Failure] = []
        self._documents = self._files = 0

    @property
    def usage(self) -> Usage:
        """What descriptions took so far."""
        return self.describer.usage if self.describer else Usage()

    def start(self) -> None:
        """Forget the failures and the count of an earlier run."""
        self.failures, self._documents, self._files = [], 0, 0

    def documents(self, files: Iterable[tuple[SourceFile | Failure, Reader]]) -> Iterator[Document]:
        """Yield the documents of files, in order, while later ones are on their way."""
        count, failed = 0, False
        for result in self._finished(self._line_up(files)):
            if isinstance(result, _End):
                if self.cache and result.key and not failed:
                    self.cache.keep_file(result.key, count)
                count, failed = 0, False
                self._files += 1
                self._tell(result.source, "", None)
            elif isinstance(result, Failure):
                failed = True
                self.failures.append(result)
                self._tell(result.source, result.place, None)
            else:
                self._note(result, count)
                count += 1
                yield result.document

    def _line_up(
        self, files: Iterable[tuple[SourceFile | Failure, Reader]]
    ) -> Iterator[_Wanted | _Result]:
        for file, reader in files:
            if isinstance(file, Failure):
                yield file
                yield _End(file.source)
                continue
            key = LoaderCache.key(file.sha256, *reader.settings, *self.texts.settings)
            if self._is_known(key):
                yield from self._known(key, file)
                yield _End(file.source)
                continue
            try:
                for view in reader.views(file, self.store, self.texts):
                    yield _Wanted(view, key) if isinstance(view, View) else view
            except (GPTVError, OSError) as error:
                if isinstance(error, MissingExtraError):
                    raise
                yield Failure(file.source, "", error)
            yield _End(file.source, key)

    def _is_known(self, key: str) -> bool:
        """Tell whether a file was read to its end, and its pictures are still in the store."""
        if self.cache is None or self.cache.count(key) is None:
            return False
        return all(doc.metadata["image"] in self.store for doc in self.cache.documents(key))

    def _known(self, key: str, file: SourceFile) -> Iterator[_Ready]:
        assert self.cache is not None
        for document in self.cache.documents(key):
            document.metadata["source"] = file.source  # the same bytes may lie elsewhere now
            yield _Ready(document)

    def _finished(self, items: Iterable[_Wanted | _Result]) -> Iterator[_Result]:
        """Make texts, some at once, and yield everything in the order it came."""
        pool = ThreadPoolExecutor(self.max_concurrency, thread_name_prefix="gptv-texts")
        line: deque[Future[_Result] | _Result] = deque()
        try:
            for item in items:
                # The context carries the callbacks of whoever called.
                line.append(
                    pool.submit(copy_context().run, self._finish, item)
                    if isinstance(item, _Wanted)
                    else item
                )
                while line and (_is_ready(line[0]) or _count(line) > 2 * self.max_concurrency):
                    yield _result(line.popleft())
            while line:
                yield _result(line.popleft())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _finish(self, wanted: _Wanted) -> _Result:
        view = wanted.view
        try:
            return _Ready(self.texts.make(view), wanted.key)
        # The clients of other models and other observers have errors of their own, down to a
        # TypeError for an odd reply. Each is told with its page, and the other pages go on.
        except Exception as error:
            if _is_hopeless(error):
                raise
            return Failure(view.file.source, view.place, error)

    def _note(self, ready: _Ready, place: int) -> None:
        if self.cache and ready.key:
            self.cache.keep_document(ready.key, place, ready.document)
        self._documents += 1
        metadata = ready.document.metadata
        at = f"page {metadata['page']}" if "page" in metadata else ""
        self._tell(metadata["source"], at, metadata.get("page_count"))

    def _tell(self, source: str, place: str, page_count: int | None) -> None:
        if self.on_progress:
            counts = self._documents, len(self.failures), page_count, self._files
            self.on_progress(Progress(source, place, *counts))


def _is_hopeless(error: Exception) -> bool:
    """Tell whether every other page would fail alike: no key, no quota, no library, a full disk."""
    if isinstance(error, MissingExtraError | sqlite3.Error):
        return True
    quota = getattr(error, "code", None) == "insufficient_quota"
    return quota or getattr(error, "status_code", None) in _HOPELESS


def _count(line: Iterable[Future[_Result] | _Result]) -> int:
    """Return how many pictures are in line, each of which takes memory."""
    return sum(isinstance(item, Future) for item in line)


def _is_ready(item: Future[_Result] | _Result) -> bool:
    return not isinstance(item, Future) or item.done()


def _result(item: Future[_Result] | _Result) -> _Result:
    return item.result() if isinstance(item, Future) else item
