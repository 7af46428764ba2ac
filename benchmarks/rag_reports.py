"""Reports with known answers: prose, ruled tables, drawn and pictured charts, scans and plans."""

import random
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from pdfs import Sheet, make_pdf

COMPANIES = {
    "Norrland Timber": ("Ingrid Solberg", "Marta Lindqvist"),
    "Kestrel Airlines": ("Paul Okafor", "Tomas Vrba"),
    "Halden Dairy": ("Renate Fuchs", "Olga Petrova"),
    "Maritime Glass": ("Luis Ferreira", "Hannah Stein"),
    "Oriel Software": ("Priya Nair", "Jonas Eklund"),
}
REGIONS = ("Northern region", "Southern region", "Overseas", "Online")
SITES = ("Alder", "Birch", "Cedar", "Rowan")
YEARS = ("2021", "2022", "2023", "2024")
HALLS = ("pallets", "solvents", "spare parts", "packaging")
FILLER = (
    "The board met eleven times during the year and reviewed revenue, waste and energy.",
    "Markets were calm in spring and uneven after the summer, as in the years before.",
    "We thank customers, staff and suppliers for the trust that they have placed in us.",
    "Further figures are given on the pages that follow, with notes where they differ.",
    "Investments went into safety, training, new halls and lower emissions.",
)


@dataclass(frozen=True)
class Asked:
    """A question, and where its answer stands.

    Attributes:
        text: Of the question.
        file: Name of the report.
        page: From 1.
        answer: As printed.
        in_figure: Whether it stands in a figure.
    """

    text: str
    file: str
    page: int
    answer: str
    in_figure: bool = False


def write_reports(folder: Path, first_seed: int = 0) -> list[Asked]:
    """Write one report per company, of eight pages each, and return the questions."""
    asked = []
    for seed, (company, people) in enumerate(COMPANIES.items(), first_seed):
        report = _Report(company, people, random.Random(seed))
        (folder / report.name).write_bytes(make_pdf(*report.sheets()))
        asked += report.asked
    return asked


class _Report:
    def __init__(self, company: str, people: tuple[str, str], dice: random.Random) -> None:
        self.company, self.people, self.dice = company, people, dice
        self.name = f"{company.lower().replace(' ', '_')}_2025.pdf"
        self.asked: list[Asked] = []

    def sheets(self) -> list[Sheet]:
        pages = (
            self._letter,
            self._revenue,
            self._electricity,
            self._waste,
            self._staff,
            self._audit,
            self._emissions,
            self._plan,
        )
        return [page(number) for number, page in enumerate(pages, 1)]

    def _ask(self, text: str, page: int, answer: str, *, in_figure: bool = False) -> None:
        self.asked.append(Asked(text, self.name, page, answer, in_figure))

    def _sheet(self, page: int, title: str, body: list[str]) -> Sheet:
        lines = [(60.0, 780.0, 18.0, title)]
        lines += [(60.0, 745.0 - 17 * n, 10.5, text) for n, text in enumerate(body)]
        lines.append((60.0, 40.0, 8.0, f"{self.company} - Annual report 2025 - {page}"))
        return Sheet(lines)

    def _fill(self) -> list[str]:
        return self.dice.sample(FILLER, 3)

    def _letter(self, page: int) -> Sheet:
        chief = self.people[0]
        self._ask(f"Who is the chief executive of {self.company}?", page, chief)
        told = f"{chief}, chief executive, writes to the shareholders:"
        return self._sheet(page, "Letter to shareholders", [told, *self._fill()])

    def _revenue(self, page: int) -> Sheet:
        rows = [[name, self._amount(), self._amount()] for name in REGIONS]
        name, _, now = self.dice.choice(rows)
        where = name.lower()
        self._ask(f"What was the revenue of {self.company} in 2025, {where}?", page, now)
        return self._table(page, "Revenue by region, million euros", ["", "2024", "2025"], rows)

    def _emissions(self, page: int) -> Sheet:
        rows = [[f"Scope {n}", self._amount(), self._amount()] for n in (1, 2, 3)]
        row = self.dice.choice(rows)
        text = f"How high were the {row[0].lower()} emissions of {self.company} in 2024?"
        self._ask(text, page, row[1])
        heads = ["", "2024", "2025"]
        return self._table(page, "Greenhouse gas emissions, tonnes", heads, rows)

    def _table(self, page: int, title: str, heads: list[str], rows: list[list[str]]) -> Sheet:
        sheet = self._sheet(page, title, self._fill())
        for down, row in enumerate([heads, *rows]):
            y = 640 - 24 * down
            sheet.drawing += f"0.7 w 60 {y - 8} m 470 {y - 8} l S "
            sheet.lines += [(64.0 + 150 * n, y, 10.5, cell) for n, cell in enumerate(row) if cell]
        return sheet

    def _electricity(self, page: int) -> Sheet:
        sheet = self._sheet(page, "Energy", self._fill())
        used = [self.dice.randint(1000, 9900) for _ in SITES]
        place = self.dice.randrange(len(SITES))
        sheet.drawing = "1 w 90 600 m 90 400 l 470 400 l S 0.2 0.4 0.8 rg "
        for n, (site, value) in enumerate(zip(SITES, used, strict=True)):
            x, height = 110 + 90 * n, value / 60
            sheet.drawing += f"{x} 400 50 {height:.0f} re f "
            sheet.lines += [(x + 8, 404 + height, 9, str(value)), (x + 10, 386, 9, site)]
        sheet.drawing += "0 g"
        sheet.lines.append((90, 360, 9.5, "Figure 1: Electricity used per site, MWh"))
        text = f"How much electricity did the {SITES[place]} site of {self.company} use?"
        self._ask(text, page, str(used[place]), in_figure=True)
        return sheet

    def _waste(self, page: int) -> Sheet:
        values = [self.dice.randint(100, 990) for _ in YEARS]
        place = self.dice.randrange(len(YEARS))
        picture = _bars(YEARS, values, "Waste in tonnes")
        text = f"How many tonnes of waste did {self.company} produce in {YEARS[place]}?"
        self._ask(text, page, str(values[place]), in_figure=True)
        return self._pictured(page, "Materials", picture, "Figure 2: Waste per year")

    def _plan(self, page: int) -> Sheet:
        stored = self.dice.sample(HALLS, len(HALLS))
        place = self.dice.randrange(len(HALLS))
        text = f"In which hall does {self.company} store {stored[place]}?"
        self._ask(text, page, f"Hall {place + 1}", in_figure=True)
        caption = "Figure 3: Plan of the works and what is stored where"
        return self._pictured(page, "Our works", _halls(stored), caption)

    def _pictured(self, page: int, title: str, picture: PILImage.Image, caption: str) -> Sheet:
        sheet = self._sheet(page, title, self._fill())
        sheet.pictures.append((80, 400, 400, 250, picture))
        sheet.lines.append((80, 380, 9.5, caption))
        return sheet

    def _staff(self, page: int) -> Sheet:
        hours, staff = self.dice.randint(11, 48), self.dice.randint(1200, 9800)
        text = f"How many hours of training did each employee of {self.company} receive?"
        self._ask(text, page, f"{hours} hours")
        told = f"We employ {staff} people. Each employee received {hours} hours of training."
        return self._sheet(page, "People", [told, *self._fill()])

    def _audit(self, page: int) -> Sheet:
        auditor = self.people[1]
        self._ask(f"Who signed the auditor's statement for {self.company}?", page, auditor)
        lines = (
            "STATEMENT OF THE AUDITOR",
            f"To the shareholders of {self.company}",
            "We have audited the accounts of the year 2025",
            "and have no objections to raise.",
            f"Signed: {auditor}",
        )
        return Sheet(pictures=[(0, 0, 595, 842, _scan(lines))])

    def _amount(self) -> str:
        return f"{self.dice.randint(100, 999)}.{self.dice.randint(1, 9)}"


def _bars(names: tuple[str, ...], values: list[int], title: str) -> PILImage.Image:
    picture = PILImage.new("RGB", (1000, 625), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=26)
    pen.text((350, 15), title, "black", font)
    pen.line([(80, 70), (80, 560), (960, 560)], "black", 3)
    for n, (name, value) in enumerate(zip(names, values, strict=True)):
        x, top = 130 + 210 * n, 560 - 0.42 * value
        pen.rectangle([x, top, x + 120, 560], "#2e8b57")
        pen.text((x + 32, top - 36), str(value), "black", font)
        pen.text((x + 26, 575), name, "black", font)
    return picture


def _halls(stored: list[str]) -> PILImage.Image:
    picture = PILImage.new("RGB", (1000, 625), "#f4f1ea")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=26)
    for n, thing in enumerate(stored):
        x, y = 40 + 490 * (n % 2), 40 + 290 * (n // 2)
        pen.rectangle([x, y, x + 430, y + 250], "white", "black", 4)
        pen.text((x + 30, y + 60), f"Hall {n + 1}", "black", font)
        pen.text((x + 30, y + 130), f"stores {thing}", "black", font)
    return picture


def _scan(lines: tuple[str, ...]) -> PILImage.Image:
    picture = PILImage.new("RGB", (1240, 1754), "#fbfaf6")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=30)
    for n, text in enumerate(lines):
        pen.text((140, 200 + 70 * n), text, "#222222", font)
    return picture.rotate(0.4, fillcolor="#fbfaf6", resample=PILImage.Resampling.BICUBIC)
