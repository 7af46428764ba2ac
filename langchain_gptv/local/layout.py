"""Rows, reading order and plain-text layout of text lines."""

from collections.abc import Sequence
from statistics import median

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import TextLine


def group_rows(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Group lines that stand side by side; rows top to bottom, each left to right.

    A line joins a row when their boxes share at least half of the smaller height.
    """
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: line.box.center[1]):
        if rows and _side_by_side(rows[-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.box.x1) for row in rows]


def _side_by_side(row: Sequence[TextLine], line: TextLine) -> bool:
    nearest = min(row, key=lambda other: abs(other.box.center[0] - line.box.center[0]))
    shared = min(nearest.box.y2, line.box.y2) - max(nearest.box.y1, line.box.y1)
    overlaps_in_x = min(nearest.box.x2, line.box.x2) - max(nearest.box.x1, line.box.x1)
    return shared >= 0.5 * min(nearest.box.height, line.box.height) and overlaps_in_x < 0.5 * min(
        nearest.box.width, line.box.width
    )


def order_for_reading(lines: Sequence[TextLine]) -> list[TextLine]:
    """Sort lines as a person reads them: columns one after another (recursive XY cut)."""
    if len(lines) < 2:
        return list(lines)
    height = median(line.box.height for line in lines)
    columns = _split_at_gaps(lines, 0, least=1.2 * height)
    if len(columns) > 1 and _are_columns(columns):
        return [line for column in columns for line in order_for_reading(column)]
    # One cut at a time: a gap that crosses the page may part a heading from columns below it.
    above, below = _split_at_widest_gap(lines, least=0.9 * height)
    if below:
        return order_for_reading(above) + order_for_reading(below)
    return [line for row in group_rows(lines) for line in row]


def _split_at_gaps(lines: Sequence[TextLine], axis: int, least: float) -> list[list[TextLine]]:
    """Split where no line is for `least` pixels; axis 0 parts columns, 1 parts rows."""
    ordered = sorted(lines, key=lambda line: line.box[axis])
    parts, reach = [[ordered[0]]], ordered[0].box[axis + 2]
    for line in ordered[1:]:
        if line.box[axis] - reach >= least:
            parts.append([])
        parts[-1].append(line)
        reach = max(reach, line.box[axis + 2])
    return parts


def _split_at_widest_gap(
    lines: Sequence[TextLine], least: float
) -> tuple[list[TextLine], list[TextLine]]:
    """Split into what is above and below the widest gap; all above when none is wide enough."""
    parts = _split_at_gaps(lines, 1, least)
    bottoms = [max(line.box.y2 for line in part) for part in parts]
    gaps = [
        min(line.box.y1 for line in below) - bottom
        for bottom, below in zip(bottoms, parts[1:], strict=False)
    ]
    cut = gaps.index(max(gaps)) + 1 if gaps else len(parts)
    return [line for part in parts[:cut] for line in part], [
        line for part in parts[cut:] for line in part
    ]


def _are_columns(parts: Sequence[Sequence[TextLine]]) -> bool:
    """Tell columns of running text from the cells of a table, which are read row by row."""
    lengths = [median(len(line.text) for line in part) for part in parts]
    return min(len(part) for part in parts) >= 3 and min(lengths) >= 20


def render_layout(lines: Sequence[TextLine], columns: int = 100) -> str:
    """Set the lines as plain text with spaces where the picture has room.

    Args:
        lines: In any order.
        columns: The most characters from the left to the right edge of the text.
    """
    if not lines:
        return ""
    frame = Box.union(line.box for line in lines)
    per_character = median(line.box.width / max(1, len(line.text)) for line in lines)
    per_character = max(per_character, frame.width / columns, 1e-6)
    rows = group_rows(lines)
    rendered = [_render_row(row, frame.x1, per_character) for row in rows]
    for index in range(len(rows) - 1, 0, -1):
        if _row_gap(rows[index - 1], rows[index]) > 1.2:
            rendered.insert(index, "")
    return "\n".join(rendered)


def _render_row(row: Sequence[TextLine], left: float, per_character: float) -> str:
    text = ""
    for line in row:
        column = round((line.box.x1 - left) / per_character)
        padding = max(column - len(text), 2 if text else 0)
        text += " " * padding + line.text
    return text


def _row_gap(above: Sequence[TextLine], below: Sequence[TextLine]) -> float:
    """Return the space between two rows, in line heights."""
    bottom, top = max(line.box.y2 for line in above), min(line.box.y1 for line in below)
    height = median(line.box.height for line in (*above, *below))
    return (top - bottom) / height if height else 0.0
