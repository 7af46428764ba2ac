"""What a model is asked for: the same class, with "not readable" allowed for every value."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, RootModel, ValidationError, model_validator

UNREADABLE = "unreadable"
_UNREADABLE_SCHEMA = {
    "anyOf": [
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "such as items[0].amount"},
                    "reason": {"type": "string", "description": "why it cannot be read"},
                },
                "required": ["path", "reason"],
                "additionalProperties": False,
            },
        },
        {"type": "null"},
    ],
    "description": "values that are in the picture but cannot be read for certain",
}


class Reading(RootModel[dict[str, Any]]):
    """The values as a model read them, None where it could not."""

    @property
    def values(self) -> dict[str, Any]:
        """The values without the reasons."""
        return {key: value for key, value in self.root.items() if key != UNREADABLE}

    @property
    def reasons(self) -> dict[str, str]:
        """Why a value is None, by its path."""
        listed = self.root.get(UNREADABLE) or ()
        pairs = (each for each in listed if isinstance(each, dict))
        return {str(each.get("path")): str(each.get("reason") or "") for each in pairs}


def reading_of(schema: type[BaseModel]) -> type[Reading]:
    """Return the class to ask for in place of `schema`: what is missing in it is no error.

    Anything else that `schema` does not take is one, so that the model is asked once more.
    """
    described = nullable_schema(schema)

    class _Reading(Reading):
        @classmethod
        def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
            return described

        @model_validator(mode="after")
        def _only_what_is_missing_is_wrong(self) -> _Reading:
            wrong = [where for where in _errors(schema, self.values) if not _is_missing(where)]
            if wrong:
                path = ".".join(map(str, wrong[0]["loc"]))
                raise ValueError(f"{path or schema.__name__}: {wrong[0]['msg']}")
            return self

    _Reading.__name__ = _Reading.__qualname__ = schema.__name__
    _Reading.__doc__ = schema.__doc__
    return _Reading


def nullable_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a class in which every value may be null.

    Objects and lists stay what they are; an `unreadable` list is added for the reasons.
    """
    described: dict[str, Any] = _nullable(schema.model_json_schema())
    described["properties"] = {**described.get("properties", {}), UNREADABLE: _UNREADABLE_SCHEMA}
    return described


def _nullable(node: Any) -> Any:
    """Make the properties of every object nullable, those of `$defs` included."""
    if isinstance(node, list):
        return [_nullable(part) for part in node]
    if not isinstance(node, dict):
        return node
    changed = {key: _nullable(part) for key, part in node.items()}
    if isinstance(node.get("properties"), dict):
        parts = changed["properties"].items()
        changed["properties"] = {key: _or_null(part) for key, part in parts}
    return changed


def _or_null(part: dict[str, Any]) -> dict[str, Any]:
    options = part.get("anyOf", [])
    if part.get("type") in ("array", "object", "null") or {"type": "null"} in options:
        return part
    if options:
        return {**part, "anyOf": [*options, {"type": "null"}]}
    kept: dict[str, Any] = {
        key: part[key] for key in ("title", "description", "default") if key in part
    }
    bare = {key: value for key, value in part.items() if key not in kept}
    return {**kept, "anyOf": [bare, {"type": "null"}]}


def _errors(schema: type[BaseModel], values: Any) -> list[Any]:
    try:
        schema.model_validate(values)
    except ValidationError as error:
        return error.errors()
    return []


def _is_missing(error: Any) -> bool:
    return error["type"] == "missing" or error["input"] is None
