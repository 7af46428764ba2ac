"""A model that looks at a contact sheet: its eye is the embedded engine, which reads the stamps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from langchain_gptv.vision.observations import Observation, TextLine

_STAMP = re.compile(r"(?:\d+:)?\d\d:\d\d\.\d")


@dataclass
class SheetEye:
    """Stands behind the real wire; names the cells whose caption has a word of the query.

    Attributes:
        engine: What reads the pixels that arrive.
        prose: How many times it answers in prose first.
        shown: (width, height) of the pictures of each request.
        words: Of the query.
    """

    engine: Any
    prose: int = 0
    shown: list[list[tuple[int, int]]] = field(default_factory=list)
    words: set[str] = field(default_factory=set)

    def answer(self, images, question):
        """Answer as the engine does."""
        return self.engine.answer(images, question)

    def fill(self, images, question, schema):
        """Fill `timestamps` from the sheet, and any other class as the engine does."""
        self.shown.append([(image.width, image.height) for image in images])
        if "timestamps" not in schema["properties"]:
            return self.engine.fill(images, question, schema)
        _, asked, query = question.rpartition("What is asked for:")
        # When it is asked again, the question is only that it use the right form.
        self.words = set(query.lower().split()) if asked else self.words
        if len(self.shown) <= self.prose:
            return {"timestamps": ["somewhere in the middle"]}, ()
        return {"timestamps": list(self._cells(self.engine.observe(images[0])))}, ()

    def _cells(self, seen: Observation):
        stamps = [(line, match[0]) for line in seen.lines if (match := _STAMP.search(line.text))]
        for line in seen.lines:
            if set(re.findall(r"\w+", line.text.lower())) & self.words:
                yield min(stamps, key=lambda stamp: _above(stamp[0], line))[1]


def _above(stamp: TextLine, line: TextLine) -> float:
    """Return how far a stamp is from being that of the cell with the line."""
    down = line.box.y1 - stamp.box.y1
    return abs(line.box.center[0] - stamp.box.center[0]) + down if down > 0 else 1e9
