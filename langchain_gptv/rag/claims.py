"""An answer taken apart: its statements, the sources each cites, and the numbers it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_LIST = r"\[\s*\d+(?:\s*[,;]\s*\d+)*\s*\]"
_MARK = re.compile(rf"\s*{_LIST}")
# To the end of a sentence and the marks behind it; the point in "12.5" or "e.g." ends none.
_STATEMENT = re.compile(rf"\S.*?(?:[.!?。](?:\s*{_LIST})*(?=\s+[^a-z]|\s*$)|$)", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.,])[^\w\s]?(\d[\d.,']*\d|\d)(?![\w]*\])")


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer.

    Attributes:
        text: Without the marks.
        start: Where it begins in the answer, in code points.
        end: Where it ends, its marks included.
        numbers: The sources it cites, in its order.
    """

    text: str
    start: int
    end: int
    numbers: tuple[int, ...]


def split_statements(answer: str) -> list[Statement]:
    """Split an answer into its sentences, each with the sources that it cites.

    A line that is a heading or the beginning of a list ("The regions are:") is a statement too.

    Example:
        >>> for each in split_statements("Sales were 12.5 [1]. Costs fell. [2, 3] Why, none says."):
        ...     print(each.text, each.numbers)
        Sales were 12.5. (1,)
        Costs fell. (2, 3)
        Why, none says. ()
    """
    return list(_statements(answer))


def _statements(answer: str) -> Iterator[Statement]:
    for match in _STATEMENT.finditer(answer):
        marks = _MARK.findall(match[0])
        numbers = [int(number) for mark in marks for number in re.findall(r"\d+", mark)]
        text = _MARK.sub("", match[0]).strip()
        if re.search(r"\w", text):
            yield Statement(text, *match.span(), tuple(dict.fromkeys(numbers)))


def numbers_in(text: str) -> list[tuple[str, Decimal]]:
    """Return the numbers that a text names, as written and as their value.

    Example:
        >>> numbers_in("Sales of $1,204.50 in 2025, up 7%.")
        [('1,204.50', Decimal('1204.50')), ('2025', Decimal('2025')), ('7', Decimal('7'))]
    """
    return [(match[1], _value(match[1])) for match in _NUMBER.finditer(text)]


def _value(written: str) -> Decimal:
    """Read a number as English prints it: a comma parts thousands."""
    whole, point, rest = written.replace("'", "").replace(",", "").partition(".")
    return Decimal(whole + point + rest.replace(".", "") if whole else "0")
