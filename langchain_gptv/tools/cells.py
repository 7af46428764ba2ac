"""Choosing among the cells of a grid, and of ever finer grids inside them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from langchain_gptv.tools.candidates import Candidate
from langchain_gptv.tools.marks import ask_numbers
from langchain_gptv.tools.spending import Purse
from langchain_gptv.tools.steps import Steps
from langchain_gptv.tools.views import Sight, View
from langchain_gptv.vision.boxes import Box, grid_cells
from langchain_gptv.vision.draw import draw_grid

_DEPTH = 3
_SMALLEST = 24  # pixels of a side
_ACROSS, _ALONG = 3, 4

_ASKED = (
    "The same picture twice: as it is, and under a grid. The number of each cell, 1 to {count}, "
    "stands in its top left corner. Which cells show, wholly or in part, this: {phrase}"
)


def choose_cells(sight: Sight, phrase: str, purse: Purse) -> Steps[list[Candidate]]:
    """Let the model pick cells; each group of cells that touch is looked at again, in finer cells.

    Things that lie in touching cells come back as one box, until a finer grid parts them.

    Raises:
        BudgetError: The budget does not allow the first call.
        ReplyError: The model does not answer with numbers of cells.
    """
    found: list[Box] = []
    waiting = deque([(sight.whole, 0)])
    while waiting:
        box, depth = waiting.popleft()
        view = sight.view(box, enlarge=True)
        if depth and (_is_fine(box, depth) or purse.problem([view, view])):
            found.append(box)
            continue
        groups, is_narrower = yield from _choose(view, phrase, purse)
        if is_narrower:
            waiting.extend((group, depth + 1) for group in groups)
        else:
            found += groups or [box][:depth]
    return [Candidate(box) for box in found]


def connected(numbers: Iterable[int], columns: int) -> list[list[int]]:
    """Return cells in groups that touch side by side; cells count from 1, row by row.

    Example:
        >>> connected([1, 2, 7, 12], columns=4)
        [[1, 2], [7], [12]]
    """
    left = sorted(set(numbers))
    groups = []
    while left:
        group = [left.pop(0)]
        for cell in group:
            beside = [other for other in left if _touch(cell, other, columns)]
            group += beside
            left = [other for other in left if other not in beside]
        groups.append(sorted(group))
    return groups


def _choose(view: View, phrase: str, purse: Purse) -> Steps[tuple[list[Box], bool]]:
    """Return the groups of cells that were picked, and whether looking closer can narrow them."""
    wide = view.box.width >= view.box.height
    columns, rows = (_ALONG, _ACROSS) if wide else (_ACROSS, _ALONG)
    cells = grid_cells(*view.picture.size, columns, rows)
    asked = _ASKED.format(count=len(cells), phrase=phrase)
    gridded = draw_grid(view.picture, columns, rows)
    numbers = yield from ask_numbers(view, gridded, asked, len(cells), purse)
    groups = [
        view.to_original(Box.union(cells[number - 1] for number in group))
        for group in connected(numbers, columns)
    ]
    return groups, 0 < len(numbers) <= len(cells) // 2


def _touch(one: int, other: int, columns: int) -> bool:
    (row, column), (other_row, other_column) = (divmod(n - 1, columns) for n in (one, other))
    return abs(row - other_row) + abs(column - other_column) == 1


def _is_fine(box: Box, depth: int) -> bool:
    return depth == _DEPTH or min(box.width, box.height) < _SMALLEST
