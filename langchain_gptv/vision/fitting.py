"""Four ways to bring images within a budget: refuse, make smaller, split, leave out the oldest."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TypeVar

from langchain_gptv.exceptions import PlanError
from langchain_gptv.vision.budget import Budget, Load

AnyLoad = TypeVar("AnyLoad", bound=Load)


def check(loads: Sequence[Load], budget: Budget) -> None:
    """Raise what keeps the images from going into one request.

    Raises:
        BudgetError: They are over the caller's budget.
        LimitError: They are over the service's limits.
    """
    _raise(problem(loads, budget))


def problem(loads: Sequence[Load], budget: Budget) -> PlanError | None:
    """Return what keeps the images from going into one request, or None."""
    return budget.problem(loads) or budget.too_expensive(loads)


def shrink(options: Sequence[Iterable[AnyLoad]], budget: Budget) -> list[AnyLoad]:
    """Choose one way to send each image, so that together they fit into one request.

    The images that take most are made smaller first, down to what the others take: a thumbnail
    keeps its pixels as long as a photo beside it has some to give.

    Args:
        options: For each image the ways to send it, best first.
        budget: What they must fit into.

    Raises:
        BudgetError: Even the smallest do not fit.
        LimitError: There are too many images.
    """
    ladders = [_falling(ladder) for ladder in options]
    caps = sorted({budget.share(load) for ladder in ladders for load in ladder}, reverse=True)

    def under(cap: float) -> list[AnyLoad]:
        return [
            next((load for load in ladder if budget.share(load) <= cap), ladder[-1])
            for ladder in ladders
        ]

    found = bisect_left(caps, True, key=lambda cap: problem(under(cap), budget) is None)
    chosen = under(caps[min(found, len(caps) - 1)]) if caps else []
    check(chosen, budget)
    return chosen


def pack(loads: Sequence[AnyLoad], budget: Budget) -> list[list[AnyLoad]]:
    """Put the images into as few requests as their order allows.

    Raises:
        BudgetError: One image alone is over the budget, or all together are too expensive.
        LimitError: One image alone is over the service's limits.
    """
    _raise(budget.too_expensive(loads))
    batches: list[list[AnyLoad]] = []
    for load in loads:
        if batches and budget.problem([*batches[-1], load]) is None:
            batches[-1].append(load)
        else:
            _raise(budget.problem([load]))
            batches.append([load])
    return batches


def keep_newest(loads: Sequence[AnyLoad], budget: Budget) -> int:
    """Return how many of the first images must be left out for the rest to fit.

    Raises:
        BudgetError: Even the last image alone is over the budget.
        LimitError: Even the last image alone is over the service's limits.
    """
    starts = range(len(loads))
    first = bisect_left(starts, True, key=lambda start: problem(loads[start:], budget) is None)
    if first == len(loads):
        check(loads[-1:], budget)
    return first


def _falling(ladder: Iterable[AnyLoad]) -> list[AnyLoad]:
    """Leave out every way that saves nothing over the one before it."""
    steps: list[AnyLoad] = []
    for load in ladder:
        if not steps or (
            load.tokens <= steps[-1].tokens
            and load.bytes <= steps[-1].bytes
            and (load.tokens, load.bytes) != (steps[-1].tokens, steps[-1].bytes)
        ):
            steps.append(load)
    return steps


def _raise(error: PlanError | None) -> None:
    if error is not None:
        raise error
