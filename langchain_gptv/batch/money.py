"""A limit in dollars that a batch does not pass: what is under way is held back, then settled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from langchain_gptv.exceptions import BudgetError
from langchain_gptv.vision.costs import estimate_cost

FIRST_OUTPUT = 1000
"""Output tokens that a call is taken for where neither `max_tokens` nor an answer says more."""


class Money:
    """Cost so far, and what the calls under way may cost.

    Args:
        llm: The model, for its prices and its `max_tokens`.
        limit_usd: None keeps to no limit.

    Attributes:
        spent: US dollars billed so far; what has no price counts nothing.

    Raises:
        BudgetError: There is a limit, and the price of the model is not known.
    """

    def __init__(self, llm: BaseChatModel, limit_usd: Decimal | float | None = None) -> None:
        self.service = "azure" if hasattr(llm, "azure_endpoint") else "openai"
        self.limit = None if limit_usd is None else Decimal(str(limit_usd))
        self.spent = Decimal()
        self._llm = llm
        self._held = Decimal()
        self._longest = FIRST_OUTPUT
        self._settled = asyncio.Condition()
        if self.limit is not None and self._price(1, 1) is None:
            raise BudgetError(
                f"The price of {self._model!r} is not known, so that max_cost_usd cannot be kept. "
                "Leave it out, or name the base_model of the deployment."
            )

    @property
    def _model(self) -> str:
        named: Any = getattr(self._llm, "base_model", None) or getattr(self._llm, "model_name", "")
        return str(named)

    def _price(self, read: int, written: int) -> Decimal | None:
        return estimate_cost(read, written, model=self._model, service=self.service)

    def estimate(self, messages: Sequence[BaseMessage]) -> Decimal:
        """Estimate what a call costs at most; 0 without a limit. Reads images: not for a loop."""
        if self.limit is None:
            return Decimal()
        written = getattr(self._llm, "max_tokens", None) or self._longest
        return (
            self._price(self._llm.get_num_tokens_from_messages([*messages]), written) or Decimal()
        )

    async def hold(self, estimate: Decimal) -> bool:
        """Hold an estimate back; False when it would pass the limit, whatever is under way."""
        if self.limit is None:
            return True
        async with self._settled:
            while self.spent + self._held + estimate > self.limit:
                if not self._held:
                    return False
                await self._settled.wait()
            self._held += estimate
        return True

    async def settle(self, estimate: Decimal, billed: Decimal | None, written: int = 0) -> None:
        """Put the bill in place of the estimate, which stands where no bill is known."""
        async with self._settled:
            self._held -= estimate if self.limit is not None else 0
            self.spent += estimate if billed is None else billed
            self._longest = max(self._longest, written)
            self._settled.notify_all()
