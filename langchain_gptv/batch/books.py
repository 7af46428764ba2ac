"""The files of a batch service, opened together: results, and what was sent where."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

import openai
from langchain_openai.chat_models.base import BaseChatOpenAI

from langchain_gptv.batch.journal import Journal
from langchain_gptv.batch.parts import PartBook, book_of
from langchain_gptv.exceptions import BatchError
from langchain_gptv.vision.profile_data import LOCAL_MODEL

PART_ID = "gptv_part"
"""Under which the service keeps our id of a batch."""


class Books:
    """The file of results and that of the batches, both of them locked."""

    def __init__(
        self, out: str | os.PathLike[str], client: openai.OpenAI, *, must_exist: bool = False
    ) -> None:
        path = Path(out)
        if must_exist:
            check_submitted(path)
        with ExitStack() as opened:
            self.journal = opened.enter_context(Journal(path))
            self.parts = PartBook(path)
            opened.callback(self.parts.close)
            _find_unconfirmed(self.parts, client)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()


def check_submitted(out: str | os.PathLike[str]) -> None:
    """Raise where no batch is known of a file of results.

    Raises:
        BatchError: It is so.
    """
    book = book_of(Path(out))
    if not book.exists():
        raise BatchError(
            f"Nothing was submitted for '{os.fspath(out)}': there is no '{book}'. Name the file "
            "that submit was given, or submit first."
        )


def open_client(llm: BaseChatOpenAI) -> openai.OpenAI:
    """Return the client of a model whose service has the Batch API.

    Raises:
        BatchError: It has none.
    """
    client = getattr(llm, "root_client", None)
    if not isinstance(client, openai.OpenAI) or isinstance(client, openai.AzureOpenAI):
        raise BatchError(
            f"A {type(llm).__name__} cannot be asked through OpenAI's Batch API. Pass a ChatGPTV "
            "or ChatOpenAI; run_batch takes any model."
        )
    if client.base_url.host == "gptv.local":
        raise BatchError(
            f"{LOCAL_MODEL!r} in this process forgets a batch when the process ends. Set "
            "OPENAI_API_KEY, or start `gptv serve` and pass its address as base_url (--base-url)."
        )
    return client


def _find_unconfirmed(book: PartBook, client: openai.OpenAI) -> None:
    """Learn what became of batches that were being sent when the process ended."""
    unconfirmed = {part.part_id: part for part in book.parts("sending")}
    if not unconfirmed:
        return
    for batch in client.batches.list(limit=100):
        part = unconfirmed.pop((batch.metadata or {}).get(PART_ID, ""), None)
        if part is not None:
            book.write(replace(part, state="sent", batch_id=batch.id))
    for part in unconfirmed.values():
        book.write(replace(part, state="void"))
