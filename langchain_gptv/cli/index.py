"""`gptv index` and `gptv find`: a search in one's own pages and pictures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langchain_gptv.cli.examples import examples
from langchain_gptv.exceptions import ImageNotFoundError

if TYPE_CHECKING:
    from langchain_gptv.rag.index_results import Found, IndexReport

INDEX = examples("gptv index ~/Documents", "gptv index scans --index scans.index -m gpt-5.4")
FIND = examples('gptv find "invoice from Contoso"', 'gptv find "revenue by region" -k 3 --json')

Index = Annotated[
    Path | None,
    typer.Option(
        "--index", help="Folder of the index. Default: $GPTV_INDEX, else one for this user."
    ),
]


def index(
    folder: Annotated[
        Path, typer.Argument(help="What to index, with the folders below.", metavar="FOLDER")
    ],
    where: Index = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="Describes photos and figures. Default: none does."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was done, as JSON.")] = False,
) -> None:
    """Index PDF files, images and videos, to `gptv find` them.

    Run it again after changes: it reads only what is new. Exit status 1 if a file, or a page of
    one, could not be read; the rest is indexed.
    """
    from langchain_gptv.cli.models import choose_model
    from langchain_gptv.cli.terminal import CommandBar
    from langchain_gptv.rag.index import FolderIndex

    place = _place(where)
    _check_folders(folder, place)
    llm = choose_model(model)[0] if model else None
    with FolderIndex(place, llm=llm) as opened:
        report = opened.update(folder, progress=CommandBar("files"))
    for path, error in sorted(report.errors.items()):
        typer.echo(f"gptv: {path}: {' '.join(error.split())}", err=True)
    typer.echo(json.dumps(_as_dict(report), ensure_ascii=False) if as_json else str(report))
    if not (report.new or report.changed or report.unchanged or report.removed):
        typer.echo(f"gptv: '{folder}' holds no PDF file, image or video", err=True)
    if report.errors:
        raise typer.Exit(1)


def find(
    query: Annotated[str, typer.Argument(help="Words to look for.", metavar="QUERY")],
    where: Index = None,
    count: Annotated[int, typer.Option("--count", "-k", min=1, help="Results at most.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Results as JSON.")] = False,
) -> None:
    """Find pages and pictures in what was indexed: file, page, and the line that fits.

    Exit status 1 if nothing is found.
    """
    from langchain_gptv.rag.index import FolderIndex

    place = _place(where)
    if not (place / "files.sqlite").exists():
        raise ImageNotFoundError(f"There is no index in '{place}'. Make one: gptv index FOLDER.")
    with FolderIndex(place) as opened:
        found = opened.find(query, count)
    if as_json:
        typer.echo(json.dumps([_found_as_dict(each) for each in found], ensure_ascii=False))
    else:
        for each in found:
            typer.echo(_line(each))
    if not found:
        typer.echo(f"gptv: nothing is found for {query!r}", err=True)
        raise typer.Exit(1)


def _place(where: Path | None) -> Path:
    return where or Path(os.environ.get("GPTV_INDEX") or Path(typer.get_app_dir("gptv"), "index"))


def _check_folders(folder: Path, place: Path) -> None:
    """Refuse what is no folder before an index is made for it."""
    if not folder.is_dir():
        raise ImageNotFoundError(f"'{folder}' is no folder, relative to '{Path.cwd()}'.")
    if place.exists() and not place.is_dir():
        raise ImageNotFoundError(f"--index '{place}' is a file. Name a folder, new or an index.")


def _as_dict(report: IndexReport) -> dict[str, Any]:
    kinds = ("new", "changed", "unchanged", "removed", "documents", "errors")
    return {kind: getattr(report, kind) for kind in kinds}


def _line(found: Found) -> str:
    page = f":{found.page}" if found.page else ""
    return f"{found.paths[0]}{page}: {found.snippet}"


def _found_as_dict(found: Found) -> dict[str, Any]:
    return {
        "path": found.paths[0],
        "copies": list(found.paths[1:]),
        "page": found.page,
        "kind": found.document.metadata["kind"],
        "snippet": found.snippet,
        "likeness": round(found.likeness, 3),
        "image": found.document.metadata["image"],
    }
