"""How true prepared pixels are: SSIM and readable words against full decoding and LANCZOS."""

import io
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont, ImageOps

from langchain_gptv.vision.images import Image
from langchain_gptv.vision.pixels import render
from langchain_gptv.vision.prepare import fit_within, prepare_to_size

WORDS = "invoice total amount due payment order number customer address quantity price".split()
FONT = "DejaVuSans.ttf"


def text_page(
    width: int, height: int, font_px: int = 26, seed: int = 0
) -> tuple[PILImage.Image, list[str]]:
    """Draw a page of words in several colours, as a screenshot would show it; return its words."""
    rng = random.Random(seed)
    page = PILImage.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, width, 2 * font_px), fill=(40, 90, 170))
    try:
        font = ImageFont.truetype(FONT, font_px)
    except OSError:
        font = ImageFont.load_default(font_px)
    words = []
    for y in range(3 * font_px, height - 2 * font_px, 2 * font_px):
        line = " ".join(f"{rng.choice(WORDS)} {rng.randint(100, 999)}" for _ in range(6))
        draw.text((2 * font_px, y), line, fill=rng.choice(["black", "#222", "#a01010"]), font=font)
        words += line.split()
    return page, words


def ssim_to_lanczos(path: Path, size: tuple[int, int]) -> float:
    """Return the structural similarity of our pixels to full decoding and LANCZOS, in grey."""
    image = Image.from_path(path)
    target = fit_within((image.width, image.height), size)
    with PILImage.open(path) as file:
        whole = ImageOps.exif_transpose(file).convert("RGB")
    reference = whole.resize(target, PILImage.Resampling.LANCZOS)
    return _ssim(render(image, image.header, size=target), reference)


def ocr_losses() -> Iterator[tuple[str, float]]:
    """Yield by source type the share of words that only the reference lets an OCR engine read.

    Single pages differ by a whole line either way, so ten are averaged.
    """
    if not find_spec("rapidocr"):
        return
    pages = [(font_px, seed) for font_px in (20, 22, 24, 26, 28) for seed in (1, 2)]
    for file_type in ("PNG", "JPEG"):
        lost = [_words_lost(file_type, font_px, seed) for font_px, seed in pages]
        yield file_type, sum(lost) / len(lost)


def _words_lost(file_type: str, font_px: int, seed: int) -> float:
    page, words = text_page(2400, 1500, font_px, seed)
    buffer = io.BytesIO()
    page.save(buffer, file_type, quality=92)
    prepared = prepare_to_size(buffer.getvalue(), (1024, 640), resize="always")
    with PILImage.open(buffer) as file:
        reference = file.convert("RGB").resize((1024, 640), PILImage.Resampling.LANCZOS)
    sent = PILImage.open(io.BytesIO(prepared.data)).convert("RGB")
    return _share_read(reference, words) - _share_read(sent, words)


def _share_read(picture: PILImage.Image, words: list[str]) -> float:
    read = Counter(" ".join(_engine()(np.asarray(picture)).txts or ()).split())
    return (read & Counter(words)).total() / len(words)


@cache
def _engine() -> Callable[..., Any]:
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "error"})


def _ssim(one: PILImage.Image, other: PILImage.Image) -> float:
    a, b = (np.asarray(picture.convert("L"), np.float64) for picture in (one, other))
    mean_a, mean_b = _blur(a), _blur(b)
    var_a, var_b = _blur(a * a) - mean_a**2, _blur(b * b) - mean_b**2
    covariance = _blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    score = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float((score / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def _blur(array: np.ndarray) -> np.ndarray:
    kernel = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    kernel /= kernel.sum()
    for axis in (0, 1):
        array = np.apply_along_axis(np.convolve, axis, array, kernel, mode="valid")
    return array
