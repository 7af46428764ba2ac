"""Tables by the alignment of their text: rows, columns, spans. Rules and colours are not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from langchain_gptv.local.columns import Column, Row, find_columns, first_full, header_height
from langchain_gptv.local.layout import group_rows
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import TextLine

_HEADER_ROWS = 3
"""More rows than that above the first full one are no header."""

_HEADER_APART = 1.8
"""Line heights between two rows above which they are not the same header."""

_APART = 3.5
"""Line heights between two rows above which a table has ended."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table; a cell that spans others is given once, at its top left.

    Attributes:
        row: From 0, the header included.
        column: From 0.
        text: As read; empty where nothing is.
        row_span: Rows that it covers.
        column_span: Columns that it covers.
        is_header: Whether it stands in the rows above the body.
        score: Of the least sure line, 0 to 1.
        box: Of its text; None for an empty cell.
    """

    row: int
    column: int
    text: str
    row_span: int = 1
    column_span: int = 1
    is_header: bool = False
    score: float = 1.0
    box: Box | None = None


@dataclass
class _Part:
    """The lines of one cell, and the first and last column that it covers."""

    lines: Row
    first: int
    last: int


def read_table(lines: Sequence[TextLine]) -> list[Cell]:
    """Read the largest table among the lines; empty when there is none of two columns.

    Rows are lines that stand side by side. Columns are where the fullest rows have their text. A
    line that begins in lower case below a cell goes on with it. A header line that lies over
    several columns, or in the middle above them, spans them.
    """
    rows = _without_preamble(_largest_block(_raised(group_rows(lines))))
    columns = find_columns(rows)
    if len(columns) < 2:
        return []
    header = header_height(rows)
    placed = [_place_row(row, columns, at < header - 1) for at, row in enumerate(rows)]
    return _cells(*_join_broken(placed, header), len(columns))


def _largest_block(rows: Sequence[Row]) -> list[Row]:
    """Return the run of rows with the most cells, without titles and notes around it."""
    blocks: list[list[Row]] = [[]]
    for row in rows:
        if blocks[-1] and _gap(blocks[-1][-1], row) > _APART:
            blocks.append([])
        blocks[-1].append(row)
    best = max(blocks, key=lambda block: sum(len(row) for row in block if len(row) > 1))
    wide = [at for at, row in enumerate(best) if len(row) > 1]
    return best[wide[0] : _end(best, wide[-1])] if wide else []


def _end(rows: Sequence[Row], last: int) -> int:
    """Return the end of a table: broken lines below its last row still belong to it."""
    end = last + 1
    while end < len(rows) and rows[end][0].text[:1].islower():
        end += 1
    return end


def _raised(rows: Sequence[Row]) -> list[Row]:
    """Put a header that stands half a row lower, since it spans two rows, into the upper one."""
    pitch = _pitch(rows)
    raised: list[Row] = []
    for row in rows:
        if raised and _gap(raised[-1], row) < 0.5 * pitch and not _meet(raised[-1], row):
            raised[-1] = sorted([*raised[-1], *row], key=lambda line: line.box.x1)
        else:
            raised.append(row)
    return raised


def _pitch(rows: Sequence[Row]) -> float:
    full = [row for row in rows if len(row) > 1]
    return median([_gap(above, below) for above, below in pairwise(full)] or [0.0])


def _meet(above: Row, below: Row) -> bool:
    return any(
        one.box.x1 < other.box.x2 and other.box.x1 < one.box.x2 for one in above for other in below
    )


def _without_preamble(rows: list[Row]) -> list[Row]:
    """Leave out what stands above the first full row and is no header of several rows."""
    first = first_full(rows)
    apart = max(_HEADER_APART, 1.3 * _pitch(rows))
    for at in range(first, 0, -1):
        if _gap(rows[at - 1], rows[at]) > apart:
            return rows[at:]
    return rows if first < _HEADER_ROWS else rows[first:]


def _gap(above: Row, below: Row) -> float:
    room = min(line.box.y1 for line in below) - max(line.box.y2 for line in above)
    return room / max(1.0, median(line.box.height for line in (*above, *below)))


def _place_row(row: Row, columns: Sequence[Column], may_span: bool) -> list[_Part]:
    parts: list[_Part] = []
    for line in row:
        first, last = _columns_of(line, columns)
        if parts and first <= parts[-1].last:
            parts[-1].lines.append(line)
            parts[-1].last = max(last, parts[-1].last)
        else:
            parts.append(_Part([line], first, last))
    return [_centred(part, parts, columns) for part in parts] if may_span else parts


def _columns_of(line: TextLine, columns: Sequence[Column]) -> tuple[int, int]:
    """Return the first and last column that a line lies over; the nearest if it is over none."""
    over = [at for at, column in enumerate(columns) if column.is_under(line.box)]
    if over:
        return over[0], over[-1]
    nearest = max(range(len(columns)), key=lambda at: columns[at].shares(line.box))
    return nearest, nearest


def _centred(part: _Part, parts: Sequence[_Part], columns: Sequence[Column]) -> _Part:
    """Widen a header that stands in the middle above columns without headers of their own."""
    box = Box.union(line.box for line in part.lines)
    middle, height = box.center[0], box.height
    low, high = _free_around(part, parts, len(columns))

    def off(span: tuple[int, int]) -> float:
        left, right = columns[span[0]].left, columns[span[1]].right
        return abs((left + right) / 2 - middle)

    spans = [(i, j) for i in range(low, part.first + 1) for j in range(part.last, high + 1)]
    first, last = min(spans, key=lambda span: (off(span) > height, span[0] - span[1]))
    return _Part(part.lines, first, last) if off((first, last)) <= height else part


def _free_around(part: _Part, parts: Sequence[_Part], count: int) -> tuple[int, int]:
    before = [other.last for other in parts if other.last < part.first]
    after = [other.first for other in parts if other.first > part.last]
    return max(before, default=-1) + 1, min(after, default=count) - 1


def _join_broken(rows: Sequence[list[_Part]], header: int) -> tuple[list[list[_Part]], int]:
    """Join rows that go on with the cells above; return the rows and the height of the header."""
    joined: list[list[_Part]] = []
    height = header
    for at, row in enumerate(rows):
        if joined and _goes_on(joined[-1], row):
            for part in row:
                _above(part, joined[-1]).lines.extend(part.lines)
            height -= at < header
        else:
            joined.append(row)
    return joined, max(1, height)


def _goes_on(above: Sequence[_Part], row: Sequence[_Part]) -> bool:
    """Tell the second line of cells from a row: in lower case, and only below a few cells."""
    covered = {(part.first, part.last) for part in above}
    return (
        len(row) <= max(1, len(above) / 2)
        and all((part.first, part.last) in covered for part in row)
        and all(part.lines[0].text[:1].islower() for part in row)
    )


def _above(part: _Part, row: Sequence[_Part]) -> _Part:
    return next(other for other in row if (other.first, other.last) == (part.first, part.last))


def _cells(rows: Sequence[list[_Part]], header: int, columns: int) -> list[Cell]:
    """Make the cells; a header with nothing below it in the header reaches down to the body."""
    cells: list[Cell] = []
    taken: set[tuple[int, int]] = set()
    for at, row in enumerate(rows):
        for part in row:
            span = _reach(part, rows[at + 1 : header]) if at < header else 1
            covered = {(at + i, j) for i in range(span) for j in range(part.first, part.last + 1)}
            if not covered & taken:
                taken |= covered
                cells.append(_cell(at, part, span, at < header))
    empty = [
        Cell(at, column, "", is_header=at < header)
        for at in range(len(rows))
        for column in range(columns)
        if (at, column) not in taken
    ]
    return sorted([*cells, *empty], key=lambda cell: (cell.row, cell.column))


def _reach(part: _Part, below: Sequence[list[_Part]]) -> int:
    for down, row in enumerate(below):
        if any(other.first <= part.last and part.first <= other.last for other in row):
            return down + 1
    return len(below) + 1


def _cell(at: int, part: _Part, row_span: int, is_header: bool) -> Cell:
    return Cell(
        row=at,
        column=part.first,
        text=" ".join(line.text for line in part.lines),
        row_span=row_span,
        column_span=part.last - part.first + 1,
        is_header=is_header,
        score=min(line.score for line in part.lines),
        box=Box.union(line.box for line in part.lines),
    )
