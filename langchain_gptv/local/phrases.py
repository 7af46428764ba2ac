"""Words for what was seen: counts, colours, places."""

from collections.abc import Iterable, Sequence

from langchain_gptv.local.labels import count_noun
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import DetectedObject, Observation

_SURE = 0.6
"""Score below which a thing is said to be there less surely."""


def list_objects(objects: Sequence[DetectedObject]) -> str:
    """Name things with their counts, the unsure ones apart."""
    sure = [item.label for item in objects if item.score >= _SURE]
    unsure = [item.label for item in objects if item.score < _SURE]
    parts = [join_words(_count_labels(labels)) for labels in (sure, unsure) if labels]
    return " and, less surely, ".join(parts) if sure else f"possibly {parts[0]}"


def _count_labels(labels: Sequence[str]) -> list[str]:
    return [count_noun(labels.count(label), label) for label in dict.fromkeys(labels)]


def list_colors(seen: Observation) -> str:
    """Name the main colours of a picture."""
    return join_words(color.name for color in seen.colors[:3]) or "mixed"


def list_box_colors(item: DetectedObject) -> str:
    """Name the main colours inside a thing's box."""
    return join_words(color.name for color in item.colors[:3]) or "of mixed colours"


def join_words(parts: Iterable[str]) -> str:
    """Join as a sentence does: 'a, b and c'."""
    *first, last = list(parts) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def name_shape(seen: Observation) -> str:
    """Say 'square', 'landscape' or 'portrait'."""
    ratio = seen.width / seen.height
    return "square" if 0.95 < ratio < 1.05 else "landscape" if ratio > 1 else "portrait"


def name_place(seen: Observation, box: Box) -> str:
    """Say where a box is: 'at the upper left'."""
    x, y = box.center
    column = ("left", "centre", "right")[min(int(3 * x / seen.width), 2)]
    row = ("upper", "middle", "lower")[min(int(3 * y / seen.height), 2)]
    if row == "middle":
        return "in the middle" if column == "centre" else f"at the {column}"
    return f"at the {row} {column}"


def is_at(seen: Observation, box: Box, place: str) -> bool:
    """Tell whether a box is in a part of the picture: 'left', 'upper', 'lower right', 'middle'."""
    return set(place.split()) <= set(name_place(seen, box).split())


def show_box(box: Box) -> str:
    """Write a box in whole pixels."""
    return "[" + ", ".join(f"{value:.0f}" for value in box) + "]"
