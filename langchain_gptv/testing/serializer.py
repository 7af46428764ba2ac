"""The text of a cassette: YAML with JSON bodies as YAML, and line breaks as line breaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from langchain_gptv.exceptions import MissingExtraError
from langchain_gptv.testing.servers import name_servers

try:
    import yaml
except ImportError:
    raise MissingExtraError("A cassette", "test") from None

HEAD = "# langchain-gptv cassette\n"
"""The first line, by which our cassettes are known from others."""

END = "..."
"""The last line; without it a cassette is truncated, even where its YAML is whole."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _CassetteDumper(_Dumper):  # type: ignore[misc]
    """Writes a text of several lines as a block."""


def _represent_text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_CassetteDumper.add_representer(str, _represent_text)


def serialize(cassette: dict[str, Any]) -> str:
    """Write what vcrpy gives: `{"version": 1, "interactions": [...]}`."""
    data = {
        "version": cassette["version"],
        "recorded_with": name_servers(_answers(cassette["interactions"])),
        "interactions": [_readable(each) for each in cassette["interactions"]],
    }
    return HEAD + _dump(data)


def deserialize(text: str) -> Any:
    """Read a cassette of this format or of vcrpy's own; anything else is returned as it parses."""
    data = parse(text)
    interactions = data.get("interactions") if isinstance(data, dict) else None
    for each in interactions if isinstance(interactions, list) else ():
        if isinstance(each, dict):
            _restore(each)
    return data


def line_of_interaction(text: str, index: int) -> int:
    """Return the line on which an interaction starts, counted from 1."""
    root = yaml.compose(text, Loader=_Loader)
    for key, value in getattr(root, "value", ()):
        if key.value == "interactions" and isinstance(value.value, list):
            items = value.value
            return int(items[index].start_mark.line) + 1 if index < len(items) else 1
    return 1


def seal(interaction: dict[str, Any]) -> str:
    """Return 16 digits of the sha256 of an exchange as it stands in the file, by its values.

    They tell an exchange that was changed by hand. Taking the line away owns the change.
    """
    parts = {key: interaction.get(key) for key in ("request", "response")}
    text = json.dumps(parts, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def parse(text: str) -> Any:
    """Read the YAML of a cassette as it stands."""
    return yaml.load(text, Loader=_Loader)


def _dump(value: Any) -> str:
    return str(
        yaml.dump(
            value,
            Dumper=_CassetteDumper,
            sort_keys=False,
            allow_unicode=True,
            width=100,
            explicit_end=True,
        )
    )


def _answers(interactions: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for each in interactions:
        text = (each["response"].get("body") or {}).get("string")
        yield each["request"]["uri"], text if isinstance(text, str) else ""


def _readable(interaction: dict[str, Any]) -> dict[str, Any]:
    request, response = interaction["request"], interaction["response"]
    body = (response.get("body") or {}).get("string")
    written = {
        "request": {
            "method": request["method"],
            "uri": request["uri"],
            "headers": _flat(request["headers"]),
            "body": _parsed(request["body"]),
        },
        "response": {
            "status": response["status"],
            "headers": _flat(response["headers"]),
            "body": _parsed(body),
        },
    }
    return {**written, "sha256": seal(written)}


def _flat(headers: dict[str, Any]) -> dict[str, Any]:
    return {k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in headers.items()}


def _parsed(body: Any) -> Any:
    """Return `{"json": ...}` if YAML gives exactly the same back, else the text or the bytes."""
    if isinstance(body, bytes):
        return bytes(body)
    if not isinstance(body, str):
        return body
    parsed = _json(body)
    if isinstance(parsed, dict | list) and _survives(parsed):
        return {"json": parsed}
    return body if _survives(body) else body.encode()


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _survives(value: Any) -> bool:
    try:
        return bool(yaml.load(_dump(value), Loader=_Loader) == value)
    except (ValueError, yaml.YAMLError):
        return False


def _restore(interaction: dict[str, Any]) -> None:
    for side in ("request", "response"):
        part = interaction.get(side)
        if not isinstance(part, dict):
            continue
        body = part.get("body")
        if isinstance(body, dict) and "json" in body:
            body = json.dumps(body["json"], ensure_ascii=False, separators=(",", ":"))
        if side == "response" and not isinstance(body, dict):
            body = {"string": body}
        part["body"] = body
        if isinstance(part.get("headers"), dict):
            headers = part["headers"].items()
            part["headers"] = {k: v if isinstance(v, list) else [v] for k, v in headers}
