"""What calls took, added up. Plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class CallUsage:
    """What one call took.

    Attributes:
        model: As the service names it.
        tool: The tool that made the call; empty outside of tools.
        input_tokens: Billed, images included; None when the service did not say.
        output_tokens: Billed; None when the service did not say.
        image_tokens: Estimated before the call; None without a plan.
        cost_usd: US dollars of the billed tokens at list price; None when it is not known.
        seconds: From the question to the last token.
        failed: Whether it ended in an error, which may have been billed or not.
    """

    model: str
    tool: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    image_tokens: int | None = None
    cost_usd: Decimal | None = None
    seconds: float = 0.0
    failed: bool = False


@dataclass(frozen=True, slots=True)
class UsageTotal:
    """The sum over several calls; what a service did not say counts in `unknown`."""

    calls: int
    input_tokens: int
    output_tokens: int
    image_tokens: int
    cost_usd: Decimal
    failed: int
    unknown: int


def add_up(calls: Iterable[CallUsage]) -> UsageTotal:
    """Sum what several calls took."""
    listed = list(calls)
    return UsageTotal(
        calls=len(listed),
        input_tokens=sum(call.input_tokens or 0 for call in listed),
        output_tokens=sum(call.output_tokens or 0 for call in listed),
        image_tokens=sum(call.image_tokens or 0 for call in listed),
        cost_usd=sum((call.cost_usd or Decimal() for call in listed), Decimal()),
        failed=sum(call.failed for call in listed),
        unknown=sum(call.cost_usd is None for call in listed),
    )
