"""Pages made of text lines, so that rules can be tested without reading a picture."""

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import DetectedObject, Observation, TextLine, Word


def line(text: str, x: float = 0, y: float = 0, *, height: float = 20, score: float = 0.99):
    """A line whose characters are 10 pixels wide."""
    words, at = [], 0
    for part in text.split():
        start = text.index(part, at)
        at = start + len(part)
        words.append(Word(part, score, Box(x + 10 * start, y, x + 10 * at, y + height)))
    return TextLine(text, score, Box(x, y, x + 10 * len(text), y + height), tuple(words))


def page(*rows: tuple[str, ...], columns: tuple[int, ...] = (0, 300, 400, 500)) -> list[TextLine]:
    """Rows of cells, 30 pixels apart; an empty cell is no line."""
    return [
        line(cell, columns[column], 30 * row)
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
        if cell
    ]


def thing(label: str, score: float = 0.9, box: tuple[int, int, int, int] = (0, 0, 10, 10)):
    """A detected object."""
    return DetectedObject(label, score, Box(*box))


def seen(lines=(), objects=(), **more) -> Observation:
    """An observation of a 600 x 400 picture."""
    objects = None if objects is None else tuple(objects)
    return Observation(600, 400, tuple(lines), objects, **more)


RECEIPT = page(
    ("Harbour Street Cafe", "", "", ""),
    ("12 Harbour Street", "", "", ""),
    ("Tel: 020 7946 0123", "", "", ""),
    ("Date: 13/04/2026", "14:32", "", ""),
    ("2 x Flat white", "", "3.20", "6.40"),
    ("Almond croissant", "1", "2.95", "2.95"),
    ("Subtotal", "", "", "9.35"),
    ("VAT 20%", "", "", "1.56"),
    ("TOTAL", "", "", "£9.35"),
    ("Cash", "", "", "10.00"),
    ("Change", "", "", "0.65"),
)
