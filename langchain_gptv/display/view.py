"""HTML that stands on its own in a notebook, on a page and where styles are taken away."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

# Colours are those of the page around it, so that a dark notebook stays dark.
_STYLE = """
#ID{font:14px/1.5 system-ui,sans-serif;color:inherit;max-width:100%}
#ID figure{margin:0;display:inline-block;vertical-align:top;max-width:100%}
#ID .row{display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start}
#ID .picture{position:relative;display:inline-block;max-width:100%;line-height:0}
#ID img{max-width:100%;height:auto;border:1px solid #8886;border-radius:4px}
#ID figcaption{font-size:13px;opacity:.85;margin-top:4px;max-width:40em}
#ID table{border-collapse:collapse;margin:4px 0;font-variant-numeric:tabular-nums}
#ID th,#ID td{padding:3px 12px 3px 0;text-align:right;border-bottom:1px solid #8884}
#ID td{white-space:nowrap}
#ID th{vertical-align:bottom}
#ID th:first-child,#ID td:first-child{text-align:left;white-space:normal;min-width:11em}
#ID p{margin:4px 0;max-width:60em}
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>TITLE</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>:root{color-scheme:light dark}
body{margin:24px;background:Canvas;color:CanvasText}</style>
</head><body>
BODY
</body></html>
"""


@dataclass(frozen=True)
class View:
    """Something to look at: HTML for a notebook, and the same in words.

    Attributes:
        body: HTML without a style of its own, readable as it is.
        text: What it shows, for a terminal and for who cannot see it.
        style: CSS rules; `#ID` stands for the view.

    Example:
        >>> print(View("<p>Twelve</p>", "Twelve"))
        Twelve
    """

    body: str
    text: str
    style: str = ""

    def _repr_html_(self) -> str:
        name = f"gptv-{hashlib.sha256((self.body + self.style).encode()).hexdigest()[:10]}"
        style = (_STYLE + self.style).replace("#ID", f"#{name}").strip()
        return f'<div id="{name}"><style>{style}</style>{self.body}</div>'

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def save(self, path: str | Path, *, title: str = "langchain-gptv") -> Path:
        """Write a page that needs no other file and no network.

        Args:
            path: Where to; an older file is replaced.
            title: Of the page.
        """
        page = _PAGE.replace("TITLE", html.escape(title)).replace("BODY", self._repr_html_())
        file = Path(path)
        file.write_text(page, encoding="utf-8")
        return file


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as HTML; its cells are plain text."""
    top = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    # Names are broken between their words, if at all.
    cells = ([html.escape(cell).replace("_", "_<wbr>") for cell in row] for row in rows)
    lines = ("".join(f"<td>{cell}</td>" for cell in row) for row in cells)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    inside = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    # A narrow page scrolls the table, not itself.
    return f'<div style="overflow-x:auto"><table>{inside}</table></div>'
