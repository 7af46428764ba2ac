"""Cassettes on disk: read with an error that names file and line, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from langchain_gptv._files import write_atomically
from langchain_gptv.exceptions import CassetteError, MissingExtraError
from langchain_gptv.testing.digests import CleanBody
from langchain_gptv.testing.orphans import note_opened
from langchain_gptv.testing.serializer import END, HEAD, line_of_interaction
from langchain_gptv.testing.thumbnails import images_folder, store_thumbnails

try:
    import yaml
    from vcr.persisters.filesystem import CassetteNotFoundError
    from vcr.request import Request
    from vcr.serialize import serialize
    from vcr.serializers.compat import convert_to_bytes
except ImportError:
    raise MissingExtraError("A cassette", "test") from None

_NOT_ONE = "this is no cassette: {}. Delete the file and record it again, or give it another name"

Exchanges = tuple[list[Any], list[Any]]


class CassetteFiles:
    """What vcrpy calls a persister.

    Attributes:
        extra_paths: Cassettes that are read besides the one asked for, and never written.
        keep_old: Set when the test failed while it recorded: a file that is there then stays.
        fresh: Set to record anew: what is there is not read, and replaced when the new is whole.
    """

    def __init__(self, extra_paths: Iterable[str] = ()) -> None:
        self.extra_paths = list(extra_paths)
        self.keep_old = False
        self.fresh = False

    def load_cassette(self, cassette_path: str | Path, serializer: Any) -> Exchanges:
        """Read the exchanges of a cassette and of the extra ones.

        Raises:
            CassetteError: A file is truncated, foreign or broken.
            CassetteNotFoundError: There is none of the files, as vcrpy expects it.
        """
        paths = dict.fromkeys(map(Path, (cassette_path, *self.extra_paths)))
        note_opened(paths)
        found = [
            read_cassette(path, serializer) for path in paths if path.is_file() and not self.fresh
        ]
        if not found:
            raise CassetteNotFoundError(f"There is no cassette {cassette_path}.")
        return [r for each in found for r in each[0]], [r for each in found for r in each[1]]

    def save_cassette(
        self, cassette_path: str | Path, cassette_dict: dict[str, Any], serializer: Any
    ) -> None:
        """Write the exchanges, and a thumbnail of each picture that is new."""
        path = Path(cassette_path)
        if self.keep_old and path.exists():
            return
        pictures = _pictures(cassette_dict)
        text = serialize(cassette_dict, serializer)
        store_thumbnails(pictures, images_folder(path))
        write_atomically(path, text.encode(), mode=0o644)


def read_cassette(path: Path, serializer: Any) -> Exchanges:
    """Read one file.

    Raises:
        CassetteError: It is truncated, foreign or broken.
    """
    interactions = read_interactions(path, serializer)
    requests = [Request(**_request(each["request"])) for each in interactions]
    return requests, [convert_to_bytes(each["response"]) for each in interactions]


def read_interactions(path: Path, serializer: Any) -> list[dict[str, Any]]:
    """Read one file, with each body as the text or the bytes that were sent.

    Raises:
        CassetteError: It is truncated, foreign or broken.
    """
    text = _text(path)
    try:
        data = serializer.deserialize(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        reason = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise CassetteError(str(path), mark.line + 1 if mark else 1, _broken(reason)) from None
    except ValueError as error:
        raise CassetteError(str(path), 1, _broken(str(error))) from None
    if text.startswith(HEAD) and not text.rstrip().endswith(f"\n{END}"):
        last = text.count("\n") + 1
        raise CassetteError(str(path), last, _broken(f"the file ends without '{END}'"))
    _check(path, text, data)
    return list(data["interactions"])


def _text(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise CassetteError(str(path), line, _NOT_ONE.format("it is not UTF-8 text")) from None


def _broken(reason: str) -> str:
    return f"{reason}. The cassette is truncated or broken: mend it, or delete and record it again"


def _check(path: Path, text: str, data: Any) -> None:
    interactions = data.get("interactions") if isinstance(data, dict) else None
    if not isinstance(interactions, list):
        raise CassetteError(str(path), 1, _NOT_ONE.format("it has no list 'interactions'"))
    for index, each in enumerate(interactions):
        reason = _fault(each)
        if reason:
            line = line_of_interaction(text, index)
            raise CassetteError(str(path), line, _broken(f"interaction {index + 1} {reason}"))


def _fault(interaction: Any) -> str:
    if not isinstance(interaction, dict):
        return f"is a {type(interaction).__name__}"
    request, response = interaction.get("request"), interaction.get("response")
    if not isinstance(request, dict) or not isinstance(response, dict):
        return "has no 'request' or no 'response'"
    for name, part, keys in (
        ("request", request, ("method", "uri", "headers")),
        ("response", response, ("status", "headers", "body")),
    ):
        missing = [key for key in keys if key not in part]
        if missing:
            return f"has no '{missing[0]}' in its {name}"
        if not isinstance(part["headers"], dict):
            return f"has headers in its {name} that are no mapping"
    return _fault_in_status(response["status"])


def _fault_in_status(status: Any) -> str:
    if isinstance(status, dict) and isinstance(status.get("code"), int):
        status.setdefault("message", None)
        return ""
    return "has no number 'code' in the status of its response"


def _request(stored: dict[str, Any]) -> dict[str, Any]:
    return {key: stored.get(key) for key in ("method", "uri", "body", "headers")}


def _pictures(cassette: dict[str, Any]) -> dict[str, bytes]:
    bodies = [request.body for request in cassette["requests"]]
    bodies += [(response.get("body") or {}).get("string") for response in cassette["responses"]]
    return {
        name: data
        for body in bodies
        if isinstance(body, CleanBody)
        for name, data in body.pictures.items()
    }
