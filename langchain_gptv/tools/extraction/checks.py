"""Sums that a document states, checked against what its parts add up to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

TOLERANCE = Decimal("0.005")
"""Half a cent: printed amounts add up exactly, only products are rounded."""

_AMOUNTS = ("amount", "line_total", "total", "price", "cost")
_UNIT_PRICES = ("unit_price", "price_per_unit", "unit_cost")
_QUANTITIES = ("quantity", "qty", "count", "units")
_SUBTOTALS = ("subtotal", "sub_total", "net", "net_total", "net_amount")
_TOTALS = ("total", "grand_total", "total_amount", "gross", "amount_due")
_ADDED = ("tax", "vat", "tip", "shipping", "delivery", "service_charge")
_TAKEN_OFF = ("discount", "rebate")
_TOTAL_WORDS = re.compile(r"(?:grand )?total|sum|summe|gesamt", re.IGNORECASE)
_NO_PART = re.compile(r"total|\bsum\b|tax|\bvat\b|average|mean", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SumCheck:
    """One stated value against what it should be.

    Attributes:
        rule: In words, such as "the items add up to subtotal".
        stated: What the document says.
        computed: What its parts give.
    """

    rule: str
    stated: Decimal
    computed: Decimal

    @property
    def holds(self) -> bool:
        """Whether both are the same but for rounding."""
        return abs(self.stated - self.computed) <= TOLERANCE

    def __str__(self) -> str:
        verdict = "holds" if self.holds else f"FAILS: the parts give {self.computed}"
        return f"{self.rule} ({self.stated}): {verdict}"


def check_sums(values: Mapping[str, Any]) -> tuple[SumCheck, ...]:
    """Check every sum that the values state; a sum with a part that was not read is left out.

    Fields are known by their names, such as `items`, `unit_price`, `subtotal`, `tax`, `total`;
    a table by its cells, where a last row or column that is called a total is checked.

    Example:
        >>> print(*check_sums({"subtotal": 10.0, "tax": 2.0, "total": 12.5}))
        subtotal + tax = total (12.5): FAILS: the parts give 12.0
    """
    if isinstance(values.get("cells"), list):
        return tuple(_check_table(values["cells"]))
    return (*_check_items(values), *_check_total(values))


def _check_items(values: Mapping[str, Any]) -> Iterator[SumCheck]:
    for name, items in values.items():
        if not (isinstance(items, list) and items and all(isinstance(i, dict) for i in items)):
            continue
        for number, item in enumerate(items):
            yield from _check_product(f"{name}[{number}]", item)
        amounts = [_amount(item) for item in items]
        goal = _first(values, _SUBTOTALS) or _bare_total(values)
        if goal and None not in amounts:
            yield SumCheck(f"{name} add up to {goal[0]}", goal[1], _sum(amounts))


def _check_product(path: str, item: Mapping[str, Any]) -> Iterator[SumCheck]:
    quantity, price = _first(item, _QUANTITIES), _first(item, _UNIT_PRICES)
    amount = _first(item, _AMOUNTS)
    if quantity and price and amount:
        rule = f"{path}: {quantity[0]} x {price[0]} = {amount[0]}"
        yield SumCheck(rule, amount[1], quantity[1] * price[1])


def _check_total(values: Mapping[str, Any]) -> Iterator[SumCheck]:
    subtotal, total = _first(values, _SUBTOTALS), _first(values, _TOTALS)
    added, taken = _all(values, _ADDED), _all(values, _TAKEN_OFF)
    if subtotal and total and (added or taken):
        parts = [f"+ {name}" for name in added] + [f"- {name}" for name in taken]
        computed = subtotal[1] + _sum(added.values()) - _sum(abs(each) for each in taken.values())
        yield SumCheck(f"{subtotal[0]} {' '.join(parts)} = {total[0]}", total[1], computed)


def _bare_total(values: Mapping[str, Any]) -> tuple[str, Decimal] | None:
    """Return the total, if nothing is said to come on top of the items."""
    return None if _all(values, _ADDED + _TAKEN_OFF) else _first(values, _TOTALS)


def _check_table(cells: Sequence[Mapping[str, Any]]) -> Iterator[SumCheck]:
    for across, along in (("row", "column"), ("column", "row")):
        total = _total_place(cells, across, along)
        if total is not None:
            yield from _check_last(cells, total, across, along)


def _total_place(
    cells: Sequence[Mapping[str, Any]], across: str, along: str
) -> tuple[int, str] | None:
    """Return the last row (or column) and its name, if it is the one total of the others."""
    last = max((int(cell[across]) for cell in cells), default=0)
    heads = {int(c[across]): str(c.get("text") or "").strip(" :.") for c in cells if c[along] == 0}
    name = heads.pop(last, "")
    # Rows such as a subtotal, a tax or a mean are no parts of the total.
    if not _TOTAL_WORDS.fullmatch(name) or any(map(_NO_PART.search, heads.values())):
        return None
    return last, name


def _check_last(
    cells: Sequence[Mapping[str, Any]], total: tuple[int, str], across: str, along: str
) -> Iterator[SumCheck]:
    last, name = total
    lines: dict[int, dict[int, Any]] = {}
    for cell in cells:
        if cell[along] > 0 and not cell.get("is_header"):
            lines.setdefault(int(cell[along]), {})[int(cell[across])] = cell.get("text")
    for place, line in sorted(lines.items()):
        stated = _number(line.pop(last, None))
        # The head of a table whose heads are not marked is no number.
        parts = [_number(text) for at, text in sorted(line.items()) if at > 0]
        if stated is not None and parts and None not in parts:
            yield SumCheck(f"{name} of {along} {place}", stated, _sum(parts))


def _amount(item: Mapping[str, Any]) -> Decimal | None:
    found = _first(item, _AMOUNTS)
    if found is None:
        return None
    quantity = _first(item, _QUANTITIES)
    # With a quantity beside it, a lone "price" may be that of one unit.
    return None if found[0] in ("price", "cost") and quantity else found[1]


def _first(values: Mapping[str, Any], names: Sequence[str]) -> tuple[str, Decimal] | None:
    return next(iter(_all(values, names).items()), None)


def _all(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Decimal]:
    numbers = ((name, _number(values.get(name))) for name in names)
    return {name: number for name, number in numbers if number is not None}


def _number(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool):
        return None
    text = re.sub(r"[^\d.,-]", "", str(value))
    text = re.sub(r",(?=\d{3}(?:\D|$))", "", text).replace(",", ".")
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _sum(parts: Any) -> Decimal:
    return sum(parts, Decimal(0))
