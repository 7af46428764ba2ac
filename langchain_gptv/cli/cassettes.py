"""`gptv cassettes`: what recorded exchanges hold, and whether they may be committed."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langchain_gptv.cli.terminal import ENDLESS, open_console

if TYPE_CHECKING:
    from rich.table import Table

    from langchain_gptv.exceptions import CassetteError
    from langchain_gptv.testing.exchanges import Cassette, Exchange

app = typer.Typer(
    help="Look at recorded exchanges: list, show, check, or make a page of them.",
    no_args_is_help=True,
)

Folder = Annotated[
    Path, typer.Argument(help="A folder of cassettes, or one cassette.", metavar="FOLDER")
]
Json = Annotated[bool, typer.Option("--json", help="The same as JSON.")]

_HERE = Path("cassettes")


@app.command("ls")
def list_all(folder: Folder = _HERE, as_json: Json = False) -> None:
    """List cassettes: exchanges, images, tokens, cost, size, and who answered.

    Exit status 1 if a file cannot be read.
    """
    cassettes, broken = _load(folder)
    if as_json:
        typer.echo(json.dumps([_summary(each) for each in cassettes], indent=2))
    else:
        _print_list(cassettes, folder)
    _leave(broken)


@app.command()
def show(folder: Folder = _HERE, as_json: Json = False) -> None:
    """Print each exchange: images, prompt, answer, status, tokens and cost."""
    cassettes, broken = _load(folder)
    if as_json:
        shown = [{**_summary(each), "exchanges": _list_exchanges(each)} for each in cassettes]
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        _print_exchanges(cassettes)
    _leave(broken)


@app.command()
def check(folder: Folder = _HERE, as_json: Json = False) -> None:
    """Find secrets, base64, large files, damage, edits by hand, and stray thumbnails.

    Exit status 1 if there is any, with file and line.
    """
    from langchain_gptv.testing.checking import check_cassettes
    from langchain_gptv.testing.exchanges import find_cassettes
    from langchain_gptv.testing.words import count

    problems = check_cassettes(folder)
    if as_json:
        listed = [{"path": str(p.path), "line": p.line, "reason": p.reason} for p in problems]
        typer.echo(json.dumps(listed, ensure_ascii=False, indent=2))
    else:
        for problem in problems:
            typer.echo(str(problem))
        looked = count(len(find_cassettes(folder)), "cassette")
        typer.echo(f"gptv: {looked}, {count(len(problems), 'problem')}", err=True)
    if problems:
        raise typer.Exit(1)


@app.command("html")
def make_page(
    folder: Folder = _HERE,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The page; - is stdout.", metavar="FILE")
    ] = Path("cassettes.html"),
) -> None:
    """Make one page of all exchanges, with the thumbnails inside; it needs no server.

    Exit status 1 if a file cannot be read; the page is made and names it.
    """
    from langchain_gptv.testing.page import render_page

    cassettes, broken = _load(folder)
    page = render_page(cassettes, broken, root=folder if folder.is_dir() else folder.parent)
    if str(out) == "-":
        typer.echo(page)
    else:
        out.write_text(page, encoding="utf-8")
        typer.echo(f"gptv: wrote {out} ({len(page.encode()):,} bytes)", err=True)
    _leave(broken)


def _load(folder: Path) -> tuple[list[Cassette], list[CassetteError]]:
    from langchain_gptv.exceptions import CassetteError
    from langchain_gptv.testing.exchanges import find_cassettes, load_cassette

    cassettes, broken = [], []
    for path in find_cassettes(folder):
        try:
            cassettes.append(load_cassette(path))
        except CassetteError as error:
            broken.append(error)
    if not (cassettes or broken):
        typer.echo(f"gptv: there is no cassette in '{folder}'", err=True)
    return cassettes, broken


def _leave(broken: list[CassetteError]) -> None:
    for error in broken:
        typer.echo(f"gptv: {error}", err=True)
    if broken:
        raise typer.Exit(1)


def _summary(cassette: Cassette) -> dict[str, Any]:
    cost = cassette.cost_usd
    return {
        "path": str(cassette.path),
        "recorded_with": list(cassette.recorded_with),
        "exchange_count": len(cassette.exchanges),
        "image_count": sum(len(each.question.pictures) for each in cassette.exchanges),
        "input_tokens": cassette.input_tokens,
        "output_tokens": cassette.output_tokens,
        "cost_usd": None if cost is None else float(cost),
        "bytes": cassette.path.stat().st_size,
    }


def _list_exchanges(cassette: Cassette) -> list[dict[str, Any]]:
    return [_as_dict(each) for each in cassette.exchanges]


def _as_dict(exchange: Exchange) -> dict[str, Any]:
    answer, cost = exchange.answer, exchange.cost_usd
    return {
        "method": exchange.method,
        "uri": exchange.uri,
        "images": [
            {**sent.digest._asdict(), "detail": sent.detail} for sent in exchange.question.pictures
        ],
        "prompt": [{"role": role, "text": text} for role, text in exchange.question.turns],
        "status": exchange.status,
        "model": answer.model,
        "answer": answer.text,
        "answer_images": [digest._asdict() for digest in exchange.made],
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "cost_usd": None if cost is None else float(cost),
    }


def _print_list(cassettes: list[Cassette], folder: Path) -> None:
    """Print for each server a table, or where a name does not fit into one, two lines each."""
    from itertools import groupby

    from rich.text import Text

    console = open_console()
    by_server = sorted(cassettes, key=lambda each: each.recorded_with)
    for servers, group in groupby(by_server, key=lambda each: each.recorded_with):
        listed = list(group)
        console.print(Text(f"recorded with {'; '.join(servers)}", style="bold"))
        table = _table(listed, folder)
        needed = console.measure(table, options=console.options.update(width=ENDLESS)).maximum
        if needed <= console.width:
            console.print(table)
        else:
            console.print("\n".join(_pairs(listed, folder, console.width)), markup=False)


def _table(cassettes: Iterable[Cassette], folder: Path) -> Table:
    from rich.table import Column, Table
    from rich.text import Text

    numbers = ("exchanges", "images", "tokens", "US$", "bytes")
    columns = [Column(name, justify="right", no_wrap=True) for name in numbers]
    table = Table(Column("cassette", no_wrap=True), *columns, box=None, pad_edge=False)
    for each in cassettes:
        row = _summary(each)
        cost = "-" if row["cost_usd"] is None else f"{row['cost_usd']:.4f}"
        counts = (row["exchange_count"], row["image_count"])
        values = (_name(each, folder), *counts, f"{_tokens(row):,}", cost, f"{row['bytes']:,}")
        table.add_row(*(Text(str(value)) for value in values))
    return table


def _pairs(cassettes: Iterable[Cassette], folder: Path, width: int) -> Iterator[str]:
    """Yield the name of each cassette, broken between its words, and below it the numbers."""
    from langchain_gptv.testing.words import count

    for each in cassettes:
        row = _summary(each)
        cost = "" if row["cost_usd"] is None else f"${row['cost_usd']:.4f}"
        numbers = (
            count(row["exchange_count"], "exchange"),
            count(row["image_count"], "image"),
            count(_tokens(row), "token"),
            cost,
            f"{row['bytes']:,} bytes",
        )
        yield _broken(_name(each, folder), width)
        told = ", ".join(filter(None, numbers))
        yield textwrap.fill(told, width, initial_indent="    ", subsequent_indent="    ")


def _broken(name: str, width: int) -> str:
    lines = [""]
    for word in re.findall(r"[^/_-]*[/_-]|[^/_-]+", name):
        if len(lines[-1]) + len(word) > width:
            lines.append("  ")
        lines[-1] += word
    return "\n".join(lines)


def _name(cassette: Cassette, folder: Path) -> str:
    return str(cassette.path.relative_to(folder) if folder.is_dir() else cassette.path)


def _tokens(row: dict[str, Any]) -> int:
    return int(row["input_tokens"] + row["output_tokens"])


def _print_exchanges(cassettes: list[Cassette]) -> None:
    from rich.text import Text

    console = open_console()
    for cassette in cassettes:
        servers = "; ".join(cassette.recorded_with)
        console.print(Text(f"{cassette.path}, recorded with {servers}", style="bold"))
        for number, exchange in enumerate(cassette.exchanges, start=1):
            for line in _describe(number, exchange):
                console.print(line)


def _describe(number: int, exchange: Exchange) -> list[Any]:
    from rich.padding import Padding
    from rich.text import Text

    from langchain_gptv.testing.words import tell_bill

    answer, question = exchange.answer, exchange.question
    head = f"{number}. {exchange.method} {exchange.uri} -> {exchange.status} {answer.model}"
    lines = [sent.label(n) for n, sent in enumerate(question.pictures, start=1)]
    lines += [f"{role}: {text}" for role, text in question.turns]
    lines += [f"answer: {answer.text}", *(f"image in the answer: {each}" for each in exchange.made)]
    style = "red" if exchange.status >= 400 else "green"
    numbers = Text(tell_bill(exchange), style="dim")
    return [Text(head, style=style), *(Padding(Text(line), (0, 0, 0, 3)) for line in lines),
            Padding(numbers, (0, 0, 0, 3))]  # fmt: skip
