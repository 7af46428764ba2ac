"""What a batch is about: pictures of a folder, rows of a CSV file, or whatever code hands over."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from langchain_gptv._urls import is_web_url
from langchain_gptv.exceptions import BatchError
from langchain_gptv.vision.headers import IMAGE_SUFFIXES
from langchain_gptv.vision.images import Image

COLUMNS = ("image", "path", "file", "filename", "url")
"""Names of the column that holds the picture; without one of them it is the first column."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture to ask about.

    Attributes:
        name: How the results name it, such as its path.
        source: A path, URL, data URL, bytes, PIL image or `Image`.
        values: What `{name}` in the question stands for: the columns of its row.
    """

    name: str
    source: Any
    values: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Any) -> Item:
        """Return an item as it is, and make one of a path or a URL, which is its name.

        Raises:
            BatchError: It is neither, so that nothing names it in the results.
        """
        if isinstance(source, Item):
            return source
        if isinstance(source, str | os.PathLike):
            return cls(os.fspath(source), source)
        raise BatchError(
            f"A {type(source).__name__} has no name for the results. Pass a path, a URL, or "
            "Item(name, source)."
        )

    def load(self) -> tuple[Any, str]:
        """Return what `image_block` takes, and the SHA-256 of its bytes; of a URL, its own.

        Raises:
            ImageError: It is no image, or damaged at its head.
        """
        if isinstance(self.source, str) and is_web_url(self.source):
            return self.source, hashlib.sha256(self.source.encode()).hexdigest()
        image = Image.of(self.source)
        return image, image.sha256


def load_items(path: str | os.PathLike[str]) -> list[Item]:
    """List the images of a folder and its subfolders, or the rows of a CSV file.

    Args:
        path: Of a folder, one image, or a CSV file with a head. Its paths may be relative to it.

    Raises:
        BatchError: There is nothing at the path, no image in it, or no row.

    Example:
        >>> [item.name for item in load_items("examples/images")][:2]
        ['examples/images/chart.png', 'examples/images/household.jpg']
    """
    path = Path(path)
    if not path.exists():
        raise BatchError(f"There is nothing at '{path}'. Pass a folder of images or a CSV file.")
    found = list(_in_folder(path) if path.is_dir() else _of_file(path))
    if not found:
        raise BatchError(f"'{path}' holds no {_kinds() if path.is_dir() else 'row but its head'}.")
    return found


def _kinds() -> str:
    return f"image: no {', '.join(sorted(IMAGE_SUFFIXES))}"


def _in_folder(folder: Path) -> Iterator[Item]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if Path(name).suffix.lower() in IMAGE_SUFFIXES and not name.startswith("."):
                yield Item.of(Path(root, name).as_posix())


def _of_file(path: Path) -> Iterable[Item]:
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return [Item.of(path.as_posix())]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(_rows(file, path))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BatchError(f"'{path}' is no CSV file in UTF-8: {error}. Save it as one.") from None


def _rows(file: TextIO, path: Path) -> Iterator[Item]:
    reader = csv.DictReader(file, dialect=_dialect(file))
    heads = [head or "" for head in reader.fieldnames or ()]
    column = next((head for head in heads if head.strip().lower() in COLUMNS), (heads or [""])[0])
    for row in reader:
        name = (row.get(column) or "").strip()
        if not name:
            raise BatchError(
                f"'{path}', line {reader.line_num}, has nothing in the column {column!r}, which "
                "names the picture."
            )
        values = {head: row[head] or "" for head in heads if head}
        yield Item(name, _beside(path, name), values)


def _dialect(file: TextIO) -> type[csv.Dialect]:
    first = file.readline()
    file.seek(0)
    try:
        return csv.Sniffer().sniff(first, delimiters=",;\t")
    except csv.Error:
        return csv.excel


def _beside(path: Path, name: str) -> str:
    is_url = is_web_url(name) or name.startswith("data:")
    return name if is_url else os.fspath(path.parent / name)
