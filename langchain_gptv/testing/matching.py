"""Whether the body sent is the body recorded, and in one line what differs."""

from __future__ import annotations

import inspect
import json
from functools import lru_cache
from typing import Any

from langchain_gptv.testing.digests import DIGEST, Digest, find_digests

IGNORED_FIELDS = frozenset(
    {"metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier"}
    | {"service_tier", "store", "stream_options", "user"}
)
"""Fields at the top of a body that SDKs add or rename, and that change no answer.

Besides them, fields that are null count as absent, and the indentation of a tool's description,
which differs between versions of Python, does not count.
"""

MATCH_ON = ("method", "scheme", "host", "path", "query", "body")
"""The parts of a request that must be equal; the query in any order, the port of no account."""

_MAX_SHOWN = 5
_CONTEXT = 24

Leaves = dict[str, Any]


def body(sent: Any, recorded: Any) -> None:
    """Compare the bodies of two vcrpy requests that `clean_request` has been through.

    Raises:
        AssertionError: They differ; the message is one line.
    """
    ours, theirs = normalize(sent.body), normalize(recorded.body)
    if ours != theirs:
        raise AssertionError("; ".join(find_differences(theirs, ours)))


@lru_cache(maxsize=256)
def normalize(raw: bytes | None) -> Any:
    """Return what of a body counts: parsed JSON, or the bytes of another."""
    if not raw:
        return None
    try:
        parsed = json.loads(raw)
    except ValueError:
        return bytes(raw)
    if not isinstance(parsed, dict):
        return parsed
    kept = {k: v for k, v in parsed.items() if v is not None and k not in IGNORED_FIELDS}
    if isinstance(kept.get("tools"), list):
        kept["tools"] = _with_plain_descriptions(kept["tools"])
    return kept


def _with_plain_descriptions(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_plain_descriptions(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: inspect.cleandoc(each)
        if key == "description" and isinstance(each, str)
        else _with_plain_descriptions(each)
        for key, each in value.items()
    }


def find_differences(recorded: Any, sent: Any) -> list[str]:
    """Say what differs between two normalised bodies, pictures first.

    Example:
        >>> find_differences({"model": "gpt-4o"}, {"model": "gpt-4.1"})
        ["model 'gpt-4o' -> 'gpt-4.1'"]
    """
    if isinstance(recorded, bytes) or isinstance(sent, bytes):
        shown = [f"body: {_show(recorded)} recorded, {_show(sent)} sent"]
        return _image_differences(_raw(recorded), _raw(sent)) or shown
    old, new = _flatten(recorded), _flatten(sent)
    found = _image_differences(old, new)
    for path in (*old, *(path for path in new if path not in old)):
        if path not in new:
            found.append(f"{path} {_show(old[path])} only recorded")
        elif path not in old:
            found.append(f"{path} {_show(new[path])} only sent")
        elif old[path] != new[path]:
            found.extend(_leaf_differences(path, old[path], new[path]))
    more = len(found) - _MAX_SHOWN
    return found if more <= 0 else [*found[:_MAX_SHOWN], f"and {more} more"]


def _flatten(value: Any, path: str = "") -> Leaves:
    if isinstance(value, dict) and value:
        parts = [_flatten(each, f"{path}.{key}".lstrip(".")) for key, each in value.items()]
    elif isinstance(value, list) and value:
        parts = [_flatten(each, f"{path}[{index}]") for index, each in enumerate(value)]
    else:
        return {path: value}
    return {key: leaf for part in parts for key, leaf in part.items()}


def _raw(body: Any) -> Leaves:
    return {"": body.decode(errors="replace")} if isinstance(body, bytes) else _flatten(body)


def _digests(leaves: Leaves) -> list[Digest]:
    texts = (leaf for leaf in leaves.values() if isinstance(leaf, str))
    return [digest for text in texts for digest in find_digests(text)]


def _image_differences(old: Leaves, new: Leaves) -> list[str]:
    recorded, sent = _digests(old), _digests(new)
    if len(recorded) != len(sent):
        return [f"{len(recorded)} images recorded, {len(sent)} sent"]
    pairs = enumerate(zip(recorded, sent, strict=True), start=1)
    return [f"image {n}: {_compare(was, now)}" for n, (was, now) in pairs if was != now]


def _compare(was: Digest, now: Digest) -> str:
    if was.sha256 == now.sha256:
        return f"'{was.mime_type}' recorded, '{now.mime_type}' sent"
    return f"{was} recorded, {now} sent"


def _leaf_differences(path: str, old: Any, new: Any) -> list[str]:
    if isinstance(old, str) and isinstance(new, str):
        # The pictures have been named already.
        plain_old, plain_new = DIGEST.sub("", old), DIGEST.sub("", new)
        if plain_old == plain_new:
            return []
        if path.startswith(("messages", "input", "instructions")) and not path.endswith("detail"):
            return [f"prompt differs at {path}: {_where(plain_old, plain_new)}"]
    name = "detail" if path.endswith(".detail") else path
    return [f"{name} {_show(old)} -> {_show(new)}"]


def _where(old: str, new: str) -> str:
    pairs = enumerate(zip(old, new, strict=False))
    start = next((i for i, (a, b) in pairs if a != b), min(len(old), len(new)))
    begin = max(0, start - _CONTEXT // 2)
    was, now = old[begin : start + _CONTEXT], new[begin : start + _CONTEXT]
    return f"character {start}, {was!r} recorded, {now!r} sent"


def _show(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
