"""Cassette files that no test uses any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HEAD = b"# langchain-gptv cassette"

_opened: set[Path] = set()


def note_opened(paths: Iterable[Path]) -> None:
    """Note that files were asked for, by whatever means."""
    _opened.update(path.absolute() for path in paths)


@dataclass
class CassetteUse:
    """What the tests of a run use, or would have used.

    Attributes:
        used: Files that a test opened, as absolute paths.
        folders: Folders whose cassettes belong to the tests that were collected.
        modules: Of these, the folders that one module of tests has to itself.
        waiting: Names of the cassettes of tests that were collected and did not run.
        unknown: Modules that could not be collected, and whose cassettes may be in use.
    """

    used: set[Path] = field(default_factory=set)
    folders: set[Path] = field(default_factory=set)
    modules: set[Path] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    def open(self, path: Path, item_name: str) -> None:
        """Note that a test uses a cassette."""
        path = path.absolute()
        self.used.add(path)
        self.folders.add(top_folder(path))
        if path.parent != top_folder(path):
            self.modules.add(path.parent)
        self.waiting.discard(item_name)

    def expect(self, item: Any, name: str) -> None:
        """Note a test that was collected, with the name that pytest-recording would give."""
        folder = item.path.parent / "cassettes"
        self.folders.add(folder)
        self.modules.add(folder / item.path.stem)
        self.waiting.add(name)
        for marker in item.iter_markers("vcr"):
            self.used.update((folder / item.path.stem / extra).absolute() for extra in marker.args)

    def orphans(self, *, whole: bool) -> list[Path]:
        """Return the cassettes of this package's format that nothing uses.

        Args:
            whole: Whether all tests were collected. If not, the cassettes of modules that were
                not collected are passed over.
        """
        folders = self.folders if whole else self.modules
        files = {path for folder in folders for path in folder.rglob("*.yaml")}
        unused = [path for path in files - self.used - _opened if not self._may_be_used(path)]
        return sorted(path for path in unused if is_cassette(path))

    def _may_be_used(self, path: Path) -> bool:
        return path.stem in self.waiting or path.parent.name in self.unknown

    def pack(self) -> dict[str, list[str]]:
        """Return it as what a worker of pytest-xdist can send."""
        used = {"used": self.used | _opened, "folders": self.folders, "modules": self.modules}
        packed = {key: sorted(map(str, paths)) for key, paths in used.items()}
        return {**packed, "waiting": sorted(self.waiting), "unknown": sorted(self.unknown)}

    def add(self, packed: dict[str, list[str]], *, first: bool) -> None:
        """Take in what a worker sent; a test waits if it ran in none of them."""
        for key in ("used", "folders", "modules"):
            getattr(self, key).update(map(Path, packed[key]))
        self.unknown.update(packed["unknown"])
        waiting = set(packed["waiting"])
        self.waiting = waiting if first else self.waiting & waiting


def top_folder(path: Path) -> Path:
    """Return the nearest folder called `cassettes`, or else the one that the file is in."""
    return next((folder for folder in path.parents if folder.name == "cassettes"), path.parent)


def is_cassette(path: Path) -> bool:
    """Whether the file was written by this package."""
    with path.open("rb") as file:
        return file.read(len(HEAD)) == HEAD
