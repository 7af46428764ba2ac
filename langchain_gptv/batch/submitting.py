"""OpenAI's Batch API: half the price, within a day; here what goes to it.

It may be killed and run again: no question is sent twice.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, field, replace
from typing import IO, Any, cast

import openai
from langchain_openai.chat_models.base import BaseChatOpenAI

from langchain_gptv.batch import results
from langchain_gptv.batch.books import PART_ID, Books, open_client
from langchain_gptv.batch.items import Item
from langchain_gptv.batch.journal import Journal
from langchain_gptv.batch.parts import (
    MAX_BYTES,
    MAX_REQUESTS,
    Draft,
    Line,
    Part,
    PartBook,
    drafts,
)
from langchain_gptv.batch.questions import Question, Schema
from langchain_gptv.exceptions import BatchError, GPTVError
from langchain_gptv.progress import ProgressBar, Standing, progress_bar

_RESUME = "what was sent stays sent; run the same again to go on."


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of items that were to be sent.

    Attributes:
        parts: The batches that were sent.
        errors: Item and error of each that could not be; the file of results has them too.
    """

    parts: list[Part] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        count = sum(len(part.requests) for part in self.parts)
        batches = "1 batch" if len(self.parts) == 1 else f"{len(self.parts)} batches"
        failed = f", {len(self.errors):,} could not be read" if self.errors else ""
        return f"{count:,} questions sent in {batches}{failed}."


def submit_batch(
    items: Iterable[Any],
    *,
    llm: BaseChatOpenAI,
    out: str | os.PathLike[str],
    ask: str | None = None,
    schema: Schema | None = None,
    retry_failed: bool = False,
    max_requests: int = MAX_REQUESTS,
    max_bytes: int = MAX_BYTES,
    progress: bool | ProgressBar = True,
) -> list[Part]:
    """Send what has no answer in `out` and is not with the service, in as few batches as it takes.

    What expired is sent again. Images are prepared as for a call. It takes as long as reading
    them and sending them; in async code call it in a thread.

    Args:
        items: As in `run_batch`.
        ask: As in `run_batch`.
        schema: As in `run_batch`.
        llm: A `ChatGPTV` or `ChatOpenAI`, for OpenAI or a server that speaks its Batch API.
        out: File of results; what is with the service stands in `<out>.batches`.
        retry_failed: Send again what failed before.
        max_requests: Of one batch.
        max_bytes: Of one batch's file.
        progress: As in `run_batch`.

    Returns:
        The batches that were sent.

    Raises:
        BatchError: The model is none that can be asked so.
        JournalError: As in `run_batch`.
    """
    question = Question.of(ask, schema, llm)
    limits = max_requests, max_bytes
    return submit(items, question, llm, out, retry_failed, limits, progress).parts


def submit(
    items: Iterable[Any],
    question: Question,
    llm: BaseChatOpenAI,
    out: str | os.PathLike[str],
    retry_failed: bool = False,
    limits: tuple[int, int] = (MAX_REQUESTS, MAX_BYTES),
    progress: bool | ProgressBar = True,
) -> Submission:
    """Do the work of `submit_batch`, and tell what could not be read too.

    The arguments are those; `limits` are the requests and bytes of one batch.
    """
    client = open_client(llm)
    with Books(out, client) as books, progress_bar(progress, "prepared", _RESUME) as bar:
        done = Submission()
        shown = _Shown(bar, len(items) if isinstance(items, Sized) else None, done)
        told = shown.counted(map(Item.of, items))
        lines = _lines(told, question, llm, books.journal, retry_failed, limits[1], done)
        waiting = {key for part in books.parts.parts("sent") for key in part.requests}
        for draft in drafts(lines, *limits, waiting.__contains__):
            done.parts.append(_send(draft, question, client, books.parts, shown.upload))
        bar.close(str(done))
    return done


class _Shown:
    """What the bar shows while items are prepared and files go out."""

    def __init__(self, bar: ProgressBar, total: int | None, done: Submission) -> None:
        self._bar, self._total, self._done = bar, total, done
        self._count = 0

    def counted(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items; one counts when the next is asked for."""
        for item in items:
            yield item
            self._count += 1
            self._show()

    def upload(self, sent: int, size: int) -> None:
        """Show how many bytes of a file are out."""
        self._show(f"uploading {sent / 1e6:,.1f} of {size / 1e6:,.1f} MB")

    def _show(self, note: str = "") -> None:
        failed = len(self._done.errors)
        self._bar.show(Standing(self._count, self._total, failed, note=note))


class _Upload(io.BufferedIOBase):
    """A file that tells how much of it was read."""

    def __init__(self, file: IO[bytes], on_read: Callable[[int, int], None]) -> None:
        self._file, self._on_read = file, on_read
        self._size = file.seek(0, os.SEEK_END)
        file.seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        data = self._file.read(-1 if size is None else size)
        self._on_read(self._file.tell(), self._size)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def _lines(
    items: Iterator[Item],
    question: Question,
    llm: BaseChatOpenAI,
    journal: Journal,
    retry_failed: bool,
    max_bytes: int,
    done: Submission,
) -> Iterator[Line]:
    """Yield the questions without an answer; an image that cannot be read is written down."""
    for item in items:
        key = question.key(item, f"unreadable {item.name}")
        try:
            source, digest = item.load()
            key = question.key(item, digest)
            if key in journal and not (retry_failed and not journal.is_done(key)):
                if not journal.holds(key, item.name):
                    journal.append(results.copied(journal[key], item))
                continue
            body = _body(question, item, source, llm)
            yield _line(key, item, question, body, max_bytes)
        except (GPTVError, OSError) as error:
            if key not in journal:
                about = question.about(item)
                journal.append(results.failed(key, item, about, error))
            done.errors.append((item.name, f"{type(error).__name__}: {error}"))


def _line(key: str, item: Item, question: Question, body: dict[str, Any], max_bytes: int) -> Line:
    request = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
    data = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    if len(data) > max_bytes:
        raise BatchError(
            f"The request about {item.name} has {len(data):,} bytes, over the limit of "
            f"{max_bytes:,} of a batch. Make the image smaller."
        )
    return Line(key, item.name, question.about(item), data)


def _body(question: Question, item: Item, source: Any, llm: BaseChatOpenAI) -> dict[str, Any]:
    message = question.message(item, source)
    payload = llm._get_request_payload([message], **question.response_format())
    if "messages" not in payload:
        raise BatchError("Batches go through Chat Completions. Set use_responses_api=False.")
    return {name: value for name, value in payload.items() if not name.startswith("stream")}


def _send(
    draft: Draft,
    question: Question,
    client: openai.OpenAI,
    book: PartBook,
    on_upload: Callable[[int, int], None],
) -> Part:
    part_id = book.new_id(list(draft.requests))
    part = Part(part_id, "sending", draft.requests, question.json_schema())
    # First written, then sent: a batch that nobody remembers would be paid for twice.
    book.write(part)
    with draft.file:
        file = cast("IO[bytes]", _Upload(draft.file, on_upload))
        upload = client.files.create(file=("requests.jsonl", file), purpose="batch")
    batch = client.batches.create(
        input_file_id=upload.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={PART_ID: part_id},
    )
    sent = replace(part, state="sent", batch_id=batch.id)
    book.write(sent)
    return sent
