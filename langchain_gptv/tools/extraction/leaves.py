"""The single values of what was read, each with its path, such as `items[0].amount`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from langchain_gptv.tools.extraction.models import NotPrinted


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that stands in no other.

    Attributes:
        path: Such as `items[0].amount`.
        group: The path of what holds it, such as `items[0]`.
        name: Its own name, such as `amount`.
        value: None was not readable, or is not there.
        asked: Whether the class has no default for it.
    """

    path: str
    group: str
    name: str
    value: Any
    asked: bool = True


def find_leaves(values: Any, schema: type[BaseModel] | None = None) -> list[Leaf]:
    """Return the printed values in their order; fields marked `NotPrinted` are left out.

    Args:
        values: As JSON has them.
        schema: Its class, which knows of values that were left out.

    Example:
        >>> [leaf.path for leaf in find_leaves({"items": [{"name": "Pen"}], "total": 2})]
        ['items[0].name', 'total']
    """
    return list(_walk(values, schema, Leaf("", "", "", None)))


def _walk(value: Any, schema: type[BaseModel] | None, at: Leaf) -> Iterator[Leaf]:
    if isinstance(value, Mapping):
        fields = _fields(schema)
        for key in dict.fromkeys((*value, *(k for k, f in fields.items() if f.is_required()))):
            field = fields.get(key)
            if field is None or not any(isinstance(mark, NotPrinted) for mark in field.metadata):
                path = f"{at.path}.{key}" if at.path else key
                inner = next(_classes(field.annotation), None) if field else None
                asked = field is None or field.is_required()
                yield from _walk(value.get(key), inner, Leaf(path, at.path, key, None, asked))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _walk(part, schema, replace(at, path=f"{at.path}[{index}]"))
    else:
        yield replace(at, value=value)


def _fields(schema: type[BaseModel] | None) -> dict[str, FieldInfo]:
    fields = schema.model_fields if schema else {}
    return {field.alias or name: field for name, field in fields.items()}


def _classes(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _classes(argument)
