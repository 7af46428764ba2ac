"""Plain tables for the terminal, 80 columns wide, and the same as HTML for notebooks."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from langchain_gptv.vision.costs import estimate_cost
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.plan import ImageDecision, ImagePlan, estimate_bytes
from langchain_gptv.vision.profiles import VisionProfile, get_profile
from langchain_gptv.vision.rules import Detail

WIDTH = 80

_NAME_ROOM = 20
"""Columns that tell one name from another, where names are cut."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """What one image costs on one model under one `detail`.

    Attributes:
        name: What the image is called.
        file_size: (width, height) in pixels of the upright original.
        model: The model.
        detail: The API setting; "auto" is what the service makes of it.
        seen_size: (width, height) in pixels at which the model sees the image.
        tokens: Estimated input tokens.
        bytes: Estimated bytes to send, before base64.
        cost_usd: Estimated US dollars; None when the price is not known.
    """

    name: str
    file_size: tuple[int, int]
    model: str
    detail: Detail
    seen_size: tuple[int, int]
    tokens: int
    bytes: int
    cost_usd: Decimal | None


def token_table(
    images: Iterable[Any],
    models: Sequence[str] = ("gpt-4o",),
    details: Sequence[Detail] | None = None,
    *,
    service: str = "openai",
) -> list[TokenRow]:
    """Compare what images cost on several models and under several `detail` values.

    Args:
        images: Each an `Image`, or anything `Image.of` takes.
        models: Base model names.
        details: API settings; None is every one that a model accepts. One that a model does not
            accept has no row for that model.
        service: "openai" or "azure".

    Raises:
        DetailNotSupportedError: None of the models accepts any of `details`.

    Example:
        >>> from PIL import Image as Pillow
        >>> image = Pillow.new("RGB", (1024, 1024))
        >>> rows = token_table([image], ["gpt-4o", "gpt-4o-mini"], ["low"])
        >>> [(row.model, row.tokens) for row in rows]
        [('gpt-4o', 85), ('gpt-4o-mini', 2833)]
    """
    profiles = [get_profile(model, service) for model in models]
    pairs = [
        (profile, detail)
        for profile in profiles
        for detail in details or profile.details
        if detail in profile.details
    ]
    if not pairs and profiles and details:
        profiles[0].resolve_detail(details[0])
    loaded = [Image.of(image) for image in images]
    return [_token_row(image, *pair) for image in loaded for pair in pairs]


def _token_row(image: Image, profile: VisionProfile, detail: Detail) -> TokenRow:
    seen = profile.seen_size(image.width, image.height, detail)
    tokens = profile.tokens(image.width, image.height, detail)
    return TokenRow(
        name=image.name,
        file_size=(image.width, image.height),
        model=profile.model,
        detail=detail,
        seen_size=seen,
        tokens=tokens,
        bytes=estimate_bytes(image, *seen, profile.limits),
        cost_usd=estimate_cost(tokens, model=profile.model, service=profile.service),
    )


def token_text(rows: Sequence[TokenRow], width: int = WIDTH) -> str:
    """Return the rows of `token_table` as plain text, `width` columns wide at most."""
    if not rows:
        return ""
    keys = [(row.name, row.model) for row in rows]
    head, lines = _fitted(_TOKEN_HEAD, [_token_cells(row) for row in rows], keys, width)
    text = []
    for (name, size), group in groupby(
        zip(rows, lines, strict=True), lambda pair: (pair[0].name, pair[0].file_size)
    ):
        text += [f"{_cut(name, width - 12)} {_size(size)}", head, *(line for _, line in group)]
    return "\n".join(text)


_TOKEN_HEAD = ("model", "detail", "seen", "tokens", "bytes", "cost")


def _token_cells(row: TokenRow) -> tuple[str, ...]:
    return (
        row.model,
        row.detail,
        _size(row.seen_size),
        f"{row.tokens:,}",
        readable_bytes(row.bytes),
        readable_cost(row.cost_usd),
    )


def plan_text(plan: ImagePlan, width: int = WIDTH) -> str:
    """Return a plan as plain text, `width` columns wide at most."""
    lines = _wrapped(_summary(plan), width, indent="")
    for number, batch in enumerate(plan.batches, 1):
        if len(plan.batches) > 1:
            lines.append(f"Call {number} of {len(plan.batches)}")
        head, rows = _fitted(_PLAN_HEAD, [_plan_cells(d) for d in batch], range(len(batch)), width)
        lines.append(head)
        for row, decision in zip(rows, batch, strict=True):
            lines += [row, *_wrapped(_why(decision), width)]
    lines += _wrapped(_dropped(plan), width, indent="") if plan.dropped else []
    return "\n".join(lines)


def plan_html(plan: ImagePlan) -> str:
    """Return a plan as HTML, with one table per call."""
    tables = "".join(_html_table(batch) for batch in plan.batches)
    dropped = f"<p>{html.escape(_dropped(plan))}</p>" if plan.dropped else ""
    return f"<p>{html.escape(_summary(plan))}</p>{tables}{dropped}"


_PLAN_HEAD = ("image", "file", "sent", "detail", "tokens", "bytes")


def _html_table(batch: Sequence[ImageDecision]) -> str:
    head = _html_row("th", _PLAN_HEAD, "why")
    rows = (_html_row("td", _plan_cells(decision), _why(decision)) for decision in batch)
    # A narrow page scrolls the table, not itself.
    return f'<div style="overflow-x:auto"><table>{head}{"".join(rows)}</table></div>'


def _html_row(tag: str, cells: Iterable[str], words: str) -> str:
    """Return short cells that do not wrap, and one that is prose."""
    short = "".join(
        f'<{tag} style="white-space:nowrap">{html.escape(cell)}</{tag}>' for cell in cells
    )
    prose = f'<{tag} style="text-align:left;min-width:12em">{html.escape(words)}</{tag}>'
    return f"<tr>{short}{prose}</tr>"


def _plan_cells(decision: ImageDecision) -> tuple[str, ...]:
    return (
        _short(decision.name),
        _size(decision.file_size),
        _size((decision.width, decision.height)),
        decision.detail,
        f"{decision.tokens:,}",
        readable_bytes(decision.bytes),
    )


def _why(decision: ImageDecision) -> str:
    return decision.reason + (f"; advised: {decision.advice}" if decision.advice else "")


def _summary(plan: ImagePlan) -> str:
    count = len(plan.decisions)
    images = "1 image" if count == 1 else f"{count} images"
    calls = f" in {len(plan.batches)} calls" if len(plan.batches) > 1 else ""
    upper = "" if plan.profile.known else "at most "
    return (
        f"{plan.profile.model} on {plan.profile.service}: {images}{calls}, "
        f"{upper}{plan.tokens:,} tokens, {readable_bytes(plan.bytes)}, "
        f"{readable_cost(plan.cost_usd)}"
    )


def _dropped(plan: ImagePlan) -> str:
    names = ", ".join(decision.name for decision in plan.dropped)
    return f"Left out, the oldest first: {names}"


def render_text(head: Sequence[str], rows: Sequence[Sequence[str]], width: int = WIDTH) -> str:
    """Align cells under their heads; the first column is cut to keep to `width` columns.

    Example:
        >>> print(render_text(("image", "tokens"), [("a.png", "85"), ("b.png", "1,105")]))
        image  tokens
        a.png      85
        b.png   1,105
    """
    columns = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    room = width - sum(columns[1:]) - 2 * len(columns[1:])
    columns[0] = min(columns[0], max(8, room))
    return "\n".join(
        "  ".join(
            [
                _cut(row[0], columns[0]).ljust(columns[0]),
                *(cell.rjust(size) for cell, size in zip(row[1:], columns[1:], strict=True)),
            ]
        )
        for row in (head, *rows)
    )


def _fitted(
    head: Sequence[str], rows: Sequence[Sequence[str]], keys: Sequence[object], width: int
) -> tuple[str, list[str]]:
    """Return the head of a table and its rows; a name that gets no room stands above its row.

    Args:
        head: Of the columns.
        rows: Cells; the first is a name.
        keys: Of each row; one that is that of the row before needs its name no second time.
        width: Columns of the terminal.
    """
    name, *rest = [max(map(len, cells)) for cells in zip(head, *rows, strict=True)]
    if width - sum(rest) - 2 * len(rest) >= min(name, _NAME_ROOM):
        first, *lines = render_text(head, rows, width).split("\n")
        return first, lines
    short = render_text(head[1:], [row[1:] for row in rows], width)
    first, *lines = (f"  {line}" for line in short.split("\n"))
    pairs = zip(rows, lines, keys, [None, *keys[:-1]], strict=True)
    return first, [line if key == last else f"{_cut(row[0], width)}\n{line}"
                   for row, line, key, last in pairs]  # fmt: skip


def readable_bytes(count: int) -> str:
    """Return a number of bytes as people write it.

    Example:
        >>> readable_bytes(1_234_567)
        '1.2 MB'
    """
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"


def readable_cost(cost_usd: Decimal | None) -> str:
    """Return US dollars; an unknown price is a question mark, never 0.

    Example:
        >>> readable_cost(Decimal("0.00735")), readable_cost(None)
        ('$0.0074', '?')
    """
    if cost_usd is None:
        return "?"
    return "<$0.0001" if 0 < cost_usd < Decimal("0.0001") else f"${cost_usd:.4f}"


def _short(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1]


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _cut(text: str, width: int) -> str:
    # The end of a path says more than its start.
    return text if len(text) <= width else "~" + text[1 - width :]


def _wrapped(text: str, width: int, indent: str = "    ") -> list[str]:
    # Names of models and files have hyphens, and are not to be broken there.
    wrapper = textwrap.TextWrapper(width, break_on_hyphens=False, break_long_words=False)
    wrapper.initial_indent = wrapper.subsequent_indent = indent
    return wrapper.wrap(text)
