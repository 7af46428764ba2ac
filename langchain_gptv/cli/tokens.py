"""`gptv tokens`: what images cost on each model, and how they would be sent."""

from __future__ import annotations

import dataclasses
import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from langchain_gptv.vision.rules import Detail

DEFAULT_MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-4.1-mini", "gpt-5.4", "gpt-5.6-sol")


class DetailChoice(StrEnum):
    """`Detail` in the form in which an option can be repeated."""

    AUTO = "auto"
    LOW = "low"
    HIGH = "high"
    ORIGINAL = "original"


def tokens(
    images: Annotated[list[str], typer.Argument(help="Image files.", metavar="IMAGE")],
    models: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Model name. Repeatable.")
    ] = None,
    details: Annotated[
        list[DetailChoice] | None,
        typer.Option("--detail", "-d", help="The API's setting of that name. Repeatable."),
    ] = None,
    azure: Annotated[bool, typer.Option("--azure", help="Count by Azure's rules.")] = False,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Plan for at most so many tokens.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Rows and plan as JSON.")] = False,
) -> None:
    """Show tokens, bytes and cost per model and detail, and the plan. Calls no model."""
    from langchain_gptv.cli.terminal import open_console
    from langchain_gptv.vision.images import Image
    from langchain_gptv.vision.plan import OnLimit, plan_images
    from langchain_gptv.vision.tables import WIDTH, plan_text, token_table, token_text

    service = "azure" if azure else "openai"
    loaded = [Image.of(image) for image in images]
    names = models or DEFAULT_MODELS
    asked: list[Detail] = [detail.value for detail in details or ()]
    rows = token_table(loaded, names, asked or None, service=service)
    on_limit: OnLimit = "fit" if max_tokens else "split"
    plan = plan_images(loaded, names[0], max_tokens=max_tokens, on_limit=on_limit, service=service)
    if as_json:
        listed: dict[str, Any] = {"rows": [dataclasses.asdict(row) for row in rows]}
        listed["plan"] = [dataclasses.asdict(decision) for decision in plan.decisions]
        typer.echo(json.dumps(listed, default=str, indent=2))
        return
    width = min(WIDTH, open_console().width)
    typer.echo(token_text(rows, width))
    typer.echo(f'\nWith detail="auto" on {names[0]}:\n{plan_text(plan, width)}')
