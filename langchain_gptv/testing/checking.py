"""What is wrong with a folder of cassettes, by file and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from langchain_gptv.exceptions import CassetteError
from langchain_gptv.testing import serializer
from langchain_gptv.testing.digests import digest_base64, find_digests
from langchain_gptv.testing.exchanges import find_cassettes
from langchain_gptv.testing.files import read_interactions
from langchain_gptv.testing.scrub import REQUEST_HEADERS, RESPONSE_HEADERS, scrub_text
from langchain_gptv.testing.thumbnails import images_folder, is_thumbnail

MAX_FILE_BYTES = 50_000
"""Of any file but a thumbnail."""

MAX_FOLDER_BYTES = 5_000_000

_ALLOWED = {"request": REQUEST_HEADERS, "response": RESPONSE_HEADERS}
_AGAIN = "record it again with --record-mode=rewrite"


class Problem(NamedTuple):
    """What is wrong; `line` counts from 1 and is 0 for a file that has no lines."""

    path: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}" if self.line else f"{self.path}: {self[2]}"


def check_cassettes(place: Path) -> list[Problem]:
    """Find secrets, base64, size, damage, edits by hand, and thumbnails missing or left over.

    Args:
        place: A folder of cassettes, or one cassette.

    Raises:
        FileNotFoundError: There is nothing at the path.
    """
    cassettes = find_cassettes(place)
    found = [problem for path in cassettes for problem in _check_cassette(path)]
    if place.is_dir():
        found += _check_sizes(place)
        found += _check_left_over(place, cassettes)
    return found


def _check_cassette(path: Path) -> Iterator[Problem]:
    text = path.read_text(errors="replace")
    secrets = list(_check_text(path, text))
    yield from secrets
    yield from _check_thumbnails(path, text)
    try:
        interactions = read_interactions(path, serializer)
    except CassetteError as error:
        yield Problem(path, error.line, str(error).removeprefix(f"{path}, line {error.line}: "))
        return
    if not text.startswith(serializer.HEAD):
        yield Problem(path, 1, f"was not written by this package: {_AGAIN}")
    stored = serializer.parse(text)["interactions"]
    for index, (raw, each) in enumerate(zip(stored, interactions, strict=True)):
        reasons = [*_faults(each, look_for_secrets=not secrets), *_edits(raw)]
        if reasons:
            line = serializer.line_of_interaction(text, index)
            yield from (Problem(path, line, f"exchange {index + 1} {why}") for why in reasons)


def _check_text(path: Path, text: str) -> Iterator[Problem]:
    """Look at the lines, so that the place is exact and a broken file is looked at too."""
    for number, line in enumerate(text.splitlines(), start=1):
        if scrub_text(line) != line:
            yield Problem(path, number, f"looks like a secret: revoke it, and {_AGAIN}")


def _check_thumbnails(path: Path, text: str) -> Iterator[Problem]:
    folder = images_folder(path)
    for number, line in enumerate(text.splitlines(), start=1):
        for digest in find_digests(line):
            if digest.size and not any(folder.glob(f"{digest.sha256}.*")):
                yield Problem(path, number, f"has no thumbnail of {digest}: {_AGAIN}")


def _faults(interaction: dict[str, Any], *, look_for_secrets: bool) -> Iterator[str]:
    for side, allowed in _ALLOWED.items():
        part = interaction[side]
        for name in part["headers"]:
            if name.lower() not in allowed:
                yield f"holds the header '{name}' in its {side}, which may tell a secret: {_AGAIN}"
        text = _body(part)
        if digest_base64(text) != text:
            yield f"holds base64 in its {side}: {_AGAIN}"
        # Such as an "api_key", which is one in JSON and not in the YAML of its line.
        if look_for_secrets and scrub_text(text) != text:
            yield f"holds what looks like a secret in its {side}: revoke it, and {_AGAIN}"


def _body(part: dict[str, Any]) -> str:
    body = part.get("body")
    body = body.get("string") if isinstance(body, dict) else body
    return body if isinstance(body, str) else ""


def _edits(raw: dict[str, Any]) -> Iterator[str]:
    if "sha256" in raw and raw["sha256"] != serializer.seal(raw):
        yield f"was changed by hand: {_AGAIN}, or delete its line 'sha256' to own the change"


def _check_sizes(folder: Path) -> Iterator[Problem]:
    total = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = path.stat().st_size
        total += size
        if size > MAX_FILE_BYTES and not is_thumbnail(path):
            yield Problem(path, 0, f"{size:,} bytes are over the limit of {MAX_FILE_BYTES:,}")
    if total > MAX_FOLDER_BYTES:
        yield Problem(folder, 0, f"{total:,} bytes are over the limit of {MAX_FOLDER_BYTES:,}")


def _check_left_over(folder: Path, cassettes: list[Path]) -> Iterator[Problem]:
    used = {images_folder(path): set[str]() for path in cassettes}
    for path in cassettes:
        digests = find_digests(path.read_text(errors="replace"))
        used[images_folder(path)].update(digest.sha256 for digest in digests)
    for path in sorted(folder.rglob("*")):
        if is_thumbnail(path) and path.stem not in used.get(path.parent, ()):
            yield Problem(path, 0, "is shown by no cassette: delete it")
        elif path.name.startswith(".") and ".yaml." in path.name:
            yield Problem(path, 0, "was left by a run that was killed: delete it")
