"""An OCR engine and a detector in the place of a model's eye, behind the real wire.

The eye sees what a service would show its model: each image that arrives is first scaled down as
the model's profile says. It knows nothing else: candidates, truth and file names stay out of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from PIL import Image as PILImage
from PIL import ImageColor
from rapidfuzz import fuzz

from langchain_gptv import ChatGPTV
from langchain_gptv.local.engine import LocalEngine
from langchain_gptv.local.evidence import Answer, Evidence
from langchain_gptv.local.transport import local_http_clients
from langchain_gptv.local.wire import LocalService
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.draw import COLORS
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.ink import tighten
from langchain_gptv.vision.observations import Observation
from langchain_gptv.vision.profiles import VisionProfile, get_profile

PHRASE = re.compile(r"(?:mark this|in part, this): (.+)")
KEY = re.compile(r"value of (\w+)")
WRITTEN = re.compile(r"that fits this: (.+)")
ALIKE = 80
MARK_TOLERANCE = 26
LINE_TOLERANCE = 90  # thin lines are blurred where a picture was scaled or compressed
DRAWN = 24  # levels; JPEG alone changes less
OUTLINED = 0.35  # of a box's sides; where boxes overlap, lines cover lines
LETTERS = str.maketrans("IlO", "110")
REACH = 4  # pixels into a cell


class Eye:
    """Answers the questions of the tools from pixels.

    Args:
        model: Whose profile says how far an image is scaled down.
        engine: What reads and detects.
    """

    def __init__(self, model: str = "gpt-4o", engine: LocalEngine | None = None) -> None:
        self.profile: VisionProfile = get_profile(model)
        self.engine = engine or LocalEngine()
        self.tokens = self.calls = 0

    def answer(self, images: Sequence[Image], question: str) -> Answer:
        """Read everything, or the value of the key that is asked for."""
        views = self._look(images)
        return Answer(_answer([self.engine.observe(view) for view in views], question), "seen")

    def fill(
        self, images: Sequence[Image], question: str, schema: Mapping[str, Any]
    ) -> tuple[dict[str, Any], tuple[Evidence, ...]]:
        """Answer in the form of a schema: numbers of marks, parts to see, or what was read."""
        views = self._look(images)
        if "numbers" in schema["properties"]:
            most = schema["properties"]["numbers"]["items"]["maximum"]
            numbers = self._numbers(*views, question)
            return {"numbers": [number for number in numbers if number <= most]}, ()
        if "boxes" in schema["properties"]:
            return {"boxes": list(self._coordinates(views[0], question))}, ()
        if "parts" in schema["properties"]:
            return {"parts": []}, ()
        text = _answer([self.engine.observe(view) for view in views], question)
        return {"answer": text, "is_complete": bool(KEY.search(question) and text)}, ()

    def _look(self, images: Sequence[Image]) -> list[Image]:
        self.calls += 1
        self.tokens += sum(self.profile.tokens(i.width, i.height, "high") for i in images)
        return [as_seen(image, self.profile) for image in images]

    def things(self, view: Image, phrase: str) -> list[Box]:
        """Return where a phrase's objects, or the text most like it, are in a picture."""
        picture = view.to_pil()
        return [
            tighten(picture, box) if is_text else box
            for box, is_text in _targets(self.engine, view, phrase)
        ]

    def _numbers(self, clean: Image, marked: Image, question: str) -> list[int]:
        """Find the things on the clean picture, then the numbers of their places on the other."""
        wanted = self.things(clean, PHRASE.search(question)[1].strip())
        marks = read_marks(clean, marked)
        if "grid" in question:
            return sorted({number for box in wanted for number in _cells(box, marks, marked)})
        return sorted({number for box in wanted if (number := _mark_around(box, marks))})

    def _coordinates(self, view: Image, question: str) -> Iterator[dict[str, int]]:
        """Write the edges of the things in whole numbers, in the unit that is asked for."""
        phrase = WRITTEN.search(question)[1].strip()
        full = (1000, 1000) if "thousandths" in question else (view.width, view.height)
        across, down = full[0] / view.width, full[1] / view.height
        for x1, y1, x2, y2 in self.things(view, phrase):
            yield {
                "x1": round(x1 * across),
                "y1": round(y1 * down),
                "x2": round(x2 * across),
                "y2": round(y2 * down),
            }


def chat_model(eye: Eye) -> ChatGPTV:
    """Return the chat model whose every request the eye answers."""
    clients = local_http_clients(LocalService(eye, models=(eye.profile.model,)))
    return ChatGPTV(
        model=eye.profile.model,
        detail="high",
        api_key="not-needed",
        base_url="http://gptv.local/v1",
        http_client=clients[0],
        http_async_client=clients[1],
        max_retries=0,
    )


@lru_cache(maxsize=64)
def _scaled(image: Image, size: tuple[int, int]) -> Image:
    return Image.from_pil(image.to_pil().resize(size, PILImage.Resampling.LANCZOS))


def as_seen(image: Image, profile: VisionProfile) -> Image:
    """Return an image as a service shows it to its model."""
    size = profile.seen_size(image.width, image.height, "high")
    return image if size == (image.width, image.height) else _scaled(image, size)


@dataclass(frozen=True)
class Mark:
    """A number that was read.

    Attributes:
        number: What the digits say.
        label: Where they stand.
        lines: Which pixels of the picture were drawn in the label's colour.
    """

    number: int
    label: Box
    lines: np.ndarray


def read_marks(clean: Image, marked: Image) -> list[Mark]:
    """Read the numbers: solid patches of a mark's colour that the clean picture has not."""
    before, pixels = (np.asarray(view.to_pil()).astype(int) for view in (clean, marked))
    drawn = np.abs(pixels - before).max(axis=2) > DRAWN
    marks = []
    for color in COLORS:
        away = np.abs(pixels - ImageColor.getrgb(color)).max(axis=2)
        lines = drawn & (away < LINE_TOLERANCE)
        for label in _patches(drawn & (away < MARK_TOLERANCE)):
            x1, y1, x2, y2 = map(int, label)
            number = _digits(away[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1])
            if number:
                marks.append(Mark(number, label, lines))
    return marks


def _patches(lines: np.ndarray) -> Iterator[Box]:
    """Yield the parts that are as thick as a label; outlines are thinner."""
    solid = cv2.morphologyEx(lines.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7)))
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((5, 5)))
    count, _, stats, _ = cv2.connectedComponentsWithStats(solid)
    for x, y, width, height, _ in stats[1:count].tolist():
        if 10 <= height <= 60 and 8 <= width <= 80:
            yield Box(x, y, x + width, y + height)


def _digits(ink: np.ndarray) -> int | None:
    """Read digits from how far each pixel is from the colour of its ground."""
    label = PILImage.fromarray((255 - 255 * (ink / max(1, ink.max()))).astype(np.uint8))
    label = label.resize((label.width * 3, label.height * 3), PILImage.Resampling.LANCZOS)
    padded = PILImage.new("RGB", (label.width + 40, label.height + 12), "white")
    padded.paste(label, (20, 6))
    text = (_reader()(np.asarray(padded), use_det=False, use_cls=False).txts or ("",))[0]
    text = text.translate(LETTERS)
    return int(text) if text.isascii() and text.isdigit() else None


@lru_cache(maxsize=1)
def _reader() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "error"})


def _targets(engine: LocalEngine, view: Image, phrase: str) -> Iterator[tuple[Box, bool]]:
    """Find what a phrase means: objects of that class, or the text that is most like it."""
    seen = engine.observe(view)
    named = [found.box for found in seen.objects or () if found.label in phrase.lower()]
    if named:
        yield from ((box, False) for box in named)
        return
    scored = [
        (fuzz.partial_ratio(phrase.lower(), line.text.lower()), line)
        for line in seen.lines
        if len(line.text) >= len(phrase) * 0.7
    ]
    best = max((score for score, _ in scored), default=0)
    yield from ((line.box, True) for score, line in scored if score == best >= ALIKE)


def _mark_around(box: Box, marks: Sequence[Mark]) -> int | None:
    """Return the number whose outline runs around a box, and whose label touches it."""
    rated = [(_outlined(box, mark) - _gap(mark.label, box) / 50, mark.number) for mark in marks]
    rating, number = max(rated, default=(0.0, None))
    return number if rating >= OUTLINED else None


def _outlined(box: Box, mark: Mark) -> float:
    """Return how much of a box's four sides has a line of the mark's colour just outside it."""
    reach = max(6, round(0.08 * min(box.width, box.height)))
    x1, y1, x2, y2 = map(round, box)
    rows, columns = slice(max(0, y1), y2), slice(max(0, x1), x2)
    sides = [mark.lines[rows, max(0, x - reach) : x + reach].mean(axis=0) for x in (x1, x2)]
    sides += [mark.lines[max(0, y - reach) : y + reach, columns].mean(axis=1) for y in (y1, y2)]
    return float(np.mean([side.max(initial=0) for side in sides]))


def _gap(label: Box, box: Box) -> float:
    """Return how far a label is from a box; 0 where they meet."""
    across = max(label.x1 - box.x2, box.x1 - label.x2, 0)
    return float(across + max(label.y1 - box.y2, box.y1 - label.y2, 0))


def _cells(box: Box, marks: Sequence[Mark], view: Image) -> Iterator[int]:
    """Yield the numbers of the cells that a box reaches into; labels stand in their corners."""
    lefts = sorted({round(mark.label.x1 / 9) * 9 for mark in marks})
    tops = sorted({round(mark.label.y1 / 9) * 9 for mark in marks})
    for mark in marks:
        right = min((x for x in lefts if x > mark.label.x1 + 9), default=view.width)
        bottom = min((y for y in tops if y > mark.label.y1 + 9), default=view.height)
        shared = Box(mark.label.x1, mark.label.y1, right, bottom).intersection(box)
        if min(shared.width, shared.height) > REACH:
            yield mark.number


def _answer(seen: Sequence[Observation], question: str) -> str:
    lines = [line.text for one in seen for line in one.lines]
    key = KEY.search(question)
    if key is None:
        return "\n".join(lines)
    values = (re.search(rf"{key[1]}\s*:?\s*(\d+)", line) for line in lines)
    return next((found[1] for found in values if found), "")
