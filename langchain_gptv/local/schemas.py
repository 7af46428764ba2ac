"""Filling a JSON Schema from what was seen: fields, line items, text, objects, colours.

A property's name says what it wants: `total`, `invoice_number`, `lines`, `objects`, `items`,
`people_count`, `has_dog`. What is not in the picture is null where the schema allows that, left
out where it is not required, and else a `CannotFillError`: a value is never made up.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_gptv.exceptions import CannotFillError
from langchain_gptv.local.answers import answer_question
from langchain_gptv.local.charts import PrintedChart, read_chart
from langchain_gptv.local.concepts import Concept, find_concept
from langchain_gptv.local.evidence import Evidence
from langchain_gptv.local.fields import Field, find_field
from langchain_gptv.local.forms import PrintedField, find_form_fields
from langchain_gptv.local.items import LineItem, find_line_items
from langchain_gptv.local.labels import Noun, labels_of
from langchain_gptv.local.layout import order_for_reading, render_layout
from langchain_gptv.local.moments import find_stamps, name_moments
from langchain_gptv.local.properties import (
    CELL_KEYS,
    FIELD_KEYS,
    ITEM_KEYS,
    LINE_KEYS,
    MISSING,
    OBJECT_KEYS,
    Schema,
    cast_value,
    noun_in,
    pick_option,
    words_of,
)
from langchain_gptv.local.questions import parse_question
from langchain_gptv.local.tables import Cell, read_table
from langchain_gptv.vision.observations import DetectedObject, Observation, TextLine

_MAX_DEPTH = 10
"""Objects within objects that are filled."""


def fill_schema(
    seen: Sequence[Observation], question: str, schema: Schema
) -> tuple[dict[str, Any], tuple[Evidence, ...]]:
    """Fill a JSON Schema of type object.

    Args:
        seen: One observation per image.
        question: What was asked; a property `answer` gets the answer to it.
        schema: JSON Schema with `properties`; `$ref` to its own `$defs` is followed.

    Returns:
        The object, and the evidence of every value in it.

    Raises:
        CannotFillError: A required property is not in the picture.
    """
    filler = _Filler(seen, question, schema.get("$defs", {}))
    value = filler.fill("", schema, "")
    if not isinstance(value, dict):
        raise CannotFillError("(root)", "the schema is not of type object")
    return value, tuple(filler.evidence)


class _Filler:
    def __init__(self, seen: Sequence[Observation], question: str, defs: Schema) -> None:
        self.seen = seen
        self.question = question
        self.defs = defs
        self.evidence: list[Evidence] = []
        self.depth = 0

    def fill(self, name: str, schema: Schema, path: str) -> Any:
        """Return the value for a property, or `MISSING`."""
        schema, nullable = self._resolve(schema)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        fill = getattr(self, f"_fill_{kind}", None)
        # A schema may refer to itself.
        value = fill(name, schema, path) if fill and self.depth < _MAX_DEPTH else MISSING
        if value is not MISSING and "enum" in schema:
            value = pick_option(value, schema["enum"])
        return None if value is MISSING and nullable else value

    def _resolve(self, schema: Schema) -> tuple[Schema, bool]:
        """Follow `$ref`, and take the part of a union that is not null."""
        nullable = False
        for _ in range(8):
            if "$ref" in schema:
                schema = self.defs.get(schema["$ref"].rsplit("/", 1)[-1], {})
            options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
            if options:
                nullable |= any(option.get("type") == "null" for option in options)
                schema = next((part for part in options if part.get("type") != "null"), {})
            elif "$ref" not in schema:
                break
        if isinstance(schema.get("type"), list):
            nullable |= "null" in schema["type"]
            kinds = [kind for kind in schema["type"] if kind != "null"]
            schema = {**schema, "type": kinds[0] if kinds else "null"}
        return schema, nullable

    def _fill_object(self, name: str, schema: Schema, path: str) -> Any:
        filled = {}
        required = schema.get("required", ())
        self.depth += 1
        for key, part in schema.get("properties", {}).items():
            where = f"{path}.{key}" if path else key
            value = self.fill(key, part, where)
            if value is not MISSING:
                filled[key] = value
            elif "default" not in part and key in required:
                raise CannotFillError(where, "the picture does not show it")
        self.depth -= 1
        return filled | self._labels(filled)

    def _fill_array(self, name: str, schema: Schema, path: str) -> Any:
        items, _ = self._resolve(schema.get("items", {}))
        words = set(words_of(name))
        keys = set(items.get("properties", {}))
        if {"row", "column", "text"} <= keys:
            return self._rows(self._cells(), items, CELL_KEYS, "text") or MISSING
        if "points" in keys:
            return [_series(chart, items) for chart in self._charts()] or MISSING
        if "value" in keys and keys & set(FIELD_KEYS) - {"value"}:
            return self._rows(self._form_fields(), items, FIELD_KEYS, "label") or MISSING
        if words & {"colors", "colours", "color", "colour"}:
            return [color.name for seen in self.seen for color in seen.colors]
        if words & {"object", "objects", "detections", "things", "labels"} or (
            keys and keys <= set(OBJECT_KEYS) and "label" in keys
        ):
            return self._rows(self._objects(), items, OBJECT_KEYS, "label")
        if words & {"line", "lines", "text", "texts"} and not words & {"item", "items"}:
            return self._rows(self._lines(), items, LINE_KEYS, "text")
        if words & {"item", "items", "products", "positions", "entries", "purchases"}:
            return self._rows(self._items(), items, ITEM_KEYS, "name")
        if words & {"timestamps", "moments"}:
            return self._moments()
        return MISSING

    def _rows(
        self, rows: Sequence[Any], schema: Schema, keys: Mapping[str, Any], only: str
    ) -> list[Any]:
        """Make one array item per row: a string, or an object with the keys that are known."""
        if "properties" not in schema:
            return [keys[only](row) for row in rows]
        required = schema.get("required", ())
        return [self._row(row, schema["properties"], required, keys) for row in rows]

    def _row(
        self, row: Any, properties: Schema, required: Sequence[str], keys: Mapping[str, Any]
    ) -> dict[str, Any]:
        filled = {}
        for key, part in properties.items():
            part, nullable = self._resolve(part)
            value = keys[key](row) if key in keys else None
            value = None if value is None else cast_value(value, part)
            if value is None and key in required and not nullable:
                raise CannotFillError(f"[].{key}", "the picture does not show it for every row")
            filled[key] = value
        return filled

    def _fill_string(self, name: str, schema: Schema, path: str) -> Any:
        words = set(words_of(name))
        if words & {"text", "transcript", "transcription", "content"}:
            return self._text()
        if words & {"answer", "response"}:
            return self._answer(self.question)
        if words & {"description", "caption", "summary", "describe"}:
            return self._answer("Describe the picture.")
        if words & {"color", "colour"}:
            return self.seen[0].colors[0].name if self.seen and self.seen[0].colors else MISSING
        return self._field_value(name, schema)

    def _fill_number(self, name: str, schema: Schema, path: str) -> Any:
        words = set(words_of(name))
        noun = noun_in(name)
        if noun is not None and words & {"count", "number", "num", "many", "total"}:
            return self._count(noun)
        if words & {"width", "height"} and self.seen:
            return self.seen[0].width if "width" in words else self.seen[0].height
        value = self._field_value(name, schema)
        if value is MISSING and noun is not None:
            return self._count(noun)
        return value

    _fill_integer = _fill_number

    def _fill_boolean(self, name: str, schema: Schema, path: str) -> Any:
        noun = noun_in(name)
        if noun is None and {"text", "writing"} & set(words_of(name)):
            return any(seen.lines for seen in self.seen)
        count: Any = self._count(noun) if noun else MISSING
        return count if count is MISSING else count > 0

    def _field_value(self, name: str, schema: Schema) -> Any:
        """Look for the property's name among the labels, then for its description's."""
        phrase = " ".join(words_of(name))
        described = find_concept(schema.get("description", "").lower())
        concept = find_concept(phrase) or described or Concept(phrase, "text", (phrase,))
        for index, seen in enumerate(self.seen):
            for field in find_field(seen.lines, concept):
                value = cast_value(field.value, schema)
                if value is not None:
                    self._note_field(field, index)
                    return value
        return MISSING

    def _note_field(self, field: Field, index: int) -> None:
        self.evidence.append(Evidence("text", field.value, field.score, field.box, index))

    def _answer(self, question: str) -> Any:
        if not self.seen:
            return MISSING
        parsed = parse_question(question)
        answers = [answer_question(seen, parsed) for seen in self.seen]
        self.evidence += [fact for answer in answers for fact in answer.evidence]
        # Frames of a video often show the same.
        return "\n".join(dict.fromkeys(answer.text for answer in answers))

    def _text(self) -> Any:
        lines = self._lines()
        return render_layout(lines) if lines else MISSING

    def _count(self, noun: Noun) -> Any:
        if not noun.is_exact or any(seen.objects is None for seen in self.seen) or not self.seen:
            return MISSING
        return len([found for found in self._objects() if found.label in noun.labels])

    def _objects(self) -> list[DetectedObject]:
        if any(seen.objects is None for seen in self.seen):
            raise CannotFillError("objects", 'no detector; install "langchain-gptv[objects]"')
        self.evidence += [
            Evidence("object", found.label, found.score, found.box, index)
            for index, seen in enumerate(self.seen)
            for found in seen.objects or ()
        ]
        return [found for seen in self.seen for found in seen.objects or ()]

    def _lines(self) -> list[TextLine]:
        lines = [line for seen in self.seen for line in order_for_reading(seen.lines)]
        self.evidence += [Evidence("text", line.text, line.score, line.box) for line in lines]
        return lines

    def _moments(self) -> Any:
        """Return times from a sheet of frames; none of them may show what is asked for."""
        if len(self.seen) != 1 or not find_stamps(self.seen[0].lines):
            return MISSING
        moments = name_moments(self.seen[0], self.question, labels_of)
        self.evidence += [Evidence("text", line.text, line.score, line.box) for line in moments]
        return [line.text for line in moments]

    def _cells(self) -> list[Cell]:
        cells = [cell for seen in self.seen[:1] for cell in read_table(seen.lines)]
        self.evidence += [
            Evidence("text", cell.text, cell.score, cell.box) for cell in cells if cell.box
        ]
        return cells

    def _labels(self, filled: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a chart or a table says of itself; the rest of the picture says it worse."""
        said: dict[str, Any] = {"caption": None} if "cells" in filled else {}
        if "series" in filled:
            for chart in self._charts()[:1]:
                labels = {"x_label": chart.x_label, "y_label": chart.y_label}
                said |= {"title": chart.title, **labels}
        return {key: value for key, value in said.items() if key in filled}

    def _charts(self) -> list[PrintedChart]:
        charts = (read_chart(seen.lines) for seen in self.seen)
        return [chart for chart in charts if chart is not None]

    def _form_fields(self) -> list[PrintedField]:
        fields = [field for seen in self.seen for field in find_form_fields(seen.lines)]
        self.evidence += [
            Evidence("text", field.value or field.label, field.score, field.box) for field in fields
        ]
        return fields

    def _items(self) -> list[LineItem]:
        items = [item for seen in self.seen for item in find_line_items(seen.lines)]
        self.evidence += [Evidence("text", item.name, item.score, item.box) for item in items]
        return items


def _series(chart: PrintedChart, schema: Schema) -> dict[str, Any]:
    points = [{"label": point.label, "value": point.value} for point in chart.points]
    return (
        {"name": None, "points": points} if "name" in schema["properties"] else {"points": points}
    )
