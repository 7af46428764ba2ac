"""An OCR engine and a detector in the place of a model's eye, behind the real wire.

The eye sees what a service would show its model: each image that arrives is first scaled down as
the model's profile says. It knows nothing else: candidates, truth and file names stay out of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
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
from langchain_gptv.vision.observations import Observation
from langchain_gptv.vision.profiles import VisionProfile, get_profile

PHRASE = re.compile(r"(?:mark this|in part, this): (.+)")
KEY = re.compile(r"value of (\w+)")
ALIKE = 80
MARK_TOLERANCE = 26


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
            numbers = self._numbers(views[0], question)
            return {"numbers": [number for number in numbers if number <= most]}, ()
        if "parts" in schema["properties"]:
            return {"parts": []}, ()
        text = _answer([self.engine.observe(view) for view in views], question)
        return {"answer": text, "is_complete": bool(KEY.search(question) and text)}, ()

    def _look(self, images: Sequence[Image]) -> list[Image]:
        self.calls += 1
        self.tokens += sum(self.profile.tokens(i.width, i.height, "high") for i in images)
        return [as_seen(image, self.profile) for image in images]

    def _numbers(self, view: Image, question: str) -> list[int]:
        phrase = PHRASE.search(question)[1].strip()
        seen = self.engine.observe(view)
        marks = list(find_marks(view))
        wanted = list(_targets(seen, phrase))
        numbers = [_nearest(box, marks) for box in wanted]
        if "grid" in question:
            numbers = [_cell(box, marks) for box in wanted]
        return sorted({number for number in numbers if number})


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


def find_marks(view: Image) -> Iterator[tuple[int, Box]]:
    """Read the numbers of the marks: solid patches of a mark's colour, and the digits on them."""
    pixels = np.asarray(view.to_pil()).astype(int)
    reader = _reader()
    for color in COLORS:
        near = np.abs(pixels - ImageColor.getrgb(color)).max(axis=2) < MARK_TOLERANCE
        solid = cv2.morphologyEx(near.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5)))
        solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((8, 8)))
        count, _, stats, _ = cv2.connectedComponentsWithStats(solid)
        for x, y, width, height, _ in stats[1:count]:
            if not (10 <= height <= 60 and 8 <= width <= 80):
                continue
            patch = pixels[y + 1 : y + height - 1, x + 1 : x + width - 1]
            number = _digits(np.abs(patch - ImageColor.getrgb(color)).max(axis=2), reader)
            if number:
                yield number, Box(int(x), int(y), int(x + width), int(y + height))


def _digits(ink: np.ndarray, reader: Any) -> int | None:
    """Read digits from how far each pixel is from the colour of its ground."""
    label = PILImage.fromarray((255 - 255 * (ink / max(1, ink.max()))).astype(np.uint8))
    label = label.resize((label.width * 3, label.height * 3), PILImage.Resampling.LANCZOS)
    padded = PILImage.new("RGB", (label.width + 40, label.height + 12), "white")
    padded.paste(label, (20, 6))
    text = (reader(np.asarray(padded), use_det=False, use_cls=False).txts or ("",))[0]
    return int(text) if text.isascii() and text.isdigit() else None


@lru_cache(maxsize=1)
def _reader() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "error"})


def _targets(seen: Observation, phrase: str) -> Iterator[Box]:
    """Find what a phrase means: objects of that class, or the text that is most like it."""
    named = [found.box for found in seen.objects or () if found.label in phrase.lower()]
    if named:
        yield from named
        return
    scored = [
        (fuzz.partial_ratio(phrase.lower(), line.text.lower()), line)
        for line in seen.lines
        if len(line.text) >= len(phrase) * 0.7
    ]
    best = max((score for score, _ in scored), default=0)
    yield from (line.box for score, line in scored if score == best >= ALIKE)


def _nearest(box: Box, marks: Sequence[tuple[int, Box]]) -> int | None:
    """Return the number that stands at an edge of a box."""
    gaps = [(_gap(mark, box), number) for number, mark in marks]
    gap, number = min(gaps, default=(0.0, None))
    return number if gap <= max(12, 0.3 * min(box.width, box.height)) else None


def _gap(mark: Box, box: Box) -> float:
    """Return how far a mark is from the corners and ends of a box, where marks are put."""
    ends = [
        (box.x1, (box.y1 + box.y2) / 2),
        (box.x2, (box.y1 + box.y2) / 2),
        (box.x1, box.y1),
        (box.x2, box.y1),
        (box.x1, box.y2),
        (box.x2, box.y2),
    ]
    return min(max(mark.x1 - x, x - mark.x2, 0) + max(mark.y1 - y, y - mark.y2, 0) for x, y in ends)


def _cell(box: Box, marks: Sequence[tuple[int, Box]]) -> int | None:
    """Return the number of the cell that the middle of a box lies in: up and left of it."""
    x, y = box.center
    before = [(-(mark.y1), -(mark.x1), n) for n, mark in marks if mark.x1 <= x and mark.y1 <= y]
    return min(before, default=(0, 0, None))[2]


def _answer(seen: Sequence[Observation], question: str) -> str:
    lines = [line.text for one in seen for line in one.lines]
    key = KEY.search(question)
    if key is None:
        return "\n".join(lines)
    values = (re.search(rf"{key[1]}\s*:?\s*(\d+)", line) for line in lines)
    return next((found[1] for found in values if found), "")
