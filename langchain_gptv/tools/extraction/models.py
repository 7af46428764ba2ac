"""Ready classes for `extract_data`: tables, charts, forms and receipts.

None stands for what is there and cannot be read, or is not there; the result says which and why.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator


class NotPrinted:
    """Marks a field that is not printed in the picture, so that no evidence is looked for."""


Place = Annotated[int, NotPrinted(), Field(ge=0)]
Span = Annotated[int, NotPrinted(), Field(ge=1)]


class TableCell(BaseModel):
    """One cell of a table; a cell that spans others is given once, at its top left."""

    row: Place = Field(description="from 0, the header included")
    column: Place = Field(description="from 0")
    text: str | None = Field(description="verbatim; empty for an empty cell, null if not readable")
    row_span: Span = Field(default=1, description="how many rows the cell covers")
    column_span: Span = Field(default=1, description="how many columns the cell covers")
    is_header: Annotated[bool, NotPrinted()] = False

    @property
    def places(self) -> Iterator[tuple[int, int]]:
        """Every (row, column) that the cell covers."""
        for row in range(self.row, self.row + self.row_span):
            for column in range(self.column, self.column + self.column_span):
                yield row, column


class Table(BaseModel):
    """A table of cells with row and column spans.

    Example:
        >>> head = TableCell(row=0, column=0, column_span=2, text="Sales", is_header=True)
        >>> body = [TableCell(row=1, column=column, text=str(column)) for column in (0, 1)]
        >>> Table(cells=[head, *body]).grid()
        [['Sales', 'Sales'], ['0', '1']]
    """

    caption: str | None = None
    cells: list[TableCell]

    @model_validator(mode="after")
    def _no_cell_lies_on_another(self) -> Self:
        taken: set[tuple[int, int]] = set()
        for cell in self.cells:
            places = set(cell.places)
            if taken & places:
                raise ValueError(f"two cells cover (row, column) {min(taken & places)}")
            taken |= places
        return self

    @property
    def size(self) -> tuple[int, int]:
        """How many (rows, columns) the cells cover."""
        places = [place for cell in self.cells for place in cell.places]
        if not places:
            return 0, 0
        return max(row for row, _ in places) + 1, max(column for _, column in places) + 1

    def grid(self) -> list[list[str | None]]:
        """Return the texts by row; what a cell spans is repeated, what no cell covers is None."""
        rows, columns = self.size
        texts = {place: cell.text for cell in self.cells for place in cell.places}
        return [[texts.get((row, column)) for column in range(columns)] for row in range(rows)]

    def to_markdown(self) -> str:
        """Return a Markdown table; the first row is its head, and "?" is what was not readable."""
        lines = [f"| {' | '.join(map(_markdown_cell, row))} |" for row in self.grid()]
        rule = f"|{' --- |' * self.size[1]}"
        return "\n".join([*lines[:1], rule, *lines[1:]]) if lines else ""

    def to_html(self) -> str:
        """Return a `<table>` with `rowspan` and `colspan`."""
        rows: list[list[str]] = [[] for _ in range(self.size[0])]
        for cell in sorted(self.cells, key=lambda cell: (cell.row, cell.column)):
            rows[cell.row].append(_html_cell(cell))
        return "<table>" + "".join(f"<tr>{''.join(row)}</tr>" for row in rows) + "</table>"


class ChartPoint(BaseModel):
    """One value of a series."""

    label: str | None = Field(description="of the category or the x axis, verbatim")
    value: float | None = Field(description="null if not readable")
    is_estimate: Annotated[bool, NotPrinted()] = Field(
        default=False, description="whether the value is not printed but read off the axis"
    )


class Series(BaseModel):
    """One line of a line chart, one colour of bars, or the slices of a pie."""

    name: str | None = Field(default=None, description="as in the legend")
    points: list[ChartPoint]


class Chart(BaseModel):
    """A chart with its axes and its series."""

    kind: Annotated[
        Literal["bar", "line", "pie", "scatter", "area", "other"] | None, NotPrinted()
    ] = None
    title: str | None
    x_label: str | None = None
    y_label: str | None = None
    unit: str | None = Field(default=None, description="of the values, such as % or EUR")
    series: list[Series]


class FormField(BaseModel):
    """A label and what is filled in beside it."""

    label: str
    value: str | None = Field(description="verbatim; null if not filled in or not readable")
    is_checked: Annotated[bool | None, NotPrinted()] = Field(
        default=None, description="of a check box"
    )


class Form(BaseModel):
    """A form: labels and what is filled in."""

    title: str | None = None
    fields: list[FormField]


class ReceiptItem(BaseModel):
    """One thing bought."""

    name: str
    quantity: float | None = None
    unit_price: float | None = None
    amount: float | None = Field(description="for all units together")


class Receipt(BaseModel):
    """A receipt or an invoice."""

    vendor: str | None
    date: str | None = Field(description="as printed")
    currency: str | None = Field(default=None, description="as printed, such as GBP or €")
    items: list[ReceiptItem]
    subtotal: float | None = None
    tax: float | None = None
    discount: float | None = None
    tip: float | None = None
    total: float | None


READY: dict[str, type[BaseModel]] = {
    "table": Table,
    "chart": Chart,
    "form": Form,
    "receipt": Receipt,
}
"""What the tool `extract_data` reads when it is given no classes of your own."""


def _markdown_cell(text: str | None) -> str:
    return "?" if text is None else text.replace("|", "\\|").replace("\n", " ")


def _html_cell(cell: TableCell) -> str:
    name = "th" if cell.is_header else "td"
    spans = (("rowspan", cell.row_span), ("colspan", cell.column_span))
    attributes = "".join(f' {key}="{span}"' for key, span in spans if span > 1)
    return f"<{name}{attributes}>{escape(cell.text or '')}</{name}>"
