"""OpenAI's Batch API: half the price, within a day; here what goes to it.

It may be killed and run again: no question is sent twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

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

    Returns:
        The batches that were sent.

    Raises:
        BatchError: The model is none that can be asked so.
        JournalError: As in `run_batch`.
    """
    client = open_client(llm)
    question = Question.of(ask, schema, llm)
    with Books(out, client) as books:
        lines = _lines(map(Item.of, items), question, llm, books.journal, retry_failed, max_bytes)
        waiting = {key for part in books.parts.parts("sent") for key in part.requests}
        found = drafts(lines, max_requests, max_bytes, waiting.__contains__)
        return [_send(draft, question, client, books.parts) for draft in found]


def _lines(
    items: Iterator[Item],
    question: Question,
    llm: BaseChatOpenAI,
    journal: Journal,
    retry_failed: bool,
    max_bytes: int,
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


def _send(draft: Draft, question: Question, client: openai.OpenAI, book: PartBook) -> Part:
    part_id = book.new_id(list(draft.requests))
    part = Part(part_id, "sending", draft.requests, question.json_schema())
    # First written, then sent: a batch that nobody remembers would be paid for twice.
    book.write(part)
    draft.file.seek(0)
    with draft.file:
        upload = client.files.create(file=("requests.jsonl", draft.file), purpose="batch")
    batch = client.batches.create(
        input_file_id=upload.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={PART_ID: part_id},
    )
    sent = replace(part, state="sent", batch_id=batch.id)
    book.write(sent)
    return sent
