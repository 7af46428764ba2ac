"""How well tables and charts are extracted, with the embedded engine standing as the model.

python benchmarks/extraction.py [FOLDER]

Tables and charts are rendered with known truth. FOLDER may hold PubTabNet pictures with their
`truth.jsonl`. Scores are F1 of 1:

- text: the cells' texts, wherever they stand;
- cells: (row, column, text), so a column too many costs all that follow;
- structure: (row, column, row span, column span);
- evidence: of the values that were read, those with a box that lies on their printed place.

"lines only" is the same text put in rows, with each line the next cell: what OCR gives alone.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

from langchain_gptv import Box, ChatGPTV, Image
from langchain_gptv.exceptions import ReplyError
from langchain_gptv.local.layout import group_rows
from langchain_gptv.tools import Chart, Table, TableCell, extract_data
from langchain_gptv.tools.base import default_observer

WORDS = "North South East West Alder Birch Cedar Maple Rowan Hazel Linden Aspen".split()


@dataclass
class Case:
    """A picture with what is printed in it and where."""

    name: str
    image: Image
    cells: list[TableCell]
    boxes: dict[tuple[int, int], Box]


def render_table(seed: int, *, ruled: bool, grouped: bool, right: bool) -> Case:
    """Draw a table of names and numbers; `grouped` has a header of two rows with spans."""
    dice = random.Random(seed)
    columns, rows, top = dice.randint(3, 6), dice.randint(4, 9), 2 if grouped else 1
    widths = [190] + [120] * (columns - 1)
    picture = PILImage.new("RGB", (sum(widths) + 60, 44 * (rows + top) + 60), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=20)
    cells, boxes = [], {}

    def put(row: int, column: int, text: str, spans: tuple[int, int] = (1, 1)) -> None:
        x1, x2 = 30 + sum(widths[:column]), 30 + sum(widths[: column + spans[1]])
        y = 30 + 44 * row + 22 * spans[0]
        at, anchor = ((x1 + x2) / 2, y), "mm"
        if spans[1] == 1 and row >= top:
            at, anchor = ((x2 - 12, y), "rm") if right and column else ((x1 + 12, y), "lm")
        pen.text(at, text, "black", font, anchor=anchor)
        boxes[row, column] = Box(*pen.textbbox(at, text, font, anchor=anchor))
        if ruled:
            pen.rectangle((x1, y - 22 * spans[0], x2, y + 22 * spans[0]), outline="#777777")
        cell = TableCell(row=row, column=column, text=text, row_span=spans[0])
        cells.append(cell.model_copy(update={"column_span": spans[1], "is_header": row < top}))

    put(0, 0, "Region", (top, 1))
    if grouped:
        half = (columns + 1) // 2
        put(0, 1, "Spring", (1, half - 1)) if half > 2 else put(0, 1, "Spring")
        put(0, half, "Autumn", (1, columns - half)) if columns - half > 1 else put(
            0, half, "Autumn"
        )
    for column in range(1, columns):
        put(top - 1, column, f"{'ABCDEF'[column]}{2020 + column}")
    for row in range(top, top + rows):
        put(row, 0, f"{dice.choice(WORDS)} {dice.choice(WORDS)}")
        for column in range(1, columns):
            put(row, column, f"{dice.uniform(1, 900):,.{dice.choice((1, 2))}f}")
    style = [*(["ruled"] if ruled else []), *(["grouped"] if grouped else [])]
    return Case(" ".join(style) or "plain", Image.from_pil(picture), cells, boxes)


def render_chart(seed: int, *, printed: bool) -> tuple[Image, dict[str, float]]:
    """Draw a bar chart, with or without its values printed above the bars."""
    dice = random.Random(seed)
    names = dice.sample(WORDS, dice.randint(3, 6))
    values = {name: float(dice.randint(50, 990)) for name in names}
    picture = PILImage.new("RGB", (140 * len(names) + 120, 520), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=20)
    pen.text(
        (picture.width / 2, 30), "Visitors by wood", "black", font, anchor="mm", stroke_width=1
    )
    for tick in range(0, 1001, 250):
        y = 450 - tick * 0.36
        pen.line((80, y, picture.width - 20, y), "#dddddd")
        pen.text((70, y), str(tick), "#666666", font, anchor="rm")
    for at, (name, value) in enumerate(values.items()):
        x, y = 150 + 140 * at, 450 - value * 0.36
        pen.rectangle((x - 40, y, x + 40, 450), fill="#23527c")
        pen.text((x, 475), name, "black", font, anchor="mm")
        if printed:
            pen.text((x, y - 14), f"{value:.0f}", "black", font, anchor="mm")
    return Image.from_pil(picture), values


def load_pubtabnet(folder: Path) -> Iterator[Case]:
    """Read PubTabNet's pictures with their cells."""
    for line in (folder / "truth.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        cells = list(parse_structure(row["html"]))
        yield Case(row["filename"], Image.of(folder / row["filename"]), cells, {})


def parse_structure(html: dict) -> Iterator[TableCell]:
    """Put the cells of PubTabNet's HTML tokens into their rows and columns."""
    markup = "".join(html["structure"]["tokens"])
    taken: set[tuple[int, int]] = set()
    contents = iter(html["cells"])
    for row, body in enumerate(re.findall(r"<tr>(.*?)</tr>", markup)):
        for attributes in re.findall(r"<td([^>]*)>", body):
            spans = {key: int(n) for key, n in re.findall(r'(\w+)="(\d+)"', attributes)}
            column = next(c for c in range(99) if (row, c) not in taken)
            text = re.sub(r"<[^>]+>", "", "".join(next(contents)["tokens"])).strip()
            cell = TableCell(
                row=row,
                column=column,
                text=text,
                row_span=spans.get("rowspan", 1),
                column_span=spans.get("colspan", 1),
            )
            taken.update(cell.places)
            yield cell


def f1(found: Iterable[object], truth: Iterable[object]) -> float:
    """Return the harmonic mean of precision and recall over multisets."""
    one, other = Counter(found), Counter(truth)
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def squeeze(text: str | None) -> str:
    """Return a text without spaces, and with one kind of dash and quotation mark."""
    return re.sub(r"\s+", "", text or "").replace("–", "-").replace("−", "-").casefold()


def score(found: list[TableCell], truth: list[TableCell]) -> tuple[float, float, float]:
    """Return the F1 of texts, of placed texts, and of structure."""

    def texts(cells: list[TableCell]) -> list[str]:
        return [squeeze(cell.text) for cell in cells if cell.text]

    def placed(cells: list[TableCell]) -> list[tuple[int, int, str]]:
        return [(cell.row, cell.column, squeeze(cell.text)) for cell in cells if cell.text]

    def spans(cells: list[TableCell]) -> list[tuple[int, int, int, int]]:
        return [(cell.row, cell.column, cell.row_span, cell.column_span) for cell in cells]

    return tuple(f1(take(found), take(truth)) for take in (texts, placed, spans))


def lines_only(image: Image) -> list[TableCell]:
    """Return each line of a row as its next cell."""
    rows = group_rows(default_observer().observe(image).lines)
    return [
        TableCell(row=at, column=column, text=line.text)
        for at, row in enumerate(rows)
        for column, line in enumerate(row)
    ]


def read_case(case: Case) -> tuple[list[TableCell], float | None]:
    """Extract a table, and tell how much of the evidence lies on its printed place."""
    observer = default_observer()
    try:
        found = extract_data(case.image, Table, llm=ChatGPTV(model="gptv-local"), observer=observer)
    except ReplyError:
        return [], None
    cells = found.data.cells
    boxes = {
        (cell.row, cell.column): found.evidence.get(f"cells[{at}].text")
        for at, cell in enumerate(cells)
        if cell.text
    }
    hits = [
        boxes.get(place) is not None and boxes[place].box.intersection(truth).area > 0
        for place, truth in case.boxes.items()
    ]
    return cells, mean(hits) if hits else None


def report(name: str, cases: list[Case]) -> None:
    scores, naive, evidence = [], [], []
    for case in cases:
        cells, on_place = read_case(case)
        scores.append(score(cells, case.cells))
        naive.append(score(lines_only(case.image), case.cells))
        evidence += [] if on_place is None else [on_place]
    columns = [f"{mean(values):.3f}" for values in zip(*scores, strict=True)]
    plain = [f"{mean(values):.3f}" for values in list(zip(*naive, strict=True))[1:]]
    shown = f"{mean(evidence):.3f}" if evidence else "-"
    print(f"| {name} | {len(cases)} | {' | '.join(columns)} | {shown} | {' / '.join(plain)} |")


def report_charts(name: str, printed: bool) -> None:
    right, invented, total = 0, 0, 0
    for seed in range(6):
        image, values = render_chart(seed, printed=printed)
        found = extract_data(image, Chart, llm=ChatGPTV(model="gptv-local")).data
        read = {p.label: p.value for series in found.series for p in series.points}
        total += len(values)
        right += sum(read.get(name) == value for name, value in values.items())
        invented += sum(value is not None and values.get(n) != value for n, value in read.items())
    print(f"| {name} | {total} | {right / total:.3f} | {invented} |")


def main(folder: str | None = None) -> None:
    print("| tables | n | text | cells | structure | evidence | lines only: cells / structure |")
    print("|---|---|---|---|---|---|---|")
    for ruled in (False, True):
        for grouped in (False, True):
            cases = [
                render_table(seed, ruled=ruled, grouped=grouped, right=bool(seed % 2))
                for seed in range(5)
            ]
            report(f"rendered, {cases[0].name}", cases)
    if folder:
        cases = list(load_pubtabnet(Path(folder)))
        report("PubTabNet", cases)
        for case in cases:
            report(case.name, [case])
    print("\n| bar charts | values | right | wrong values given |\n|---|---|---|---|")
    report_charts("rendered, values printed", printed=True)
    report_charts("rendered, values not printed", printed=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
