"""What stands in the file of results, a line each, and how a run ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage

from langchain_gptv.batch.items import Item
from langchain_gptv.batch.journal import Record
from langchain_gptv.vision.tables import readable_cost
from langchain_gptv.vision.usage import UsageTotal, add_up

_NOTHING = add_up(())


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How a run ended.

    Attributes:
        out: The file with the answers.
        asked: Items answered in this run.
        known: Items whose answers stood in the file already; nothing was paid for them.
        failed: Items without an answer, of this run or an earlier one.
        cost_usd: US dollars of this run.
        errors: Item and error of the first failures of this run.
        stopped: Why it ended early; empty when it came to its end.
    """

    out: Path
    asked: int
    known: int
    failed: int
    cost_usd: Decimal
    errors: tuple[tuple[str, str], ...] = ()
    stopped: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether every item has its answer."""
        return not self.failed and not self.stopped

    def __str__(self) -> str:
        parts = [f"{self.asked:,} answered for {readable_cost(self.cost_usd)}"]
        parts += [f"{self.known:,} known from before"] if self.known else []
        parts += [f"{self.failed:,} failed"] if self.failed else []
        stopped = f" Stopped: {self.stopped}" if self.stopped else ""
        return f"{', '.join(parts)}; results in {self.out}.{stopped}"


def answered(
    key: str, item: Item, question: str, answer: Any, message: AIMessage, usage: UsageTotal
) -> Record:
    """Return the record of an answer."""
    return {
        "key": key,
        "item": item.name,
        "ok": True,
        "answer": answer,
        "question": question,
        "model": message.response_metadata.get("model_name"),
        **paid(usage),
    }


def failed(
    key: str, item: Item, question: str, error: Exception, usage: UsageTotal = _NOTHING
) -> Record:
    """Return the record of a failure; what the model said is in it, if it said anything."""
    said = getattr(error, "reply", None)
    return {
        "key": key,
        "item": item.name,
        "ok": False,
        "error": f"{type(error).__name__}: {' '.join(str(error).split())[:500]}",
        **({"reply": said} if said else {}),
        "question": question,
        **paid(usage),
    }


def paid(usage: UsageTotal) -> Record:
    """Return tokens and US dollars; None where the price is not known."""
    cost = None if usage.unknown > usage.failed else str(usage.cost_usd)
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": cost,
    }


def copied(record: Mapping[str, Any], item: Item) -> Record:
    """Return the record of the same picture under another name, which costs nothing."""
    return {**record, "item": item.name, "cost_usd": "0", "copy_of": record["item"]}
