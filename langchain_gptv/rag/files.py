"""Which files a loader reads: named ones, those in folders, and those that a pattern matches."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from langchain_gptv.rag.documents import SourceFile

PathLike = str | os.PathLike[str]
Paths = PathLike | Sequence[PathLike]

PDF_SUFFIXES = frozenset({".pdf"})
VIDEO_SUFFIXES = frozenset(".mp4 .m4v .mov .webm .mkv .avi .mpg .mpeg .ts .wmv .flv .ogv".split())


def find_files(paths: Paths, suffixes: Iterable[str]) -> Iterator[Path]:
    """Yield each file once: in the order of `paths`, and by name within a folder or a pattern.

    In folders, and where a pattern matches a folder, files of other suffixes and hidden ones are
    passed over; a file that is named is always taken, and one that is not there too.

    Args:
        paths: A file, a folder (with those below it), a pattern such as "scans/**/*.png", or
            several of these.
        suffixes: With their dot, in lower case.
    """
    wanted = frozenset(suffixes)
    seen: set[str] = set()
    for path in [paths] if isinstance(paths, str | os.PathLike) else paths:
        for found in _named(os.fspath(path), wanted):
            if (key := os.path.realpath(found)) not in seen:
                seen.add(key)
                yield found


def open_source(path: Path) -> SourceFile:
    """Return a file with its digest, read in pieces.

    Raises:
        OSError: It is not there, or may not be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return SourceFile(str(path), path, digest.hexdigest())


def _named(path: str, suffixes: frozenset[str]) -> Iterator[Path]:
    if os.path.isdir(path):  # noqa: PTH112 - a str, so that "**" stays what it is
        yield from _below(Path(path), suffixes)
    elif glob.has_magic(path) and not os.path.exists(path):  # noqa: PTH110
        for match in sorted(glob.iglob(path, recursive=True)):  # noqa: PTH207
            if Path(match).is_file() and Path(match).suffix.lower() in suffixes:
                yield Path(match)
    else:
        yield Path(path)


def _below(folder: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in suffixes:
                yield Path(where, name)
