"""Whether a request body is what OpenAI's published schema allows.

`data/wire_schema.json` is a small extract of facts, for everybody. Where the folder with the whole
description of the API is, `published` checks against that. Both are stricter than the schema is
written: a key that it does not name is an error, since that is how a setting gets lost.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conftest import SHARED

EXTRACT = Path(__file__).parent / "data" / "wire_schema.json"
PUBLISHED = SHARED / "specs" / "openai_openapi_2026-08-21.yaml"
MESSAGES, INPUT = "ChatCompletionRequestMessage", "InputParam"
_TYPES: dict[str, Any] = {
    "string": str,
    "object": dict,
    "array": list,
    "integer": int,
    "boolean": bool,
    "null": type(None),
    "number": (int, float),
}


class Schemas:
    """The schemas of one description of the API.

    Args:
        schemas: By name, in JSON Schema with references to each other.
    """

    def __init__(self, schemas: dict[str, Any]) -> None:
        self.schemas = schemas

    def problems(self, value: Any, schema: dict[str, Any], path: str = "$") -> list[str]:
        """Return what is wrong with a value; empty when it is right."""
        schema = self._resolved(schema)
        branches = schema.get("oneOf") or schema.get("anyOf")
        if branches:
            return self._of_branches(value, branches, path)
        return list(self._of_value(value, schema, path))

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[-1]]
        for part in schema.get("allOf", ()):
            part = self._resolved(part)
            properties = {**schema.get("properties", {}), **part.get("properties", {})}
            required = [*schema.get("required", ()), *part.get("required", ())]
            schema = {**part, **schema, "properties": properties, "required": required}
        return schema

    def _of_branches(self, value: Any, branches: list[Any], path: str) -> list[str]:
        found = [self.problems(value, branch, path) for branch in branches]
        if not all(found):
            return []
        # The branch that was meant is the one that got furthest.
        return min(found, key=lambda wrong: (max(map(_depth, wrong), default=0) * -1, len(wrong)))

    def _of_value(self, value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
        kinds = schema.get("type", list(_TYPES))
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if not any(isinstance(value, _TYPES[kind]) for kind in kinds):
            yield f"{path}: {str(value)[:40]!r} is no {' or '.join(kinds)}"
        elif "enum" in schema and value not in schema["enum"]:
            yield f"{path}: {str(value)[:40]!r} is none of {schema['enum']}"
        elif isinstance(value, str):
            yield from _of_string(value, schema, path)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.problems(item, schema.get("items", {}), f"{path}[{index}]")
        elif isinstance(value, dict):
            yield from self._of_object(value, schema, path)

    def _of_object(self, value: dict[str, Any], schema: Any, path: str) -> Iterator[str]:
        properties = schema.get("properties")
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{path}: {name!r} is missing"
        for name, item in value.items() if properties else ():
            if name in properties:
                yield from self.problems(item, properties[name], f"{path}.{name}")
            else:
                yield f"{path}: {name!r} is not named in the schema"


def _of_string(value: str, schema: dict[str, Any], path: str) -> Iterator[str]:
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{path}: {len(value)} characters are over {schema['maxLength']}"
    if len(value) < schema.get("minLength", 0):
        yield f"{path}: {len(value)} characters are under {schema['minLength']}"
    if not re.search(schema.get("pattern", ""), value):
        yield f"{path}: {value[:40]!r} does not match {schema['pattern']}"
    if schema.get("format") == "uri" and not re.match(r"https?://|data:image/\w+;base64,", value):
        yield f"{path}: {value[:40]!r} is no URL"


def _depth(problem: str) -> int:
    return len(re.findall(r"[.\[]", problem.partition(":")[0]))


def problems_of(body: dict[str, Any], schemas: Schemas) -> list[str]:
    """Return what is wrong with a body's messages or input."""
    if "messages" in body:
        schema = {"type": "array", "items": {"$ref": MESSAGES}}
        return schemas.problems(body["messages"], schema, "messages")
    return schemas.problems(body["input"], {"$ref": INPUT}, "input")


@functools.cache
def extract() -> Schemas:
    """Return the facts that are kept here."""
    return Schemas(json.loads(EXTRACT.read_text())["schemas"])


@functools.cache
def published() -> Schemas | None:
    """Return the whole published description, where it is."""
    if not PUBLISHED.is_file():
        return None
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Schemas(yaml.load(PUBLISHED.read_bytes(), loader)["components"]["schemas"])


def check_body(body: dict[str, Any], *, but: tuple[str, ...] = ()) -> None:
    """See that a body is right by the extract, and by the published schema where it is.

    Args:
        body: What left.
        but: Patterns of what the published schema is known to be wrong about.
    """
    assert problems_of(body, extract()) == []
    if (schemas := published()) is not None:
        wrong = problems_of(body, schemas)
        assert [one for one in wrong if not any(re.search(known, one) for known in but)] == []
