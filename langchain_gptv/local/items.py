"""Line items: the rows of a receipt or an invoice that say what was bought."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from langchain_gptv.local.concepts import find_concept
from langchain_gptv.local.layout import group_rows
from langchain_gptv.local.values import find_values, parse_amount
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import TextLine


@dataclass(frozen=True, slots=True)
class LineItem:
    """One row of a list of things bought.

    Attributes:
        name: As printed, without quantity and prices.
        quantity: None when the row does not say one.
        unit_price: None when the row has only one amount.
        amount: The last amount of the row.
        score: The least sure part, 0 to 1.
        box: Of the whole row.
    """

    name: str
    quantity: Decimal | None
    unit_price: Decimal | None
    amount: Decimal
    score: float
    box: Box


def find_line_items(lines: Sequence[TextLine]) -> list[LineItem]:
    """Return the rows with a name and an amount that are no total, tax or payment."""
    items = (_read_row(row) for row in group_rows(lines))
    return [item for item in items if item is not None]


def _read_row(row: Sequence[TextLine]) -> LineItem | None:
    text = "  ".join(line.text for line in row)
    spans = find_values(text, "amount")
    amounts = [amount for start, end in spans if (amount := parse_amount(text[start:end]))]
    if not amounts or find_concept(text.lower()) is not None:
        return None
    name, quantity = _split_quantity(text[: spans[0][0]])
    if not re.search(r"[^\W\d_]{2}", name):
        return None
    return LineItem(
        name=name,
        quantity=quantity,
        unit_price=amounts[-2] if len(amounts) > 1 else None,
        amount=amounts[-1],
        score=min(line.score for line in row),
        box=Box.union(line.box for line in row),
    )


def _split_quantity(text: str) -> tuple[str, Decimal | None]:
    """Take '2 x Flat white' or 'Flat white  2' apart."""
    text = text.strip()
    leading = re.match(r"(\d+)\s*[x×]?\s+(?=\D)", text, re.IGNORECASE)
    if leading:
        return text[leading.end() :].strip(), Decimal(leading[1])
    trailing = re.search(r"\s{2,}(\d+)\s*[x×@]?$|\s[x×]\s?(\d+)$", text, re.IGNORECASE)
    if trailing:
        return text[: trailing.start()].strip(), Decimal(trailing[1] or trailing[2])
    return text, None
