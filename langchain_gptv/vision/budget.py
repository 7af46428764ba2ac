"""What one request may hold, and the ways to deal with too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from langchain_gptv.exceptions import BudgetError, LimitError, PlanError
from langchain_gptv.vision.costs import estimate_cost
from langchain_gptv.vision.profiles import VisionProfile

_NAMES = {"openai": "OpenAI", "azure": "Azure", "local": "the embedded engine"}


class Load(Protocol):
    """What sending one image puts on a request."""

    @property
    def name(self) -> str:
        """What messages call the image."""

    @property
    def tokens(self) -> int:
        """Input tokens."""

    @property
    def bytes(self) -> int:
        """Bytes of the file, before base64."""


@dataclass(frozen=True)
class Budget:
    """The caller's budget and the service's limits.

    Attributes:
        profile: The model and its limits.
        max_tokens: Tokens of the images of one request.
        max_bytes: Bytes of the images of one request, before base64.
        max_cost_usd: US dollars for the images of all requests.
        way_out: The last sentence of messages about the budget.
    """

    profile: VisionProfile
    max_tokens: int | None = None
    max_bytes: int | None = None
    max_cost_usd: Decimal | None = None
    way_out: str = ""

    def problem(self, loads: Sequence[Load]) -> PlanError | None:
        """Return what keeps the images from going into one request, or None."""
        return self._too_many(loads) or self._too_many_bytes(loads) or self._too_many_tokens(loads)

    def too_expensive(self, loads: Sequence[Load]) -> PlanError | None:
        """Return what is wrong with the cost of all images together, or None."""
        if self.max_cost_usd is None:
            return None
        tokens = sum(load.tokens for load in loads)
        cost = self.cost(tokens)
        if cost is None:
            return BudgetError(
                f"The price of {self.profile.model} is not known, so max_cost_usd cannot be kept. "
                "Pass max_tokens."
            )
        if cost <= self.max_cost_usd:
            return None
        return BudgetError(
            f"Sending {_count(loads)} costs about ${cost:.4f} ({tokens:,} tokens) on "
            f"{self.profile.model}, over max_cost_usd={self.max_cost_usd}. {self.way_out}"
        )

    def cost(self, tokens: int) -> Decimal | None:
        """Return the price in US dollars of so many input tokens, or None when unknown."""
        return estimate_cost(tokens, model=self.profile.model, service=self.profile.service)

    def share(self, load: Load) -> float:
        """Return about the largest part of any budget that one image takes up."""
        most_bytes = self._most_bytes()
        by_tokens = load.tokens / self._most_tokens if self._most_tokens else 0.0
        return max(by_tokens, load.bytes / most_bytes if most_bytes else 0.0)

    @cached_property
    def _most_tokens(self) -> float | None:
        affordable = None
        if self.max_cost_usd and (per_million := self.cost(1_000_000)):
            affordable = 1e6 * float(self.max_cost_usd / per_million)
        known = [most for most in (self.max_tokens, affordable) if most is not None]
        return min(known, default=None)

    def _too_many(self, loads: Sequence[Load]) -> PlanError | None:
        most = self.profile.limits.max_images
        if most is None or len(loads) <= most:
            return None
        calls = -(-len(loads) // most)
        return LimitError(
            f"{len(loads) - most} of {len(loads)} images over the limit of {most} per request on "
            f'{self._service()}. Send them in {calls} calls, or pass on_limit="split".'
        )

    def _too_many_bytes(self, loads: Sequence[Load]) -> PlanError | None:
        most, total = self._most_bytes(), sum(load.bytes for load in loads)
        if most is None or total <= most:
            return None
        what = f"Sending {_count(loads)} takes about {total:,} bytes"
        if most == self.max_bytes:
            return BudgetError(f"{what}, over max_bytes={most:,}. {self.way_out}")
        return LimitError(
            f"{what}, over the limit of {most:,} per request on {self._service()}. {self.way_out}"
        )

    def _too_many_tokens(self, loads: Sequence[Load]) -> PlanError | None:
        tokens = sum(load.tokens for load in loads)
        if self.max_tokens is None or tokens <= self.max_tokens:
            return None
        return BudgetError(
            f"Sending {_count(loads)} takes {tokens:,} tokens on {self.profile.model}, "
            f"over max_tokens={self.max_tokens:,}. {self.way_out}"
        )

    def _most_bytes(self) -> int | None:
        known = (self.max_bytes, self.profile.limits.max_total_bytes)
        return min((most for most in known if most is not None), default=None)

    def _service(self) -> str:
        return _NAMES.get(self.profile.service, self.profile.service)


def _count(loads: Sequence[Load]) -> str:
    return f"1 image ('{loads[0].name}')" if len(loads) == 1 else f"{len(loads)} images"
