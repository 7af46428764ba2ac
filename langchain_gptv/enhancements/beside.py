"""What was seen, as text that goes beside the image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from langchain_gptv.enhancements.settings import Enhancements
from langchain_gptv.local.layout import group_rows, order_for_reading
from langchain_gptv.vision.observations import DetectedObject, Observation, TextLine
from langchain_gptv.vision.tokens import estimate_text_tokens
from langchain_gptv.vision.untrusted import fence, one_line

_OBJECTS = "Objects, with their boxes [left, top, right, bottom] in 0..1:"
_TEXT = "Text, line by line:"


def write_block(seen: Observation, wanted: Enhancements) -> str:
    """Return the block of data that goes beside the image; it keeps to `max_tokens`.

    Objects come first, since they are few. What does not fit is counted.

    Example:
        >>> from langchain_gptv.vision.boxes import Box
        >>> from langchain_gptv.vision.observations import DetectedObject
        >>> cup = DetectedObject("cup", 0.97, Box(60, 20, 180, 100))
        >>> print(write_block(Observation(600, 400, (), (cup,)), Enhancements(ocr=False)))
        Everything between the two marks below was read in the picture above by a machine...
        1. cup [0.100, 0.050, 0.300, 0.250] 97%
        ...
    """
    objects = [_describe(thing, seen) for thing in seen.objects or ()] if wanted.grounding else []
    lines = _text_rows(seen.lines) if wanted.ocr else []

    def written(kept: int) -> str:
        return _written(seen, wanted, objects, lines, kept)

    return written(_most_that_fit(len(objects) + len(lines), written, wanted.max_tokens))


def _most_that_fit(count: int, written: Callable[[int], str], max_tokens: int) -> int:
    """Return how many of the entries fit; the head and the marks go in any case."""
    if estimate_text_tokens(written(count)) <= max_tokens:
        return count
    fits, too_many = 0, count
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if estimate_text_tokens(written(middle)) <= max_tokens:
            fits = middle
        else:
            too_many = middle
    return fits


def _written(
    seen: Observation,
    wanted: Enhancements,
    objects: Sequence[str],
    lines: Sequence[str],
    kept: int,
) -> str:
    shown_lines = lines[: max(0, kept - len(objects))]
    shown_objects = objects[:kept]
    sections: list[tuple[str, Sequence[str]]] = []
    if wanted.grounding:
        left_out = len(objects) - len(shown_objects)
        sections.append((_heading(_OBJECTS, _no_objects(seen), left_out), shown_objects))
    if wanted.ocr:
        left_out = len(lines) - len(shown_lines)
        sections.append((_heading(_TEXT, _no_text(seen), left_out), shown_lines))
    return fence(sections)


def _heading(what: str, nothing: str, left_out: int) -> str:
    note = f" ({left_out} more left out for want of room)" if left_out else ""
    return nothing or f"{what}{note}"


def _no_objects(seen: Observation) -> str:
    if seen.objects is None:
        return "Objects: no detector is installed, so none were looked for."
    return "" if seen.objects else "Objects: none were detected."


def _no_text(seen: Observation) -> str:
    if seen.lines:
        return ""
    unclear = f", but {len(seen.unclear)} places too unclear to read" if seen.unclear else ""
    return f"Text: none was read{unclear}."


def _text_rows(lines: Sequence[TextLine]) -> list[str]:
    """Return the rows in reading order; the cells of a table's row stand on one line."""
    rows: list[list[TextLine]] = []
    row_of = {id(line): number for number, row in enumerate(group_rows(lines)) for line in row}
    for line in order_for_reading(lines):
        if rows and row_of[id(rows[-1][-1])] == row_of[id(line)]:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [one_line("  ".join(line.text for line in row)) for row in rows]


def _describe(thing: DetectedObject, seen: Observation) -> str:
    box = thing.box.clamped(seen.width, seen.height)
    edges = zip(box, (seen.width, seen.height) * 2, strict=True)
    shares = ", ".join(f"{edge / size:.3f}" for edge, size in edges)
    return one_line(f"{thing.label} [{shares}] {thing.score:.0%}")
