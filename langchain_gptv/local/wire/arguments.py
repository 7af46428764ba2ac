"""When the engine calls a tool of its own accord, and with which arguments.

The rule is small, so that an agent's loop can be run and tested without a model:

- A function is called when the newest question names it: `zoom_image`, "zoom image", or what is
  left without a leading verb such as get ("weather" for `get_weather`).
- Its arguments stand in the question: `name=value` or `name: value`; else numbers in their order,
  texts in quotation marks, and a name after in, at, for, of, from or about. A value that has a
  default may be missing; for others the picture is asked.
- After the tool has answered, it is not called again for the same question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_VERBS = ("get", "find", "fetch", "look_up", "lookup", "search", "run", "call", "do")
_QUOTED = r"[\"“'](.+?)[\"”'](?!\w)"
_PLACED = r"\b(?:in|at|for|of|from|about)\s+([A-Z][\w .,'-]*\w)"
_NUMBER = r"(?<![\w.])(-?\d+(?:\.\d+)?)(?![\w.]*\w)"
_VALUES = {
    "integer": (_NUMBER,),
    "number": (_NUMBER,),
    "boolean": (r"(?i:(true|false))\b",),
    "string": (_QUOTED, r"([^\s,;)]+)"),
}
_LOOSE = {"integer": (_NUMBER,), "number": (_NUMBER,), "string": (_QUOTED, _PLACED)}


def is_named(function: str, question: str) -> bool:
    """Tell whether a question names a function.

    Example:
        >>> is_named("get_weather", "What is the weather in Oslo?")
        True
    """
    words = re.split(r"[_\-]", function.lower())
    spellings = [words, words[1:]] if words[0] in _VERBS and len(words) > 1 else [words]
    patterns = ("[_ -]".join(map(re.escape, spelled)) for spelled in spellings)
    lowered = question.lower()
    return any(re.search(rf"(?<![a-z0-9]){name}(?![a-z0-9])", lowered) for name in patterns)


def find_arguments(
    function: str, question: str, schema: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Find a function's arguments in a question.

    Args:
        function: Its name, which is no argument.
        question: As asked.
        schema: JSON Schema of the arguments.

    Returns:
        The arguments found, and the names of required ones that were not.

    Example:
        >>> schema = {"properties": {"x": {"type": "integer"}}, "required": ["x"]}
        >>> find_arguments("square", "What is square(3)?", schema)
        ({'x': 3}, [])
    """
    rest = re.sub(rf"(?<!\w){re.escape(function)}(?!\w)", " ", question, flags=re.IGNORECASE)
    found: dict[str, Any] = {}
    for name, part in schema.get("properties", {}).items():
        value, rest = _find(name, _kind(part), rest)
        if value is not None:
            found[name] = value
    missing = [name for name in schema.get("required", ()) if name not in found]
    return found, missing


def _kind(part: Mapping[str, Any]) -> str:
    options = [part, *part.get("anyOf", ())]
    kinds = [option.get("type") for option in options]
    return next((kind for kind in kinds if kind in _VALUES), "string")


def _find(name: str, kind: str, text: str) -> tuple[Any, str]:
    """Return the value of one argument, and the text without it."""
    patterns = [rf"\b{re.escape(name)}\s*[=:]\s*{value}" for value in _VALUES[kind]]
    for pattern in (*patterns, *_LOOSE.get(kind, ())):
        match = re.search(pattern, text)
        if match is not None:
            return _cast(match[1], kind), text[: match.start()] + text[match.end() :]
    return None, text


def _cast(text: str, kind: str) -> Any:
    if kind == "boolean":
        return text.lower() == "true"
    if kind in ("integer", "number"):
        number = float(text)
        return int(number) if kind == "integer" or number.is_integer() else number
    return text
