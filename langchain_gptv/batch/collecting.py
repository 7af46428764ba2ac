"""OpenAI's Batch API: how far the batches are, and their answers into the file of results.

It may be killed and run again: no answer is lost, and none is written twice.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import openai
from langchain_core.messages import AIMessage
from langchain_openai.chat_models.base import BaseChatOpenAI
from openai.types import Batch

from langchain_gptv.batch import results
from langchain_gptv.batch.books import Books, check_submitted, open_client
from langchain_gptv.batch.items import Item
from langchain_gptv.batch.journal import Journal, Record
from langchain_gptv.batch.parts import Part, PartBook
from langchain_gptv.batch.questions import Question
from langchain_gptv.exceptions import ReplyError
from langchain_gptv.progress import ProgressBar, Standing, progress_bar
from langchain_gptv.vision.costs import estimate_cost
from langchain_gptv.vision.profile_data import LOCAL_MODEL
from langchain_gptv.vision.usage import CallUsage, UsageTotal, add_up

ENDED = ("completed", "failed", "expired", "cancelled")

_HALF = Decimal("0.5")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0
_RESUME = "what was collected stays, the rest stays with the service; run the same again to go on."


@dataclass(frozen=True, slots=True)
class PartStatus:
    """How far one batch is.

    Attributes:
        batch_id: The service's.
        status: As the service says it, or "collected".
        total: Questions in it.
        completed: Answered.
        failed: Refused.
    """

    batch_id: str
    status: str
    total: int
    completed: int
    failed: int


def batch_status(out: str | os.PathLike[str], *, llm: BaseChatOpenAI) -> list[PartStatus]:
    """Ask how far the batches of a file of results are.

    Raises:
        BatchError: Nothing was ever submitted for it.
    """
    check_submitted(out)
    client = open_client(llm)
    with Books(out, client, must_exist=True) as books:
        return [_status(part, client) for part in books.parts.parts("sent", "collected")]


def collect_batch(
    out: str | os.PathLike[str],
    *,
    llm: BaseChatOpenAI,
    wait: bool = False,
    progress: bool | ProgressBar = True,
) -> results.BatchResult:
    """Write down the answers of every batch that has ended; failures are told by `failed`.

    What expired or was cancelled has no answer and no bill: `submit_batch` sends it again.

    Args:
        out: The file of results that `submit_batch` was given.
        llm: As in `submit_batch`.
        wait: Stay until the last batch has ended, which may take a day; each is collected as it
            ends, and Ctrl-C loses nothing.
        progress: As in `run_batch`.

    Raises:
        BatchError: Nothing was ever submitted for it.
    """
    check_submitted(out)
    client = open_client(llm)
    with (
        Books(out, client, must_exist=True) as books,
        progress_bar(progress, "collected", _RESUME) as bar,
    ):
        total = sum(len(part.requests) for part in books.parts.parts("sent"))
        collector = _Collector(llm, client, books.journal, bar, total)
        pause = _FIRST_PAUSE_S
        while collector.collect_all(books.parts) and wait:
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        result = collector.result()
        bar.close(str(result))
    return result


def _status(part: Part, client: openai.OpenAI) -> PartStatus:
    batch = client.batches.retrieve(part.batch_id or "")
    counts = batch.request_counts
    return PartStatus(
        batch.id,
        "collected" if part.state == "collected" else batch.status,
        len(part.requests),
        counts.completed if counts else 0,
        counts.failed if counts else 0,
    )


class _Collector:
    """Writes the answers of batches into the file of results."""

    def __init__(
        self,
        llm: BaseChatOpenAI,
        client: openai.OpenAI,
        journal: Journal,
        bar: ProgressBar,
        total: int,
    ) -> None:
        self._llm, self._client, self._journal = llm, client, journal
        self._bar, self._total, self._told = bar, total, 0
        self._asked = self._failed = 0
        self._cost = Decimal()
        self._errors: list[tuple[str, str]] = []
        self._waiting: list[str] = []
        self._unanswered = 0

    def collect_all(self, book: PartBook) -> bool:
        """Collect every batch that has ended; True while others are at work."""
        self._waiting, answered = [], 0
        for part in book.parts("sent"):
            batch = self._client.batches.retrieve(part.batch_id or "")
            if batch.status in ENDED:
                self._collect(part, batch)
                book.write(replace(part, state="collected"))
                continue
            self._waiting.append(f"{batch.id} is {batch.status}")
            answered += batch.request_counts.completed if batch.request_counts else 0
        if self._waiting:
            self._show(f"{answered:,} more are answered in batches at work")
        return bool(self._waiting)

    def _show(self, note: str = "") -> None:
        self._bar.show(Standing(self._told, self._total, self._failed, self._cost, note))

    def _collect(self, part: Part, batch: Batch) -> None:
        """Write down what a batch brought."""
        told = set()
        for line in self._answers(batch):
            if line["custom_id"] in part.requests and self._keep(line, part):
                told.add(line["custom_id"])
                self._told += 1
                self._show()
        self._unanswered += len(part.requests) - len(told)
        if batch.status == "failed":
            faults = batch.errors.data if batch.errors and batch.errors.data else []
            self._errors += [(batch.id, str(fault.message)) for fault in faults[:3]]

    def result(self) -> results.BatchResult:
        """Return what was collected."""
        stopped = "; ".join(self._waiting)
        if self._unanswered:
            again = f"{self._unanswered:,} expired or never began; submit again."
            stopped = f"{stopped}; {again}" if stopped else again
        counts = self._asked, 0, self._failed, self._cost
        return results.BatchResult(self._journal.path, *counts, tuple(self._errors[:10]), stopped)

    def _answers(self, batch: Batch) -> Iterator[dict[str, Any]]:
        for file_id in filter(None, (batch.output_file_id, batch.error_file_id)):
            with self._client.files.with_streaming_response.content(file_id) as response:
                yield from (json.loads(line) for line in response.iter_lines() if line)

    def _keep(self, line: dict[str, Any], part: Part) -> bool:
        """Write down one line; False when it was not answered and not billed."""
        key, response = line["custom_id"], line.get("response")
        if response is None:
            return False
        if self._journal.is_done(key):  # killed while collecting, and begun again
            return True
        told = part.requests[key]
        first, *copies = (Item(name, name) for name in told["items"])
        record = self._record(key, first, told["question"], response, part)
        self._journal.append(record)
        for copy in copies:
            self._journal.append(results.copied(record, copy))
        self._asked += record["ok"]
        self._failed += not record["ok"]
        self._cost += Decimal(record["cost_usd"] or 0)
        if not record["ok"]:
            self._errors.append((first.name, record["error"]))
        return True

    def _record(
        self, key: str, item: Item, about: str, response: dict[str, Any], part: Part
    ) -> Record:
        if response["status_code"] != 200:
            return results.failed(key, item, about, _refusal(response))
        message: Any = self._llm._create_chat_result(response["body"]).generations[0].message
        try:
            answer = Question(about, part.schema, "").read(message)
        except ReplyError as error:
            return results.failed(key, item, about, error, _usage(message))
        return results.answered(key, item, about, answer, message, _usage(message))


def _refusal(response: dict[str, Any]) -> ReplyError:
    fault = (response["body"].get("error") or {}).get("message", "no reason given")
    return ReplyError(f"The service answered {response['status_code']}: {fault}", reply="")


def _usage(message: AIMessage) -> UsageTotal:
    """Return what an answer took, at half the price."""
    model, usage = message.response_metadata.get("model_name") or "", message.usage_metadata
    read, written = (usage["input_tokens"], usage["output_tokens"]) if usage else (None, None)
    cost: Decimal | None = Decimal()
    if model != LOCAL_MODEL:
        cost = estimate_cost(read or 0, written or 0, model=model) if usage else None
    halved = None if cost is None else cost * _HALF
    return add_up([CallUsage(model, "", read, written, None, halved)])
