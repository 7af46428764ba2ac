"""Cassettes as one page of HTML that needs no server, no script and no other file."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from langchain_gptv.exceptions import CassetteError
from langchain_gptv.testing.digests import Digest
from langchain_gptv.testing.exchanges import Cassette, Exchange
from langchain_gptv.testing.questions import SentPicture
from langchain_gptv.testing.words import count, tell_bill

_TYPES = {".png": "image/png", ".jpg": "image/jpeg"}
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def render_page(
    cassettes: Sequence[Cassette], broken: Sequence[CassetteError] = (), *, root: Path
) -> str:
    """Return the page, with thumbnails inside.

    Args:
        cassettes: In the order of the page.
        broken: Files that could not be read; they are named.
        root: The folder, from which the names of the cassettes start.
    """
    style = files("langchain_gptv.testing").joinpath("page.css").read_text()
    total = count(sum(len(each.exchanges) for each in cassettes), "exchange")
    title = f"Cassettes in {root.name or root}"
    return "".join((
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n<body>\n",
        f"<h1>{escape(title)}</h1>\n",
        f'<p class="facts">{count(len(cassettes), "cassette")}, {total}</p>\n',
        *(f'<p class="failed" role="alert">{escape(str(error))}</p>\n' for error in broken),
        *_contents(cassettes, root),
        *(part for number, each in enumerate(cassettes) for part in _section(each, number, root)),
        "</body></html>\n",
    ))  # fmt: skip


def _name(cassette: Cassette, root: Path) -> str:
    path = cassette.path
    return escape(str(path.relative_to(root) if path.is_relative_to(root) else path))


def _contents(cassettes: Sequence[Cassette], root: Path) -> Iterator[str]:
    if len(cassettes) > 1:
        yield '<nav aria-label="Cassettes"><ul>\n'
        for number, each in enumerate(cassettes):
            yield f'<li><a href="#c{number}">{_name(each, root)}</a></li>\n'
        yield "</ul></nav>\n"


def _section(cassette: Cassette, number: int, root: Path) -> Iterator[str]:
    yield f'<section id="c{number}">\n<h2>{_name(cassette, root)}</h2>\n'
    servers = "; ".join(cassette.recorded_with) or "nobody"
    yield f'<p class="facts">recorded with {escape(servers)}</p>\n'
    for exchange in cassette.exchanges:
        yield from _article(cassette, exchange)
    yield "</section>\n"


def _article(cassette: Cassette, exchange: Exchange) -> Iterator[str]:
    answer = exchange.answer
    failed = " failed" if exchange.status >= 400 else ""
    yield f'<article>\n<header><span class="status{failed}">{exchange.status}</span>'
    yield f"<span>{escape(answer.model)}</span>"
    yield f'<span class="uri">{escape(f"{exchange.method} {exchange.uri}")}</span></header>\n'
    yield from _figures(cassette, exchange.question.pictures, "sent")
    yield "<dl>\n"
    for role, text in exchange.question.turns:
        yield f"<dt>{escape(role)}</dt><dd>{escape(text)}</dd>\n"
    yield f'<dt>answer</dt><dd class="answer{failed}">{escape(answer.text)}</dd>\n</dl>\n'
    yield from _figures(cassette, [SentPicture(each) for each in exchange.made], "in the answer")
    yield f'<p class="numbers">{tell_bill(exchange)}</p>\n</article>\n'


def _figures(cassette: Cassette, pictures: Sequence[SentPicture], where: str) -> Iterator[str]:
    if not pictures:
        return
    yield '<div class="pictures">\n'
    for number, picture in enumerate(pictures, start=1):
        label = picture.label(number, where)
        caption = f"<figcaption>{escape(label)}</figcaption>"
        yield f"<figure>{_thumbnail(cassette, picture.digest, label)}{caption}</figure>\n"
    yield "</div>\n"


def _thumbnail(cassette: Cassette, digest: Digest, label: str) -> str:
    path = cassette.thumbnail(digest)
    if path is None or path.suffix not in _TYPES:
        kind = digest.mime_type or "file"
        return f'<div class="blank">{escape(kind)}<br>{digest.byte_count:,} bytes</div>'
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img src="data:{_TYPES[path.suffix]};base64,{data}" alt="{escape(label)}">'
