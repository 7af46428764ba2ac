"""One question about many pictures, side by side; every answer is on the disk before the next."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sized
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel

from langchain_gptv.batch.asking import Asker, Outcome
from langchain_gptv.batch.items import Item
from langchain_gptv.batch.journal import Journal
from langchain_gptv.batch.money import Money
from langchain_gptv.batch.parts import check_none_pending
from langchain_gptv.batch.questions import Question, Schema
from langchain_gptv.batch.results import BatchResult
from langchain_gptv.exceptions import BatchError
from langchain_gptv.progress import ProgressBar, Standing, make_bar

OnError = Literal["record", "raise"]

CALL = "gptv-call"
"""How the name of a thread begins that waits for an answer."""

_ERRORS_SHOWN = 10

_INTERRUPTED = "interrupted; run the same again to go on."
_LEFT = "interrupted twice; what was under way may be billed. Run the same again to go on."


def run_batch(
    items: Iterable[Any],
    *,
    llm: BaseChatModel,
    out: str | os.PathLike[str],
    ask: str | None = None,
    schema: Schema | None = None,
    max_concurrency: int = 8,
    max_cost_usd: Decimal | float | None = None,
    retry_failed: bool = False,
    on_error: OnError = "record",
    progress: bool | ProgressBar = True,
) -> BatchResult:
    """Ask one question about many pictures; the same call again goes on where it ended.

    An answer is on the disk before its place goes to the next picture. A picture, question, model
    and settings that were answered before are not asked again. Ctrl-C begins nothing more and
    keeps the answers under way; a second one does not wait for them. Of what kill -9 cut off, at
    most `max_concurrency` questions were under way, whose answers nobody received; only those are
    asked again.

    Args:
        items: Paths, URLs or `Item`s, or what `load_items` lists.
        llm: Any chat model that takes images; its `rate_limiter` is kept to.
        out: File of results, JSON lines; a line holds `key`, `item`, `ok`, `answer` or `error`,
            `question`, tokens and `cost_usd`. The last line of a key counts.
        ask: The question; `{column}` stands for a value of an item's row.
        schema: A Pydantic class or a JSON Schema that answers must fit.
        max_concurrency: Questions under way at a time.
        max_cost_usd: US dollars that this run does not pass; it stops before. Kept exactly where
            the model has `max_tokens`, else by the longest answer so far.
        retry_failed: Ask again what failed in an earlier run.
        on_error: "record" writes a failure down and goes on; "raise" ends the run with it.
        progress: True shows a bar in a terminal or a notebook, and elsewhere a line a minute and
            one at the end.

    Returns:
        Counts, cost, and the first errors.

    Raises:
        BatchError: There is no question, or `max_concurrency` is below 1.
        BudgetError: `max_cost_usd` is given, and the price of the model is not known.
        JournalError: `out` is in use, holds something else, or the disk is full.
        openai.OpenAIError: Every item would fail alike: a wrong key, no such model, no quota.

    Example:
        >>> import tempfile
        >>> from langchain_gptv import ChatGPTV
        >>> out = tempfile.mkdtemp() + "/totals.jsonl"
        >>> images = ["examples/images/receipt.png"]
        >>> llm = ChatGPTV(model="gptv-local")
        >>> run_batch(images, llm=llm, out=out, ask="What is the total?", progress=False).asked
        1
    """
    question = Question.of(ask, schema, llm)
    threads = ThreadPoolExecutor(max(max_concurrency, 1), thread_name_prefix=CALL)
    try:
        run = _Run(items, question, llm, max_concurrency, retry_failed, on_error, threads)
        return _in_thread(run, out, max_cost_usd, progress)
    finally:
        threads.shutdown(wait=False)  # busy only when they were left


async def arun_batch(
    items: Iterable[Any],
    *,
    llm: BaseChatModel,
    out: str | os.PathLike[str],
    ask: str | None = None,
    schema: Schema | None = None,
    max_concurrency: int = 8,
    max_cost_usd: Decimal | float | None = None,
    retry_failed: bool = False,
    on_error: OnError = "record",
    progress: bool | ProgressBar = True,
) -> BatchResult:
    """Ask without blocking the event loop; otherwise as `run_batch`.

    Cancelling it cancels the questions under way; what was answered before stays.
    """
    run = _Run(items, Question.of(ask, schema, llm), llm, max_concurrency, retry_failed, on_error)
    return await run.run(out, max_cost_usd, progress)


class _Run:
    """One run: workers that take items in turn until none is left or something stops them."""

    def __init__(
        self,
        items: Iterable[Any],
        question: Question,
        llm: BaseChatModel,
        max_concurrency: int,
        retry_failed: bool,
        on_error: OnError,
        threads: Executor | None = None,
    ) -> None:
        if max_concurrency < 1:
            raise BatchError(f"max_concurrency={max_concurrency} asks nothing. Pass 1 or more.")
        self._total = len(items) if isinstance(items, Sized) else None
        self._items: Iterator[Item] = map(Item.of, items)
        self._question, self._llm = question, llm
        self._max_concurrency = max_concurrency
        self._retry_failed, self._on_error = retry_failed, on_error
        self._threads = threads
        self._counts: Counter[str] = Counter()
        self._errors: list[tuple[str, str]] = []
        self._fatal: BaseException | None = None
        self._stopped = ""
        self._is_left = False
        self._leave: Callable[[], object] = lambda: None
        self._tell: Callable[[str], None] = lambda said: None

    def interrupt(self) -> None:
        """Begin no more, finish what is under way, and say so at once. From any thread."""
        self.stop(_INTERRUPTED)
        self._tell("Finishing what is under way; Ctrl-C again leaves it.")

    def leave(self) -> None:
        """Keep what is answered and wait for nothing more. From any thread."""
        self._is_left, self._stopped = True, _LEFT
        self._leave()

    def stop(self, why: str) -> None:
        """Begin no more; what is under way is finished. From any thread."""
        self._stopped = self._stopped or why

    async def run(
        self,
        out: str | os.PathLike[str],
        max_cost_usd: Decimal | float | None,
        progress: bool | ProgressBar,
    ) -> BatchResult:
        """Run to the end, or until something stops it."""
        money = Money(self._llm, max_cost_usd)
        await asyncio.to_thread(check_none_pending, Path(out))
        journal = await asyncio.to_thread(Journal, out)
        shown = make_bar(progress, "asked")
        self._tell = lambda said: shown.show(self._standing(money, said))
        try:
            settings = (self._retry_failed, self._threads)
            asker = Asker(self._question, self._llm, journal, money, *settings)
            shown.show(self._standing(money))
            await self._all(self._work(asker, shown) for _ in range(self._max_concurrency))
        finally:
            journal.close()
            result = self._result(journal, money)
            shown.close(str(result))
        if self._fatal is not None:
            raise self._fatal
        return result

    async def _all(self, workers: Iterable[Coroutine[Any, Any, None]]) -> None:
        loop, working = asyncio.get_running_loop(), asyncio.gather(*workers)
        self._leave = lambda: loop.call_soon_threadsafe(working.cancel)
        try:
            await working
        except asyncio.CancelledError:
            if not self._is_left:
                raise

    async def _work(self, asker: Asker, shown: ProgressBar) -> None:
        try:
            while not self._stopped and (item := next(self._items, None)) is not None:
                outcome = await asker.ask(item, lambda: bool(self._stopped))
                self._count(item, outcome, asker.money)
                shown.show(self._standing(asker.money))
                asker.journal.check_room()
        except Exception as error:  # the others end what is under way, and then it is raised
            self._fatal = self._fatal or error
            self.stop(f"{type(error).__name__}: {error}")

    def _count(self, item: Item, outcome: Outcome, money: Money) -> None:
        self._counts[outcome.kind] += 1
        if outcome.kind == "over":
            self.stop(_over(money))
        if outcome.error is None:
            return
        if self._on_error == "raise":
            raise outcome.error
        if len(self._errors) < _ERRORS_SHOWN:
            self._errors.append((item.name, f"{type(outcome.error).__name__}: {outcome.error}"))

    def _standing(self, money: Money, said: str = "") -> Standing:
        counts = self._counts
        finished = counts["asked"] + counts["known"] + counts["failed"]
        note = "finishing what is under way" if self._stopped else ""
        return Standing(finished, self._total, counts["failed"], money.spent, note, said)

    def _result(self, journal: Journal, money: Money) -> BatchResult:
        counts = self._counts
        return BatchResult(
            journal.path,
            counts["asked"],
            counts["known"],
            counts["failed"],
            money.spent,
            tuple(self._errors),
            self._stopped,
        )


def _over(money: Money) -> str:
    return (
        f"the next answer might pass the limit of ${money.limit} (so far ${money.spent:.4f}). "
        "Raise it and run the same again to go on."
    )


def _in_thread(
    run: _Run,
    out: str | os.PathLike[str],
    max_cost_usd: Decimal | float | None,
    progress: bool | ProgressBar,
) -> BatchResult:
    """Run in a loop of its own, so that a notebook's loop is not in the way, nor Ctrl-C."""
    done: Future[BatchResult] = Future()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            done.set_result(asyncio.run(run.run(out, max_cost_usd, progress)))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=context.run, args=(work,), daemon=True).start()
    try:
        return _waited(done)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(str(_interrupted(run, done))) from None


def _interrupted(run: _Run, done: Future[BatchResult]) -> BatchResult:
    try:
        run.interrupt()  # a second Ctrl-C may come while this is still being told
        return _waited(done)
    except KeyboardInterrupt:
        run.leave()
        return _waited(done)


def _waited(done: Future[BatchResult]) -> BatchResult:
    # In steps: on Windows Ctrl-C does not end an endless wait.
    while True:
        try:
            return done.result(timeout=0.2)
        except TimeoutError:
            if done.done():
                raise
