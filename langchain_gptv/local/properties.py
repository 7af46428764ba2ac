"""Properties of a JSON Schema: what their names say, and values in the types that they ask for."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_gptv.local.forms import PrintedField
from langchain_gptv.local.items import LineItem
from langchain_gptv.local.labels import NOUNS, Noun
from langchain_gptv.local.tables import Cell
from langchain_gptv.local.values import parse_amount, parse_date
from langchain_gptv.vision.observations import DetectedObject, TextLine

Schema = Mapping[str, Any]

MISSING = object()
"""Stands for a value that is not in the picture; None is a value of JSON."""

_SEEN_KEYS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("score", "confidence"), lambda seen: seen.score),
    **dict.fromkeys(("box", "bbox"), lambda seen: [round(value, 1) for value in seen.box]),
}
OBJECT_KEYS: dict[str, Callable[[DetectedObject], Any]] = {
    **dict.fromkeys(("label", "name", "class"), lambda found: found.label),
    **_SEEN_KEYS,
}
LINE_KEYS: dict[str, Callable[[TextLine], Any]] = {"text": lambda line: line.text, **_SEEN_KEYS}
ITEM_KEYS: dict[str, Callable[[LineItem], Any]] = {
    **dict.fromkeys(("name", "description", "item", "product", "title"), lambda item: item.name),
    **dict.fromkeys(("quantity", "qty", "count", "units"), lambda item: item.quantity),
    **dict.fromkeys(("unit_price", "price_per_unit"), lambda item: item.unit_price),
    **dict.fromkeys(("amount", "price", "total", "cost", "line_total"), lambda item: item.amount),
}
FIELD_KEYS: dict[str, Callable[[PrintedField], Any]] = {
    **dict.fromkeys(("label", "name", "key"), lambda field: field.label),
    "value": lambda field: field.value,
}
CELL_KEYS: dict[str, Callable[[Cell], Any]] = {
    "row": lambda cell: cell.row,
    "column": lambda cell: cell.column,
    "text": lambda cell: cell.text,
    "row_span": lambda cell: cell.row_span,
    "column_span": lambda cell: cell.column_span,
    "is_header": lambda cell: cell.is_header,
}

_MAX_WORDS = 20
"""Words of a property's name that are looked at."""


def cast_value(value: Any, schema: Schema) -> Any:
    """Turn a printed value into the type that the schema asks for; None when it is not one."""
    kind = schema.get("type", "string")
    if kind in {"number", "integer"}:
        number = parse_amount(value) if isinstance(value, str) else value
        if number is None or (kind == "integer" and number != int(number)):
            return None
        return int(number) if kind == "integer" else float(number)
    if kind == "string" and schema.get("format") == "date":
        day = parse_date(str(value))
        return None if day is None else day.isoformat()
    return str(value) if kind == "string" else value


def pick_option(value: Any, options: Sequence[Any]) -> Any:
    """Return the option that a value means, whatever its case."""
    for option in options:
        if str(option).lower() == str(value).lower():
            return option
    return MISSING


def words_of(name: str) -> list[str]:
    """Return the words of a property's name, in lower case.

    Example:
        >>> words_of("invoiceNumber"), words_of("people_count")
        (['invoice', 'number'], ['people', 'count'])
    """
    return re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())


def noun_in(name: str) -> Noun | None:
    """Return the first thing that a property's name names, by its longest name.

    Example:
        >>> noun_in("wine_glass_count").word
        'wine glass'
    """
    words = words_of(name)[:_MAX_WORDS]
    phrases = [" ".join(words[i:j]) for i in range(len(words)) for j in range(len(words), i, -1)]
    return next((NOUNS[phrase] for phrase in phrases if phrase in NOUNS), None)
