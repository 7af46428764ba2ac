"""One item of a batch: looked up, asked once, written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import openai
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import run_in_executor

from langchain_gptv.batch import results
from langchain_gptv.batch.items import Item
from langchain_gptv.batch.journal import Journal, Record
from langchain_gptv.batch.money import Money
from langchain_gptv.batch.pace import TRANSIENT, TRIES, Pace, is_hopeless, seconds_until_retry
from langchain_gptv.batch.questions import Question
from langchain_gptv.exceptions import GPTVError
from langchain_gptv.usage import UsageTracker

Kind = Literal["asked", "known", "failed", "over", "stopped"]

_ITEM_FAULTS = (GPTVError, OSError, openai.OpenAIError, ValueError)
"""What one item may fail with while the rest go on; anything else is a defect."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item.

    Attributes:
        kind: "known" was answered before; "over" would pass the limit of cost; "stopped" was not
            begun, since the run is ending.
        error: Of a failure of this run.
    """

    kind: Kind
    error: Exception | None = None


class Asker:
    """Asks about items and writes the answers down; each key is asked once, also side by side.

    Args:
        question: What is asked.
        llm: Who is asked.
        journal: Where the answers are kept.
        money: What it may cost.
        retry_failed: Ask again what failed before.
        threads: Where calls are made; None makes them on the event loop. A chat model's async
            client belongs to the loop that used it first, so another loop must not use it.
    """

    def __init__(
        self,
        question: Question,
        llm: BaseChatModel,
        journal: Journal,
        money: Money,
        retry_failed: bool = False,
        threads: Executor | None = None,
    ) -> None:
        self._threads = threads
        self.question, self.journal, self.money = question, journal, money
        self._model = question.bind(llm)
        self._retries = set(journal.failed) if retry_failed else set()
        self._pace = Pace()
        self._under_way: dict[str, asyncio.Lock] = {}

    async def ask(self, item: Item, is_ending: Callable[[], bool] = lambda: False) -> Outcome:
        """Return what became of an item.

        Args:
            item: The picture.
            is_ending: Whether nothing more is to be begun.

        Raises:
            JournalError: The answer cannot be written.
            openai.OpenAIError: Every item would fail alike.
        """
        try:
            source, digest = await asyncio.to_thread(item.load)
        except (GPTVError, OSError) as error:
            return await self._unreadable(item, error)
        key = self.question.key(item, digest)
        # The same picture twice in a folder: the second waits for the first.
        async with self._under_way.setdefault(key, asyncio.Lock()):
            try:
                if self._is_settled(key):
                    return await self._known(key, item)
                return await self._ask(key, item, source, is_ending)
            finally:
                self._under_way.pop(key, None)

    def _is_settled(self, key: str) -> bool:
        return key in self.journal and key not in self._retries

    async def _known(self, key: str, item: Item) -> Outcome:
        if not self.journal.holds(key, item.name):
            await self._keep(results.copied(self.journal[key], item))
        return Outcome("known" if self.journal.is_done(key) else "failed")

    async def _unreadable(self, item: Item, error: Exception) -> Outcome:
        key = self.question.key(item, f"unreadable {item.name}")
        if not self._is_settled(key):
            await self._keep(results.failed(key, item, self.question.about(item), error))
        return Outcome("failed", error)

    async def _ask(
        self, key: str, item: Item, source: Any, is_ending: Callable[[], bool]
    ) -> Outcome:
        about, tracker = self.question.about(item), UsageTracker(service=self.money.service)
        self._retries.discard(key)
        try:
            reply = await self._paid_reply(item, source, tracker, is_ending)
            if not isinstance(reply, AIMessage):
                return Outcome(reply)
            answer = self.question.read(reply)
            record = results.answered(key, item, about, answer, reply, tracker.total)
            outcome = Outcome("asked")
        except _ITEM_FAULTS as error:
            if is_hopeless(error):
                raise
            record = results.failed(key, item, about, error, tracker.total)
            outcome = Outcome("failed", error)
        await self._keep(record)
        return outcome

    async def _paid_reply(
        self, item: Item, source: Any, tracker: UsageTracker, is_ending: Callable[[], bool]
    ) -> AIMessage | Kind:
        message, estimate = await asyncio.to_thread(self._prepared, item, source)
        if not await self.money.hold(estimate):
            return "over"
        try:
            return await self._reply(message, tracker, is_ending)
        finally:
            total = tracker.total
            # No answer, no bill; where no price is known, the estimate stands.
            billed = None if total.unknown > total.failed else total.cost_usd
            await self.money.settle(estimate, billed, total.output_tokens)

    def _prepared(self, item: Item, source: Any) -> tuple[HumanMessage, Decimal]:
        message = self.question.message(item, source)
        return message, self.money.estimate([message])

    async def _reply(
        self, message: HumanMessage, tracker: UsageTracker, is_ending: Callable[[], bool]
    ) -> AIMessage | Kind:
        for attempt in range(TRIES):
            await self._pace.wait()
            if is_ending():
                return "stopped"
            try:
                said = await self._invoke([message], {"callbacks": [tracker]})
            except TRANSIENT as error:
                if attempt + 1 == TRIES or is_hopeless(error):
                    raise
                self._pace.hold(seconds_until_retry(error, attempt))
            else:
                reply: AIMessage = said["raw"] if isinstance(said, dict) else said
                return reply
        return "stopped"

    async def _invoke(self, messages: list[HumanMessage], config: RunnableConfig) -> Any:
        if self._threads is None:
            return await self._model.ainvoke(messages, config)
        return await run_in_executor(self._threads, self._model.invoke, messages, config)

    async def _keep(self, record: Record) -> None:
        writing = asyncio.ensure_future(asyncio.to_thread(self.journal.append, record))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing  # it is paid for
            raise
