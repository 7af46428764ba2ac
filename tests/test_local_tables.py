"""Tables and charts by the alignment of their text."""

import pytest

from langchain_gptv.local.charts import read_chart
from langchain_gptv.local.tables import read_table
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import TextLine


def line(text: str, x: float, y: float, width: float = 0) -> TextLine:
    """A line of text 20 pixels high."""
    return TextLine(text, 0.9, Box(x, y, x + (width or 10 * len(text)), y + 20))


def rows_of(cells) -> list[list[str]]:
    """The cells' texts by row."""
    last = max(cell.row for cell in cells)
    return [[cell.text for cell in cells if cell.row == row] for row in range(last + 1)]


def test_rows_and_columns_by_alignment():
    """Cells that are not there are empty, and keep the others in their columns."""
    lines = [
        *(line("Name", 0, 0), line("Jan", 200, 0), line("Feb", 300, 0)),
        *(line("Alder", 0, 40), line("1.5", 200, 40), line("2.5", 300, 40)),
        *(line("Birch", 0, 80), line("7.5", 300, 80)),
    ]
    cells = read_table(lines)
    assert rows_of(cells) == [["Name", "Jan", "Feb"], ["Alder", "1.5", "2.5"], ["Birch", "", "7.5"]]
    assert [cell.is_header for cell in cells] == [True] * 3 + [False] * 6


def test_a_header_above_several_columns_spans_them():
    """One in their middle, and one that spans two rows and stands half a row lower."""
    lines = [
        *(line("Sales", 225, 0), line("Region", 0, 20)),
        *(line("Jan", 200, 40), line("Feb", 300, 40)),
        *(line("Alder", 0, 80), line("1.5", 200, 80), line("2.5", 300, 80)),
        *(line("Birch", 0, 120), line("3.5", 200, 120), line("4.5", 300, 120)),
    ]
    spans = {cell.text: (cell.row_span, cell.column_span) for cell in read_table(lines)}
    assert spans["Region"] == (2, 1)
    assert spans["Sales"] == (1, 2)
    assert rows_of(read_table(lines))[1] == ["Jan", "Feb"]


def test_a_broken_cell_is_one_cell():
    """A second line in lower case goes on with the cell above it."""
    lines = [
        *(line("What", 0, 0), line("A", 300, 0), line("B", 400, 0)),
        *(line("Delivery to the", 0, 40), line("1", 300, 40), line("2", 400, 40)),
        line("site by van", 0, 62),
        *(line("Fitting", 0, 100), line("3", 300, 100), line("4", 400, 100)),
    ]
    texts = rows_of(read_table(lines))
    assert texts[1] == ["Delivery to the site by van", "1", "2"]
    assert len(texts) == 3


def test_what_stands_around_a_table_is_no_row_of_it():
    """A title above and a note far below are left out."""
    lines = [
        line("Quarterly report", 0, 0),
        *(line("Name", 0, 60), line("Jan", 200, 60)),
        *(line("Alder", 0, 100), line("1.5", 200, 100)),
        line("Printed in May", 0, 400),
    ]
    assert rows_of(read_table(lines)) == [["Name", "Jan"], ["Alder", "1.5"]]


@pytest.mark.parametrize("lines", [[], [line("Only prose here", 0, 0), line("and more", 0, 30)]])
def test_prose_is_no_table(lines):
    """Nothing is made of text in one column."""
    assert read_table(lines) == []


def test_values_that_are_not_printed_are_not_told():
    """A bar without its number has None; the numbers of the axis are no values."""
    lines = [
        line("Visits", 150, 0, 120),
        *(line("500", 0, 60), line("0", 20, 300)),
        *(line("120", 105, 200), line("Ash", 100, 320), line("Oak", 250, 320)),
    ]
    chart = read_chart(lines)
    assert chart.title == "Visits"
    assert [(point.label, point.value) for point in chart.points] == [("Ash", 120), ("Oak", None)]


def test_a_picture_without_categories_is_no_chart():
    """One word is no row of categories."""
    assert read_chart([line("Hello", 0, 0)]) is None
