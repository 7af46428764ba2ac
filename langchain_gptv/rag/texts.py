"""The text of a document: its own, read from the picture, or a description."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Literal, get_args

from langchain_core.documents import Document

from langchain_gptv.exceptions import MissingExtraError
from langchain_gptv.rag.cache import LoaderCache
from langchain_gptv.rag.describing import Describer
from langchain_gptv.rag.documents import TextFrom, View
from langchain_gptv.tools.base import ObserverChoice, choose_observer
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.observations import Observer, TextLine
from langchain_gptv.vision.untrusted import one_line

TextMode = Literal["auto", "ocr", "describe", "embedded"]

Line = tuple[str, Box]

ENOUGH_CHARACTERS = 25
"""A page with less embedded text than this is taken for a scan, whose stamp is not its text."""


class TextMaker:
    """Gives views their text.

    Args:
        mode: As in `LoaderOptions`.
        describer: Needed for "describe"; with it "auto" describes what has no text of its own.
        observer: Reads and sees; "default" is the embedded engine when it is installed.
        cache: Keeps what was read.

    Raises:
        ValueError: The mode is none, or needs a chat model.
    """

    def __init__(
        self,
        mode: TextMode,
        describer: Describer | None,
        observer: ObserverChoice,
        cache: LoaderCache | None,
    ) -> None:
        if mode not in get_args(TextMode):
            raise ValueError(f"text={mode!r} is none of {', '.join(get_args(TextMode))}.")
        if mode == "describe" and describer is None:
            raise ValueError('text="describe" needs a chat model. Pass llm=ChatGPTV(...).')
        self.mode, self.describer, self._given, self._cache = mode, describer, observer, cache

    @property
    def settings(self) -> tuple[str, ...]:
        """What a text depends on, beside the picture."""
        by = self.describer and (self.describer.name, self.describer.prompt)
        return (self.mode, *(by or ()), type(self._given).__name__)

    @cached_property
    def observer(self) -> Observer | None:
        """Whoever reads."""
        return choose_observer(self._given)

    def will_read(self, lines: Sequence[TextLine]) -> bool:
        """Tell whether a page with this embedded text has to be read from its picture."""
        return self.mode == "ocr" or (self.mode == "auto" and not _is_enough(lines))

    def make(self, view: View) -> Document:
        """Return the document of a view.

        Raises:
            MissingExtraError: OCR is asked for, and there is no observer.
        """
        if self.mode == "describe":
            return self._described(view)
        if self.mode == "ocr":
            return self._read(view, with_objects=False)
        if self.mode == "embedded" or self._has_own(view):
            return _embedded(view)
        if self.describer and view.kind != "page":
            return self._described(view)
        if self.observer:
            return self._read(view, with_objects=view.kind in ("photo", "scene"))
        return self._described(view) if self.describer else _embedded(view)

    def _has_own(self, view: View) -> bool:
        if view.kind == "figure":
            return self.describer is None and bool(view.lines)
        return _is_enough(view.lines)

    def _described(self, view: View) -> Document:
        assert self.describer is not None
        text = self.describer.describe(view.image)
        own = view.caption if view.kind in ("figure", "scene") else ""
        return view.document(f"{own}\n{text}" if own else text, "describe")

    def _read(self, view: View, *, with_objects: bool) -> Document:
        lines = [*_caption(view), *self._seen(view.image, with_objects=with_objects)]
        return _of_lines(view, lines, "ocr")

    def _seen(self, image: Image, *, with_objects: bool) -> list[Line]:
        if self.observer is None:
            raise MissingExtraError("Reading text from pictures without observer=...", "local")
        key = LoaderCache.key(image.sha256, type(self.observer).__name__, with_objects)
        known = self._cache.text(key) if self._cache else None
        if known is not None:
            return [(text, Box(*box)) for text, box in json.loads(known)]
        seen = self.observer.observe(image)
        lines = [(one_line(line.text), line.box.rounded()) for line in seen.lines]
        if with_objects:
            lines += [(found.label, found.box.rounded()) for found in seen.objects or ()]
        if self._cache:
            self._cache.keep_text(key, json.dumps(lines))
        return lines


def _embedded(view: View) -> Document:
    own = [(one_line(line.text), line.box) for line in view.lines]
    return _of_lines(view, [*_caption(view), *own], "embedded")


def _caption(view: View) -> list[Line]:
    """Return the text beside a figure, which stands for all of it."""
    whole = Box(0, 0, view.image.width, view.image.height)
    return [(one_line(view.caption), whole)] if view.caption else []


def _of_lines(view: View, lines: Sequence[Line], text_from: TextFrom) -> Document:
    lines = [(text, box) for text, box in lines if text]
    text = "\n".join(text for text, _ in lines)
    return view.document(text, text_from, [box for _, box in lines])


def _is_enough(lines: Sequence[TextLine]) -> bool:
    return sum(len(line.text) for line in lines) >= ENOUGH_CHARACTERS
