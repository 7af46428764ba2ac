"""What was seen, as text that goes beside the image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from langchain_gptv.enhancements.settings import Enhancements
from langchain_gptv.local.layout import group_rows, order_for_reading
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import Observation, TextLine
from langchain_gptv.vision.tokens import estimate_text_tokens
from langchain_gptv.vision.untrusted import fence, one_line

_OBJECTS = "Objects, with their boxes [left, top, right, bottom] in 0..1:"
_TEXT = "Text, line by line:"
_CAPTIONS = "Captions of parts, with their boxes:"
_TAGS = "What the picture shows:"


def write_block(seen: Observation, wanted: Enhancements) -> str:
    """Return the block of data that goes beside the image; it keeps to `max_tokens`.

    Objects come first, since they are few, then text, then captions and tags where the observer
    gives any. What does not fit is left out from the end, and counted.

    Example:
        >>> from langchain_gptv.vision.boxes import Box
        >>> from langchain_gptv.vision.observations import DetectedObject
        >>> cup = DetectedObject("cup", 0.97, Box(60, 20, 180, 100))
        >>> print(write_block(Observation(600, 400, (), (cup,)), Enhancements(ocr=False)))
        Everything between the two marks below was read in the picture above by a machine...
        1. cup [0.100, 0.050, 0.300, 0.250] 97%
        ...
    """
    parts = list(_parts(seen, wanted))

    def written(kept: int) -> str:
        return fence(list(_sections(parts, kept)))

    count = sum(len(part.entries) for part in parts)
    return written(_most_that_fit(count, written, wanted.max_tokens))


class _Part(NamedTuple):
    """Entries of a kind; `nothing` is said where there are none."""

    heading: str
    entries: Sequence[str]
    nothing: str = ""


def _parts(seen: Observation, wanted: Enhancements) -> Iterator[_Part]:
    if wanted.grounding:
        found = seen.objects or ()
        objects = [_describe(each.label, each.score, seen, each.box) for each in found]
        yield _Part(_OBJECTS, objects, _no_objects(seen))
    if wanted.ocr:
        yield _Part(_TEXT, _text_rows(seen.lines), _no_text(seen))
    if seen.captions:
        captions = [_describe(said.text, said.score, seen, said.box) for said in seen.captions]
        yield _Part(_CAPTIONS, captions)
    if seen.tags:
        yield _Part(_TAGS, [one_line(f"{tag.name} {tag.score:.0%}") for tag in seen.tags])


def _sections(parts: Sequence[_Part], kept: int) -> Iterator[tuple[str, Sequence[str]]]:
    """Give the first entries of all, each under its heading."""
    for part in parts:
        shown = part.entries[: max(0, kept)]
        kept -= len(part.entries)
        left_out = len(part.entries) - len(shown)
        note = f" ({left_out} more left out for want of room)" if left_out else ""
        yield part.nothing or f"{part.heading}{note}", shown


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


def _describe(what: str, score: float, seen: Observation, box: Box) -> str:
    edges = zip(box.clamped(seen.width, seen.height), (seen.width, seen.height) * 2, strict=True)
    shares = ", ".join(f"{edge / size:.3f}" for edge, size in edges)
    return one_line(f"{what} [{shares}] {score:.0%}")
