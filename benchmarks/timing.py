"""Ratios that hold on a busy machine: everything is measured in turn, round by round."""

import statistics
import time
from collections.abc import Callable, Mapping


def seconds(call: Callable[[], object]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def speedups(
    baseline: Callable[[], object], others: Mapping[str, Callable[[], object]], rounds: int = 7
) -> dict[str, float]:
    """Return by how much each is faster than `baseline`: the median of the rounds' ratios.

    Every round runs all of them once, so that a slow moment of the machine hits all alike.
    """
    for call in (baseline, *others.values()):
        call()
    ratios: dict[str, list[float]] = {name: [] for name in others}
    for _ in range(rounds):
        base = seconds(baseline)
        for name, call in others.items():
            ratios[name].append(base / seconds(call))
    return {name: statistics.median(values) for name, values in ratios.items()}


def repeated(call: Callable[[], object], times: int) -> Callable[[], object]:
    """Make one call of many, for what is too short to be timed alone."""

    def many() -> None:
        for _ in range(times):
            call()

    return many
