"""Moments on a sheet of frames: the times above those frames that show what is asked for.

Each frame stands under its time, as `contact_sheet` draws it. What is read and seen in the picture
belongs to the time that stands nearest above and left of it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import Observation, TextLine
from langchain_gptv.vision.video.scoring import score_observation

_STAMP = re.compile(r"(?:\d+:)?\d\d:\d\d\.\d")
_NEXT_PX = 24
"""Two times nearer than this stand in one row or column; no cell of a sheet is as small."""


def find_stamps(lines: Iterable[TextLine]) -> list[TextLine]:
    """Return the lines that are times, as written above the frames of a sheet."""
    return [line for line in lines if _STAMP.fullmatch(line.text.strip())]


def name_moments(
    seen: Observation, question: str, labels_of: Callable[[str], Sequence[str]]
) -> list[TextLine]:
    """Return the times of the frames that show what a question asks for, the best first.

    Args:
        seen: A sheet.
        question: What is asked for stands in its last line; behind a colon, if there is one.
        labels_of: Which labels of objects a word may mean.
    """
    stamps = find_stamps(seen.lines)
    query = question.strip().rpartition("\n")[2].rpartition(": ")[2]
    scores = [score_observation(cell, query, labels_of) for cell in _cells(seen, stamps)]
    best = sorted(range(len(stamps)), key=lambda place: -scores[place])
    return [stamps[place] for place in best if scores[place] > 0]


def _cells(seen: Observation, stamps: Sequence[TextLine]) -> list[Observation]:
    """Return what is seen in the frame of each time."""
    owners = _owners([stamp.box for stamp in stamps])
    texts = [line for line in seen.lines if line not in stamps]
    things = seen.objects or ()
    return [
        replace(
            seen,
            lines=tuple(line for line in texts if owners(line.box) == place),
            objects=tuple(thing for thing in things if owners(thing.box) == place),
        )
        for place in range(len(stamps))
    ]


def _owners(stamps: Sequence[Box]) -> Callable[[Box], int | None]:
    """Return what tells in which cell a box lies; a time that was not read leaves a hole."""
    width, height = _pitch(box.x1 for box in stamps), _pitch(box.y1 for box in stamps)

    def owner(box: Box) -> int | None:
        x, y = box.center
        inside = (
            (y - stamp.y1, x - stamp.x1, place)
            for place, stamp in enumerate(stamps)
            if 0 <= x - stamp.x1 < width and 0 <= y - stamp.y1 < height
        )
        return min(inside, default=(0, 0, None))[2]

    return owner


def _pitch(edges: Iterable[float]) -> float:
    """Return how far rows, or columns, stand apart; only one has no end."""
    gaps = (after - before for before, after in pairwise(sorted(edges)))
    return min((gap for gap in gaps if gap > _NEXT_PX), default=float("inf"))
