"""The columns of a table, found in its fullest rows, and the height of its header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import TextLine

Row = list[TextLine]

_FULL = 0.8
"""Of the most cells in a row: rows with at least so many show where the columns are."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column begins and ends, in pixels."""

    left: float
    right: float

    def shares(self, box: Box) -> float:
        """Return the pixels of width that a box has in the column; below 0 the gap between."""
        return min(self.right, box.x2) - max(self.left, box.x1)

    def is_under(self, box: Box) -> bool:
        """Tell whether a line lies over the column, not just on its edge."""
        least = min(box.height, 0.5 * box.width, 0.5 * (self.right - self.left))
        return self.shares(box) > least


def find_columns(rows: Sequence[Row]) -> list[Column]:
    """Find the columns in the fullest rows, narrow lines first, and widen them by the others."""
    full = _full_rows(rows)
    below = [line for row in rows[first_full(rows) :] if row not in full for line in row]
    narrow_first = sorted((line for row in full for line in row), key=lambda line: line.box.width)
    columns: list[Column] = []
    for line in (*narrow_first, *below):
        columns = _grown(columns, line.box)
    for line in (line for row in rows[: first_full(rows)] for line in row):
        # A header may lie between the columns that it spans, but not outside of all.
        if all(line.box.x1 > c.right for c in columns) or all(
            line.box.x2 < c.left for c in columns
        ):
            columns = _grown(columns, line.box)
    return _joined(sorted(columns, key=lambda column: column.left), rows)


def _full_rows(rows: Sequence[Row]) -> list[Row]:
    most = max(map(len, rows), default=0)
    return [row for row in rows if len(row) >= _FULL * most]


def first_full(rows: Sequence[Row]) -> int:
    """Return the place of the first row that shows where the columns are."""
    return rows.index(_full_rows(rows)[0]) if rows else 0


def header_height(rows: Sequence[Row]) -> int:
    """Return how many rows stand above the body.

    These are the rows above the first full one; and that one too, when it is the first of all, or
    begins right of the first column, whose header stands above.
    """
    first = first_full(rows)
    edges = [row[0].box.x2 for row in rows[first + 1 :]]
    is_header = first == 0 or (bool(edges) and rows[first][0].box.x1 > median(edges))
    return first + is_header


def _grown(columns: list[Column], box: Box) -> list[Column]:
    """Widen the column that a line lies in, or add one; a line in several widens none."""
    hit = [at for at, column in enumerate(columns) if column.shares(box) > 0]
    if not hit:
        return [*columns, Column(box.x1, box.x2)]
    if len(hit) > 1:
        return columns
    old = columns[hit[0]]
    wide = Column(min(old.left, box.x1), max(old.right, box.x2))
    return [*columns[: hit[0]], wide, *columns[hit[0] + 1 :]]


def _joined(columns: list[Column], rows: Sequence[Row]) -> list[Column]:
    """Join neighbours that a line of the body lies over and no row fills both."""
    kept = columns[:1]
    lines = [line for row in rows[header_height(rows) :] for line in row]
    for column in columns[1:]:
        together = any(min(kept[-1].shares(x.box), column.shares(x.box)) > 0 for x in lines)
        if together and not _filled_together(kept[-1], column, rows):
            kept[-1] = Column(kept[-1].left, column.right)
        else:
            kept.append(column)
    return kept


def _filled_together(one: Column, other: Column, rows: Sequence[Row]) -> bool:
    def fills(column: Column, row: Row) -> bool:
        return any(column.shares(line.box) > 0.5 * line.box.width for line in row)

    return any(fills(one, row) and fills(other, row) for row in rows)
