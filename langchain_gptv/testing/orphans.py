"""Cassette files that no test uses any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HEAD = b"# langchain-gptv cassette"


@dataclass
class CassetteUse:
    """What the tests of a run use, or would have used.

    Attributes:
        used: Files that a test opened, as absolute paths.
        folders: Folders whose cassettes belong to the tests that were collected.
        waiting: Names of the cassettes of tests that were collected and did not run.
    """

    used: set[Path] = field(default_factory=set)
    folders: set[Path] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)

    def open(self, path: Path, item_name: str) -> None:
        """Note that a test uses a cassette."""
        self.used.add(path.absolute())
        self.folders.add(top_folder(path.absolute()))
        self.waiting.discard(item_name)

    def expect(self, item: Any, name: str) -> None:
        """Note a test that was collected, with the name that pytest-recording would give."""
        folder = item.path.parent / "cassettes"
        self.folders.add(folder)
        self.waiting.add(name)
        for marker in item.iter_markers("vcr"):
            self.used.update((folder / item.path.stem / extra).absolute() for extra in marker.args)

    def orphans(self) -> list[Path]:
        """Return the cassettes of this package's format that nothing uses."""
        files = {path for folder in self.folders for path in folder.rglob("*.yaml")}
        unused = [path for path in files - self.used if path.stem not in self.waiting]
        return sorted(path for path in unused if is_cassette(path))


def top_folder(path: Path) -> Path:
    """Return the nearest folder called `cassettes`, or else the one that the file is in."""
    return next((folder for folder in path.parents if folder.name == "cassettes"), path.parent)


def is_cassette(path: Path) -> bool:
    """Whether the file was written by this package."""
    with path.open("rb") as file:
        return file.read(len(HEAD)) == HEAD
