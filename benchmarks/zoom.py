"""A page of small text on a 4K screen: values read at `high`, and by `ask_image(search=True)`.

    python benchmarks/zoom.py [--pairs 288] [--model gpt-4o] [--sizes 20 13]

An OCR engine stands in for the eye and sees what the service would show its model (see eye.py).
"""

import argparse
import random
from dataclasses import dataclass

from eye import Eye, chat_model
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

from langchain_gptv import Image
from langchain_gptv.local.engine import LocalEngine
from langchain_gptv.tools.ask import ask_image

SIZE = (3840, 2160)
COLUMNS = 8
LETTERS = "ABCDEFGHJKLMNPRTUVWXYZ"
GOAL = 0.98


@dataclass(frozen=True)
class Score:
    """What one way of asking read, and took."""

    read: float
    tokens: int
    calls: int
    parts: int


def key_value_page(
    font_px: int, pairs: int, seed: int = 1
) -> tuple[PILImage.Image, dict[str, str]]:
    """Draw random keys with random values; return them with the page."""
    rng = random.Random(seed)
    page = PILImage.new("RGB", SIZE, "white")
    draw, rows = ImageDraw.Draw(page), -(-pairs // COLUMNS)
    try:
        font = ImageFont.truetype("DejaVuSans.ttf", font_px)
    except OSError:
        font = ImageFont.load_default(font_px)
    truth = {}
    for index in range(pairs):
        key = "".join(rng.choices(LETTERS, k=3)) + str(rng.randint(100, 999))
        truth[key] = str(rng.randint(10_000, 99_999))
        x = 60 + index % COLUMNS * SIZE[0] / COLUMNS
        y = 60 + index // COLUMNS * (SIZE[1] - 100) / rows
        draw.text((x, y), f"{key}: {truth[key]}", "black", font)
    return page, truth


def score(
    page: PILImage.Image, truth: dict[str, str], model: str, engine: LocalEngine, *, search: bool
) -> Score:
    """Ask for everything on a page and count the exact pairs in the answer."""
    eye = Eye(model, engine)
    question = "Read every key with its value."
    answer = ask_image(Image.from_pil(page), question, llm=chat_model(eye), search=search)
    text = answer.answer.replace(" ", "")
    found = sum(f"{key}:{value}" in text for key, value in truth.items())
    return Score(found / len(truth), eye.tokens, eye.calls, len(answer.seen))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=288)
    parser.add_argument("--model", default="gpt-4o")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 13])
    asked = parser.parse_args()
    engine, worst = LocalEngine(detector=None), 1.0
    print(f"{asked.model}, {SIZE[0]} x {SIZE[1]}, {asked.pairs} pairs")
    print(f"{'text':>6} {'view':<22} {'read':>6} {'tokens':>7} {'calls':>5} {'parts':>5}")
    for font_px in asked.sizes:
        page, truth = key_value_page(font_px, asked.pairs)
        for name, search in (("high", False), ("ask_image(search=True)", True)):
            got = score(page, truth, asked.model, engine, search=search)
            row = f"{got.read:6.3f} {got.tokens:7,} {got.calls:5} {got.parts:5}"
            print(f"{font_px:3} px {name:<22} {row}", flush=True)
            worst = min(worst, got.read) if search else worst
    return 0 if worst >= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
