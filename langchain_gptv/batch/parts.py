"""What is sent to a batch service: which questions, in which batch; written down before."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from langchain_gptv.batch.journal import Journal
from langchain_gptv.exceptions import BatchError

MAX_REQUESTS = 50_000
MAX_BYTES = 200 * 10**6
"""What OpenAI takes in one file; more goes in several."""

State = Literal["sending", "sent", "collected", "void"]


@dataclass(frozen=True, slots=True)
class Part:
    """One batch of the service.

    Attributes:
        part_id: Ours; the service keeps it beside the batch, so that a batch is found again whose
            id could not be written down.
        state: "sending" until the service has confirmed; "void" never reached it.
        requests: Names of the items and the question, by key.
        schema: The JSON Schema that answers must fit; None for text.
        batch_id: The service's.
    """

    part_id: str
    state: State
    requests: dict[str, dict[str, Any]]
    schema: dict[str, Any] | None
    batch_id: str | None = None

    def to_record(self) -> dict[str, Any]:
        """Return it as a line."""
        return {
            "key": self.part_id,
            "state": self.state,
            "batch_id": self.batch_id,
            "schema": self.schema,
            "requests": self.requests,
        }


def book_of(out: Path) -> Path:
    """Return where the batches of a file of results stand."""
    return out.with_name(f"{out.name}.batches")


def check_none_pending(out: Path) -> None:
    """Raise where questions are with the service, since asking them now would pay twice.

    Raises:
        BatchError: They are.
    """
    if not book_of(out).exists():
        return
    book = PartBook(out)
    try:
        pending = sum(len(part.requests) for part in book.parts("sending", "sent"))
    finally:
        book.close()
    if pending:
        raise BatchError(
            f"{pending:,} questions of '{out}' are with the batch service. Collect them first, or "
            "choose another file."
        )


class PartBook:
    """The batches of one file of results, in a file beside it.

    Args:
        out: The file of results.
    """

    def __init__(self, out: Path) -> None:
        self._journal = Journal(book_of(out))

    def close(self) -> None:
        """Give the file to others."""
        self._journal.close()

    def parts(self, *states: State) -> list[Part]:
        """Return the batches in one of these states; without any, all of them."""
        found = []
        for part_id in self._journal:
            record = self._journal[part_id]
            names = (record["state"], record["requests"], record["schema"], record["batch_id"])
            if not states or record["state"] in states:
                found.append(Part(part_id, *names))
        return found

    def write(self, part: Part) -> None:
        """Write down a batch, or what became of it."""
        self._journal.append(part.to_record())

    def new_id(self, keys: list[str]) -> str:
        """Return an id for these questions, another one when they are sent once more."""
        told = json.dumps([len(self._journal), keys])
        return hashlib.sha256(told.encode()).hexdigest()[:32]


@dataclass
class Draft:
    """Questions on their way into one file."""

    file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    size: int = 0

    def has_room(self, line: bytes, max_requests: int, max_bytes: int) -> bool:
        """Whether a further line fits."""
        return len(self.requests) < max_requests and self.size + len(line) <= max_bytes

    def add(self, key: str, item: str, question: str, line: bytes) -> None:
        """Add a line."""
        self.file.write(line)
        self.size += len(line)
        self.requests[key] = {"items": [item], "question": question}


@dataclass(frozen=True, slots=True)
class Line:
    """One question as it goes into a file."""

    key: str
    item: str
    question: str
    data: bytes


def drafts(
    lines: Iterator[Line], max_requests: int, max_bytes: int, pending: Callable[[str], bool]
) -> Iterator[Draft]:
    """Gather lines into files as large as the service takes.

    Args:
        lines: A key may come again, for a copy of a picture; it is sent once.
        max_requests: Of a file.
        max_bytes: Of a file.
        pending: Whether a key is with the service already.
    """
    draft = Draft()
    for line in lines:
        if line.key in draft.requests:
            draft.requests[line.key]["items"].append(line.item)
        elif not pending(line.key):
            if draft.requests and not draft.has_room(line.data, max_requests, max_bytes):
                yield draft
                draft = Draft()
            draft.add(line.key, line.item, line.question, line.data)
    if draft.requests:
        yield draft
