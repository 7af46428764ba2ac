"""A JSON Schema as it was sent, checked as far as the engine follows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_gptv.local.wire import errors
from langchain_gptv.local.wire.body import Node

MAX_DEPTH = 50
"""Levels of a schema; the real services take 10."""


def read_schema(node: Node, depth: int = 0) -> dict[str, Any]:
    """Return a schema whose parts are of the types that JSON Schema gives them.

    Raises:
        WireError: One is not; it is named by its path.

    Example:
        >>> read_schema(Node({"properties": {"total": {"type": "number"}}}, "schema"))
        {'properties': {'total': {'type': 'number'}}}
    """
    if depth > MAX_DEPTH:
        raise errors.request_error(
            f"Invalid '{node.path[:80]}...': the schema has more than {MAX_DEPTH} levels.",
            code="invalid_json_schema",
        )
    schema = node.object()
    for key in _PARTS.keys() & schema.keys():
        _PARTS[key](node[key], depth + 1)
    return schema


def _named(node: Node, depth: int) -> None:
    for name in node.object():
        read_schema(node[name], depth)


def _listed(node: Node, depth: int) -> None:
    for part in node.items():
        read_schema(part, depth)


def _texts(node: Node, depth: int) -> None:
    for part in node.items():
        part.text()


def _text(node: Node, depth: int) -> None:
    node.text()


def _kind(node: Node, depth: int) -> None:
    _texts(node, depth) if isinstance(node.value, list) else _text(node, depth)


def _values(node: Node, depth: int) -> None:
    list(node.items())


_PARTS: dict[str, Callable[[Node, int], object]] = {
    "properties": _named,
    "$defs": _named,
    "items": read_schema,
    "anyOf": _listed,
    "oneOf": _listed,
    "allOf": _listed,
    "required": _texts,
    "enum": _values,
    "type": _kind,
    "$ref": _text,
    "format": _text,
    "description": _text,
}
