"""Render the synthetic example pictures and record what is printed where.

`python examples/make_images.py [OUTDIR]` writes receipt.png, invoice.png, page.png and chart.png
and renews their entries in truth.json; the hand-checked entries of the photos stay as they are.
Only Pillow is needed: the text is set in Aileron Regular (CC0), which Pillow carries.
"""

from __future__ import annotations

import json
import random
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

Box = tuple[int, int, int, int]
Item = tuple[str, int, str]

IMAGES = Path(__file__).parent / "images"
TEXTS = json.loads((IMAGES / "texts.json").read_text("utf-8"))
INK, GREY, BLUE, PALE = "#202428", "#6a7178", "#23527c", "#eef2f6"
A4_150_DPI = (1240, 1754)
VAT_RATE = Decimal("0.20")
COLUMNS = ("description", "quantity", "unit_price", "amount")


class Sheet:
    """A picture under construction and the facts printed on it so far."""

    def __init__(self, size: tuple[int, int], paper: str = "white") -> None:
        self.image = Image.new("RGB", size, paper)
        self.pen = ImageDraw.Draw(self.image)
        self.facts: dict[str, dict[str, Any]] = {}

    def text(
        self,
        xy: tuple[float, float],
        text: str,
        size: int = 24,
        *,
        anchor: str = "ls",
        ink: str = INK,
        bold: bool = False,
        fact: str | None = None,
    ) -> Box:
        """Draw one line, note it under the name `fact` if given, and return its pixel box."""
        font = ImageFont.load_default(size=size)
        x, y = round(xy[0]), round(xy[1])
        for shift in range(2 if bold else 1):
            self.pen.text((x + shift, y), text, fill=ink, font=font, anchor=anchor)
        x1, y1, x2, y2 = map(round, self.pen.textbbox((x, y), text, font=font, anchor=anchor))
        if fact:
            self.note(fact, text, [(x1, y1, x2 + bold, y2)])
        return x1, y1, x2 + bold, y2

    def note(self, fact: str, text: str, boxes: list[Box]) -> None:
        """Record a fact whose text fills `boxes` together."""
        left, top, right, bottom = zip(*boxes, strict=True)
        self.facts[fact] = {"text": text, "box": [min(left), min(top), max(right), max(bottom)]}

    def rule(self, x1: int, x2: int, y: int, *, ink: str = GREY, width: int = 2) -> None:
        """Draw a horizontal line."""
        self.pen.line((x1, y, x2, y), fill=ink, width=width)

    def pair(self, xs: tuple[int, int], y: int, label: str, value: str, **style: Any) -> None:
        """Draw a label at the left and its value flush right; the label names the fact."""
        self.text((xs[0], y), label, **style)
        self.text((xs[1], y), value, anchor="rs", fact=fact_name(label), **style)


def fact_name(label: str) -> str:
    """Turn a printed label into a fact's name: "VAT 20%" becomes "vat"."""
    return re.sub(r"\W+", "_", re.sub(r"GBP|20%", "", label).lower()).strip("_")


def money(amount: Decimal) -> str:
    """Write an amount the way a till prints it."""
    return f"{amount:,.2f}"


def add_up(items: list[Item]) -> tuple[Decimal, Decimal, Decimal]:
    """Return subtotal, VAT and total."""
    subtotal = Decimal(sum(count * Decimal(price) for _, count, price in items))
    vat = (subtotal * VAT_RATE).quantize(Decimal("0.01"))
    return subtotal, vat, subtotal + vat


def draw_row(sheet: Sheet, cells: list[str], xs: list[int], y: int, **style: Any) -> list[Box]:
    """Draw description, quantity, unit price and amount; the money columns end at their x."""
    anchored = zip(cells, xs, ("ls", "ls", "rs", "rs"), strict=True)
    return [sheet.text((x, y), text, anchor=anchor, **style) for text, x, anchor in anchored]


def draw_items(sheet: Sheet, items: list[Item], xs: list[int], y: int, step: int) -> int:
    """Draw one table row for each item and return the y below the last."""
    for number, (name, count, price) in enumerate(items, start=1):
        cells = [name, str(count), price, money(count * Decimal(price))]
        for column, text, box in zip(COLUMNS, cells, draw_row(sheet, cells, xs, y), strict=True):
            sheet.note(f"{column}_{number}", text, [box])
        y += step
    return y


def draw_thermal_paper(sheet: Sheet, left: int, right: int, bottom: int) -> None:
    """Draw a slip with a torn lower edge and the faint specks of thermal paper."""
    edge = [(x, bottom - 9 * (i % 2)) for i, x in enumerate(range(right, left - 1, -10))]
    slip = [(left, 0), (right, 0), *edge]
    sheet.pen.polygon([(x + 5, y + 5) for x, y in slip], fill="#8f8a82")
    sheet.pen.polygon(slip, fill="#f8f6f1")
    dice = random.Random(7)
    for _ in range(2500):
        speck = dice.randrange(left, right), dice.randrange(0, bottom - 10)
        sheet.pen.point(speck, fill=dice.choice(["#e9e6df", "#efece6", "#dedbd4"]))


def render_receipt(texts: dict) -> Sheet:
    """Render a shop's till receipt, 600 x 1000."""
    sheet, ends, columns = Sheet((600, 1000), paper="#a9a39a"), (56, 544), [110, 56, 440, 544]
    draw_thermal_paper(sheet, left=20, right=580, bottom=975)
    sheet.text((300, 78), texts["shop"], 38, anchor="ms", bold=True, fact="shop_name")
    for row, (fact, text) in enumerate(texts["head"].items()):
        sheet.text((300, 122 + 34 * row), text, 23, anchor="ms", fact=fact)
    sheet.text((ends[0], 250), texts["date"], fact="date")
    sheet.text((ends[1], 250), texts["time"], anchor="rs", fact="time")
    sheet.rule(*ends, 274)
    draw_row(sheet, ["Item", "Qty", "Price", "Amount"], columns, 308, size=21, ink=GREY)
    y = draw_items(sheet, texts["items"], columns, 352, 42)
    sheet.rule(*ends, y - 16)
    (subtotal, vat, total), cash = add_up(texts["items"]), Decimal(texts["cash"])
    sheet.pair(ends, y + 28, "Subtotal", money(subtotal))
    sheet.pair(ends, y + 66, "VAT 20%", money(vat))
    sheet.pair(ends, y + 124, "TOTAL GBP", money(total), size=38, bold=True)
    sheet.rule(*ends, y + 146)
    sheet.pair(ends, y + 186, "Cash", money(cash))
    sheet.pair(ends, y + 224, "Change", money(cash - total))
    for row, (fact, text) in enumerate(texts["foot"].items()):
        sheet.text((300, y + 280 + 34 * row), text, 22, anchor="ms", fact=fact)
    return sheet


def draw_invoice_head(sheet: Sheet, texts: dict) -> None:
    """Draw the seller, the buyer and the invoice's numbers and dates."""
    sheet.pen.rectangle((0, 0, 1240, 26), fill=BLUE)
    sheet.text((110, 140), texts["seller"], 44, bold=True, ink=BLUE, fact="seller_name")
    sheet.text((1130, 140), "INVOICE", 54, anchor="rs", ink=GREY, fact="document_title")
    for row, (fact, text) in enumerate(texts["seller_lines"].items()):
        sheet.text((110, 190 + 36 * row), text, fact=fact)
    sheet.rule(110, 1130, 352, ink=BLUE, width=3)
    sheet.text((110, 412), "Bill to", ink=GREY)
    sheet.text((110, 456), texts["buyer"], 29, bold=True, fact="bill_to_name")
    for row, (fact, text) in enumerate(texts["buyer_lines"].items()):
        sheet.text((110, 500 + 36 * row), text, fact=fact)
    for row, (label, text) in enumerate(texts["numbers"].items()):
        sheet.pair((720, 1130), 412 + 46 * row, label, text)


def render_invoice(texts: dict) -> Sheet:
    """Render an A4 invoice at 150 dpi."""
    sheet, ends, columns = Sheet(A4_150_DPI), (740, 1112), [128, 690, 936, 1112]
    draw_invoice_head(sheet, texts)
    sheet.pen.rectangle((110, 656, 1130, 714), fill=BLUE)
    draw_row(sheet, ["Description", "Qty", "Unit price", "Amount"], columns, 694, ink="white")
    for row in range(1, len(texts["items"]), 2):
        sheet.pen.rectangle((110, 715 + 58 * row, 1130, 773 + 58 * row), fill=PALE)
    y = draw_items(sheet, texts["items"], columns, 752, 58)
    sheet.rule(110, 1130, y - 36)
    subtotal, vat, total = add_up(texts["items"])
    sheet.pair(ends, y + 18, "Subtotal", money(subtotal))
    sheet.pair(ends, y + 66, "VAT 20%", money(vat))
    sheet.pen.rectangle((720, y + 92, 1130, y + 160), fill=PALE)
    sheet.pair(ends, y + 138, "Total GBP", money(total), size=34, bold=True)
    sheet.text((110, 1380), "Bank details", 29, bold=True, ink=BLUE)
    for row, (label, text) in enumerate(texts["bank"].items()):
        sheet.text((110, 1430 + 40 * row), label, ink=GREY)
        sheet.text((350, 1430 + 40 * row), text, fact=fact_name(label))
    sheet.rule(110, 1130, 1640)
    sheet.text((620, 1682), texts["terms"], 22, anchor="ms", ink=GREY, fact="terms")
    return sheet


def wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[list[str]]:
    """Break a paragraph into lines of words no wider than `width` pixels."""
    lines: list[list[str]] = [[]]
    for word in text.split():
        if font.getlength(" ".join([*lines[-1], word])) > width:
            lines.append([])
        lines[-1].append(word)
    return lines


def set_paragraph(sheet: Sheet, xy: tuple[int, int], width: int, text: str, fact: str) -> int:
    """Set a justified paragraph and return the y of the next baseline."""
    (x, y), size, leading, boxes = xy, 26, 39, []
    font = ImageFont.load_default(size=size)
    lines = wrap(text, font, width)
    for line in lines:
        spare = width - sum(font.getlength(word) for word in line)
        gap = font.getlength(" ") if line is lines[-1] else spare / max(len(line) - 1, 1)
        left = float(x)
        for word in line:
            boxes.append(sheet.text((left, y), word, size))
            left += font.getlength(word) + gap
        y += leading
    sheet.note(fact, text, boxes)
    return y


def render_page(texts: dict) -> Sheet:
    """Render an A4 page of prose at 150 dpi whose last section has two columns."""
    sheet, left, width, gutter = Sheet(A4_150_DPI, paper="#fdfcf9"), 140, 960, 60
    sheet.text((left, 92), texts["running_head"], 21, ink=GREY, fact="running_head")
    sheet.rule(left, left + width, 110)
    sheet.text((620, 208), texts["title"], 52, anchor="ms", bold=True, fact="title")
    sheet.text((620, 260), texts["byline"], anchor="ms", ink=GREY, fact="byline")
    y = 352
    for number, (heading, text) in enumerate(texts["sections"], start=1):
        sheet.text((left, y), heading, 33, bold=True, fact=f"heading_{number}")
        y = set_paragraph(sheet, (left, y + 54), width, text, f"section_{number}") + 44
    sheet.text((left, y), texts["columns_heading"], 33, bold=True, fact="columns_heading")
    column_width = (width - gutter) // 2
    for number, text in enumerate(texts["columns"]):
        x = left + number * (column_width + gutter)
        set_paragraph(sheet, (x, y + 54), column_width, text, f"column_{number + 1}")
    sheet.text((620, 1690), texts["page_number"], anchor="ms", fact="page_number")
    return sheet


def render_chart(texts: dict) -> Sheet:
    """Render a bar chart with four labelled bars, 900 x 600."""
    sheet, base, scale = Sheet((900, 600)), 490, 330 / 3500
    sheet.text((450, 58), texts["title"], 32, anchor="ms", bold=True, fact="title")
    sheet.text((60, 112), texts["y_label"], 22, ink=GREY, fact="y_axis_label")
    for tick in range(0, 3501, 500):
        y = round(base - tick * scale)
        sheet.rule(130, 850, y, ink="#d9dee3", width=1)
        sheet.text((118, y), f"{tick:,}", 20, anchor="rm", ink=GREY)
    for number, (season, count) in enumerate(texts["bars"].items()):
        x, top = 220 + 180 * number, round(base - count * scale)
        sheet.pen.rectangle((x - 55, top, x + 55, base), fill=BLUE)
        value = f"{season.lower()}_value"
        sheet.text((x, top + 32), f"{count:,}", anchor="ms", ink="white", fact=value)
        sheet.text((x, base + 34), season, anchor="ms", fact=f"bar_{number + 1}_name")
    sheet.rule(130, 850, base, ink=INK)
    sheet.text((490, 576), texts["x_label"], 22, anchor="ms", ink=GREY, fact="x_axis_label")
    return sheet


def main(out_dir: Path) -> None:
    """Write every rendered picture and its truth into `out_dir`."""
    out_dir.mkdir(parents=True, exist_ok=True)
    truth_path = out_dir / "truth.json"
    truth = json.loads(truth_path.read_text("utf-8")) if truth_path.exists() else {}
    for render in (render_receipt, render_invoice, render_page, render_chart):
        name = render.__name__.removeprefix("render_")
        sheet = render(TEXTS[name])
        image = sheet.image.quantize(64, dither=Image.Dither.NONE)
        image.save(out_dir / f"{name}.png", optimize=True)
        truth[f"{name}.png"] = sheet.facts
    text = json.dumps(truth, indent=2, ensure_ascii=False)
    text = re.sub(r"\[\s+(\d+),\s+(\d+),\s+(\d+),\s+(\d+)\s+\]", r"[\1, \2, \3, \4]", text)
    truth_path.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
