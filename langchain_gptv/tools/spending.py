"""What a capability may spend on one question, and what it has spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from langchain_gptv.exceptions import BudgetError
from langchain_gptv.tools.steps import Usage
from langchain_gptv.tools.views import View
from langchain_gptv.vision.costs import estimate_cost
from langchain_gptv.vision.profiles import VisionProfile

_TEXT_TOKENS = 300
"""Of the prompt and the schema beside the images of one call."""
_ANSWER_TOKENS = 200


@dataclass(frozen=True)
class SearchBudget:
    """What looking closer may take for one question. Set by a developer, never by a model.

    Attributes:
        max_calls: Of the model.
        max_tokens: Input tokens of all calls, images included.
        max_cost_usd: US dollars for all calls; None sets no limit.
    """

    max_calls: int = 8
    max_tokens: int = 30_000
    max_cost_usd: Decimal | float | None = None


class Purse:
    """Counts what was spent, and says before a call whether it can be paid.

    Args:
        budget: The limits.
        profile: The model, for its prices.
    """

    def __init__(self, budget: SearchBudget, profile: VisionProfile) -> None:
        self.budget, self.profile = budget, profile
        self.usage = Usage()
        self._tokens = 0
        self._cost = Decimal(0)

    def problem(self, views: Sequence[View]) -> str:
        """Say which limit a call with these views would pass, or ''."""
        budget, tokens = self.budget, self._tokens + _estimate(views)
        if self.usage.calls >= budget.max_calls:
            return f"{self.usage.calls} calls were made, of max_calls={budget.max_calls}"
        if tokens > budget.max_tokens:
            return f"the next call would make {tokens:,} tokens, over {budget.max_tokens:,}"
        most = budget.max_cost_usd
        if most is None or self.profile.service == "local":
            return ""
        cost = self._cost + self._price(_estimate(views), _ANSWER_TOKENS)
        return f"the next call would make ${cost:.4f}, over ${most}" if cost > most else ""

    def check(self, views: Sequence[View]) -> None:
        """Refuse a call that would pass a limit.

        Raises:
            BudgetError: It names the limit.
        """
        if problem := self.problem(views):
            raise BudgetError(f"The budget for one question does not allow it: {problem}.")

    def pay(self, used: Usage, views: Sequence[View]) -> None:
        """Count what an answer took: as reported, or as estimated where nothing was reported."""
        self.usage += used
        self._tokens += _estimate(views) if used.input_tokens is None else used.input_tokens
        if self.budget.max_cost_usd is not None and self.profile.service != "local":
            tokens = _estimate(views) if used.input_tokens is None else used.input_tokens
            self._cost += used.cost_usd or self._price(tokens, used.output_tokens or 0)

    def _price(self, input_tokens: int, output_tokens: int) -> Decimal:
        model, service = self.profile.model, self.profile.service
        cost = estimate_cost(input_tokens, output_tokens, model=model, service=service)
        if cost is None:
            raise BudgetError(
                f"The price of {model} is not known, so max_cost_usd cannot be kept. "
                "Pass max_tokens."
            )
        return cost


def _estimate(views: Sequence[View]) -> int:
    return sum(view.tokens for view in views) + _TEXT_TOKENS
