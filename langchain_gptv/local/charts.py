"""Charts by their printed text: categories, and the values printed at them.

Bars, lines and slices are not measured: a value that is not printed is not told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_gptv.local.layout import group_rows
from langchain_gptv.local.values import parse_amount
from langchain_gptv.vision.observations import TextLine

_NUMBER = re.compile(r"[^\w-]{0,2}-?\d[\d.,' ]*\s?(?:%|[kKmM]|[€$£])?")


@dataclass(frozen=True, slots=True)
class Point:
    """A category and the value printed at it; None where none is, or more than one."""

    label: str
    value: float | None


@dataclass(frozen=True, slots=True)
class PrintedChart:
    """What is printed in a chart of one series."""

    title: str | None
    x_label: str | None
    y_label: str | None
    points: tuple[Point, ...]


def read_chart(lines: Sequence[TextLine]) -> PrintedChart | None:
    """Read a chart of upright bars or columns; None when there is no row of categories."""
    numbers = [line for line in lines if _NUMBER.fullmatch(line.text.strip())]
    words = [line for line in lines if line not in numbers]
    categories = _categories(words)
    if not categories:
        return None
    printed = _without_ticks(numbers, categories)
    top, bottom = min(x.box.y1 for x in categories), max(x.box.y2 for x in categories)
    above = sorted((x for x in words if x.box.y2 <= top), key=lambda line: -line.box.height)
    below = [line for line in words if line.box.y1 >= bottom]
    return PrintedChart(
        title=above[0].text if above else None,
        x_label=below[0].text if len(below) == 1 else None,
        y_label=above[1].text if len(above) == 2 else None,
        points=tuple(_point(line, categories, printed) for line in categories),
    )


def _categories(words: Sequence[TextLine]) -> list[TextLine]:
    """Return the row with the most words beside each other, the lowest of them."""
    rows = [row for row in group_rows(words) if len(row) > 1]
    return max(reversed(rows), key=len, default=[])


def _without_ticks(numbers: Sequence[TextLine], categories: Sequence[TextLine]) -> list[TextLine]:
    """Leave out the numbers of the axis, which stand left or right of all categories' middles."""
    middles = [line.box.center[0] for line in categories]
    margin = 0.5 * _step(categories)
    low, high = min(middles) - margin, max(middles) + margin
    return [line for line in numbers if low < line.box.center[0] < high]


def _step(categories: Sequence[TextLine]) -> float:
    middles = sorted(line.box.center[0] for line in categories)
    return (middles[-1] - middles[0]) / (len(middles) - 1)


def _point(
    category: TextLine, categories: Sequence[TextLine], printed: Sequence[TextLine]
) -> Point:
    reach = 0.4 * _step(categories)
    at = [x for x in printed if abs(x.box.center[0] - category.box.center[0]) < reach]
    value = parse_amount(at[0].text) if len(at) == 1 else None
    return Point(category.text, None if value is None else float(value))
