"""What the embedded engine reads of a page, line by line."""

import random

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest
from conftest import EXAMPLE_IMAGES

pytest.importorskip("rapidocr", reason="the extra 'local' is not installed")

from langchain_gptv.local.ocr import TextReader

WORDS = ("address", "amount", "customer", "invoice", "number", "order", "payment", "total")


@pytest.fixture(scope="module")
def reader() -> TextReader:
    """One reader, as its models take a second to load."""
    return TextReader()


def test_no_line_of_a_long_page_is_lost(reader):
    """Lines of many short words and numbers are read upright, every word of them."""
    dice, font = random.Random(0), PIL.ImageFont.load_default(18)
    page = PIL.Image.new("RGB", (1008, 720), "white")
    draw, words = PIL.ImageDraw.Draw(page), []
    for y in range(36, 680, 36):
        line = [
            part for _ in range(6) for part in (dice.choice(WORDS), str(dice.randint(100, 999)))
        ]
        draw.text((36, y), " ".join(line), "black", font)
        words += line
    lines, unclear = reader.read(np.asarray(page))
    assert unclear == []
    assert [word for line in lines for word in line.text.split()] == words


def test_a_page_upside_down_is_read(reader):
    """Most lines of a page that was scanned the wrong way round are read all the same."""
    page = PIL.Image.open(EXAMPLE_IMAGES / "receipt.png").convert("RGB").rotate(180)
    lines, _ = reader.read(np.asarray(page))
    texts = [line.text for line in lines]
    assert "30.54" in texts
    assert len(texts) >= 44
