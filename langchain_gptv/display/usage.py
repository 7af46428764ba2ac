"""What calls cost, as tables and a plot."""

from __future__ import annotations

import html
from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Protocol

from langchain_gptv.display.view import View, table
from langchain_gptv.vision.tables import readable_cost, render_text
from langchain_gptv.vision.usage import CallUsage, UsageTotal

_WIDTH, _HEIGHT, _MARGIN = 480, 136, 18
_HEAD = ("", "calls", "input", "image (est.)", "output", "cost")


class HasUsage(Protocol):
    """A `UsageTracker`, or whatever counts as it does."""

    @property
    def calls(self) -> Sequence[CallUsage]:
        """Every call."""

    @property
    def total(self) -> UsageTotal:
        """Their sum."""

    def by_model(self) -> dict[str, UsageTotal]:
        """Return the sum per model."""

    def by_tool(self) -> dict[str, UsageTotal]:
        """Return the sum per tool."""


def show_usage(tracker: HasUsage) -> View:
    """Show tokens and money per model and per tool, and how the cost grew over the calls.

    Args:
        tracker: A `UsageTracker`.

    Example:
        >>> from langchain_gptv.usage import UsageTracker
        >>> print(show_usage(UsageTracker()))
        No calls yet.
    """
    if not tracker.calls:
        return View("<p>No calls yet.</p>", "No calls yet.")
    rows = _rows(tracker)
    notes = _notes(tracker.total)
    plot = _plot([call.cost_usd or Decimal() for call in tracker.calls])
    body = table(_HEAD, rows) + "".join(f"<p>{html.escape(note)}</p>" for note in notes) + plot
    return View(body, "\n".join([render_text(_HEAD, rows), *notes]))


def _rows(tracker: HasUsage) -> list[tuple[str, ...]]:
    rows = [_row(model or "?", total) for model, total in tracker.by_model().items()]
    tools = tracker.by_tool()
    if set(tools) != {""}:
        rows += [_row(f"by {tool or 'you'}", total) for tool, total in tools.items()]
    return [*rows, _row("all", tracker.total)]


def _row(name: str, total: UsageTotal) -> tuple[str, ...]:
    counts = (total.input_tokens, total.image_tokens, total.output_tokens)
    cost = None if total.unknown == total.calls else total.cost_usd
    return (name, f"{total.calls:,}", *(f"{count:,}" for count in counts), readable_cost(cost))


def _notes(total: UsageTotal) -> list[str]:
    notes = []
    if total.failed:
        notes.append(f"{total.failed} of {_calls(total.calls)} failed.")
    if total.unknown > total.failed:
        notes.append(f"The price of {_calls(total.unknown - total.failed)} is not known.")
    return notes


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


def _plot(costs: Sequence[Decimal]) -> str:
    """Return a line of the cost so far over the calls, as SVG; nothing where all was free."""
    sums = [float(cost) for cost in accumulate(costs, initial=Decimal())]
    if not sums[-1]:
        return ""
    across, up = _WIDTH / (len(sums) - 1), (_HEIGHT - 2 * _MARGIN) / sums[-1]
    floor = _HEIGHT - _MARGIN
    points = " ".join(f"{n * across:.1f},{floor - s * up:.1f}" for n, s in enumerate(sums))
    total = readable_cost(Decimal(str(sums[-1])))
    label = f"Cost so far over {_calls(len(costs))}, {total} in all"
    end = f'x="{_WIDTH}" text-anchor="end" fill="currentColor" font-size="12"'
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="{label}" style="max-width:100%;height:auto"><title>{label}</title>'
        f'<path d="M0 {floor}H{_WIDTH}" stroke="currentColor" opacity=".4"/>'
        f'<polyline points="{points}" fill="none" stroke="#0072b2" stroke-width="2"/>'
        f'<text y="12" {end}>{total}</text><text y="{_HEIGHT - 4}" {end}>call {len(costs)}</text>'
        f'<text x="0" y="{_HEIGHT - 4}" fill="currentColor" font-size="12">$0</text></svg>'
        f"<p>{label}.</p>"
    )
