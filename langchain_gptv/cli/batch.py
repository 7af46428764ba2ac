"""`gptv batch`: one question about many pictures, at once or through OpenAI's Batch API."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from langchain_gptv.cli.ask import Model
from langchain_gptv.cli.examples import examples
from langchain_gptv.exceptions import BatchError

if TYPE_CHECKING:
    from langchain_openai.chat_models.base import BaseChatOpenAI

    from langchain_gptv.batch.questions import Schema
    from langchain_gptv.batch.results import BatchResult


_ASK = '--ask "What is in the picture?" --out answers.jsonl'
_COLLECT = "gptv batch collect --out answers.jsonl"
_STATUS = "Exit status 0 when all are answered, 1 when not, 2 when it could not begin or go on."
RUN = f"""\
{
    examples(
        f"gptv batch photos/ {_ASK}",
        'gptv batch list.csv --ask "Is there a {thing}?" --out answers.jsonl',
        "gptv batch receipts/ --schema receipt --out receipts.jsonl --max-cost 5",
    )
}

{_STATUS}"""
SUBMIT = examples(f"gptv batch submit photos/ {_ASK}")
STATUS = examples("gptv batch status --out answers.jsonl")
COLLECT = f"""\
{examples(_COLLECT, f"{_COLLECT} --wait")}

{_STATUS}"""


class RunByDefault(TyperGroup):
    """Takes `gptv batch FOLDER --ask ...` for `gptv batch run FOLDER --ask ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put in `run` where no command is named."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=RunByDefault,
    no_args_is_help=True,
    epilog=RUN,
    help="Ask one question about many pictures. An answer is on the disk as soon as it is there, "
    "and the same command again goes on where it ended.",
)

Input = Annotated[
    Path, typer.Argument(help="Folder of images, or CSV file with a head.", metavar="FOLDER|CSV")
]
Ask = Annotated[
    str | None, typer.Option("--ask", "-a", help="The question; {column} is a value of the row.")
]
Out = Annotated[Path, typer.Option("--out", "-o", help="File of results, JSON lines.")]
SchemaOption = Annotated[
    str | None,
    typer.Option(
        help="What answers must fit: a JSON Schema, a Pydantic class, or a ready one: table, "
        "chart, form, receipt.",
        metavar="FILE.json|module:Class|NAME",
    ),
]
BaseUrl = Annotated[
    str | None, typer.Option(help="Of another server, such as `gptv serve`.", metavar="URL")
]
Retry = Annotated[bool, typer.Option("--retry-failed", help="Ask again what failed before.")]
Json = Annotated[bool, typer.Option("--json", help="How it ended, as JSON.")]


@app.command("run", epilog=RUN)
def run(
    source: Input,
    out: Out,
    ask: Ask = None,
    schema: SchemaOption = None,
    model: Model = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-w",
            min=1,
            help="Questions under way at a time. Default: 8, or 2 for the embedded engine, which "
            "uses all cores itself.",
        ),
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(help="US dollars that the run does not pass.", min=0)
    ] = None,
    retry_failed: Retry = False,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Ask now. The same command again goes on where it ended."""
    from langchain_gptv.batch.items import load_items
    from langchain_gptv.batch.runner import run_batch
    from langchain_gptv.cli.models import workers_for
    from langchain_gptv.cli.terminal import CommandBar

    items, llm = load_items(source), _model(model, base_url)
    result = run_batch(
        items,
        llm=llm,
        out=out,
        ask=ask,
        schema=load_schema(schema),
        max_concurrency=workers or workers_for(llm),
        max_cost_usd=max_cost,
        retry_failed=retry_failed,
        progress=CommandBar("asked"),
    )
    _tell(result, as_json)


@app.command("submit", epilog=SUBMIT)
def submit(
    source: Input,
    out: Out,
    ask: Ask = None,
    schema: SchemaOption = None,
    model: Model = None,
    retry_failed: Retry = False,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Send what has no answer yet to OpenAI's Batch API: half the price, within a day."""
    from langchain_gptv.batch.items import load_items
    from langchain_gptv.batch.questions import Question
    from langchain_gptv.batch.submitting import submit as send
    from langchain_gptv.cli.terminal import CommandBar

    items, llm = load_items(source), _model(model, base_url)
    question = Question.of(ask, load_schema(schema), llm)
    done = send(items, question, llm, out, retry_failed, progress=CommandBar("prepared"))
    for item, error in done.errors:
        typer.echo(f"gptv: {item}: {' '.join(error.split())}", err=True)
    if as_json:
        listed = [
            {"batch_id": each.batch_id, "requests": len(each.requests)} for each in done.parts
        ]
        typer.echo(json.dumps(listed, indent=2))
    elif done.parts:
        typer.echo(f"{done}\nThen: {_collecting(out, model, base_url)}")
    else:
        typer.echo("There was nothing to send.")
    if done.errors:
        raise typer.Exit(1)


def _collecting(out: Path, model: str | None, base_url: str | None) -> str:
    """Return the command that collects: of the same model, at the same server."""
    given = {"--out": str(out), "--model": model, "--base-url": base_url}
    options = [word for option, value in given.items() if value for word in (option, value)]
    return shlex.join(["gptv", "batch", "collect", *options, "--wait"])


@app.command("status", epilog=STATUS)
def status(out: Out, model: Model = None, base_url: BaseUrl = None, as_json: Json = False) -> None:
    """Show how far the batches are that were submitted for a file of results."""
    from langchain_gptv.batch.books import check_submitted
    from langchain_gptv.batch.collecting import batch_status
    from langchain_gptv.vision.tables import render_text

    check_submitted(out)
    found = batch_status(out, llm=_model(model, base_url, announced=False))
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(part) for part in found], indent=2))
        return
    counts = [[f"{n:,}" for n in (part.total, part.completed, part.failed)] for part in found]
    rows = [(part.batch_id, part.status, *n) for part, n in zip(found, counts, strict=True)]
    typer.echo(render_text(("batch", "status", "sent", "answered", "failed"), rows))


@app.command("collect", epilog=COLLECT)
def collect(
    out: Out,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until the last batch has ended.")
    ] = False,
    model: Model = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Write the answers that have come into the file."""
    from langchain_gptv.batch.books import check_submitted
    from langchain_gptv.batch.collecting import collect_batch
    from langchain_gptv.cli.terminal import CommandBar

    check_submitted(out)
    llm = _model(model, base_url, announced=False)
    _tell(collect_batch(out, llm=llm, wait=wait, progress=CommandBar("collected")), as_json)


def load_schema(named: str | None) -> Schema | None:
    """Return the schema of a JSON file, a class `module:Class`, or a ready one.

    Raises:
        BatchError: It is none of them.
    """
    from langchain_gptv.tools.extraction.models import READY

    if named is None or named in READY:
        return None if named is None else READY[named]
    return _class_named(named) if _names_class(named) else _schema_of(Path(named))


def _names_class(named: str) -> bool:
    return ":" in named and not Path(named).exists()


def _class_named(named: str) -> Schema:
    from pydantic import BaseModel

    module, _, name = named.partition(":")
    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds strings
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    try:
        found: Any = getattr(import_module(module), name, None)
    except ImportError as error:
        raise BatchError(
            f"--schema {named}: {error}. Pass module:Class as it is imported."
        ) from None
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise BatchError(f"--schema {named}: {module!r} has no Pydantic class {name!r}.")
    return found


def _schema_of(path: Path) -> Schema:
    from langchain_gptv.tools.extraction.models import READY

    if not path.exists():
        ready = ", ".join(sorted(READY))
        raise BatchError(f"--schema {path}: there is no such file, and the ready ones are {ready}.")
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BatchError(f"'{path}' is no JSON: {error}.") from None
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise BatchError(
            f"""'{path}' is no JSON Schema of an object: "type": "object" is missing."""
        )
    return schema


def _model(name: str | None, base_url: str | None, *, announced: bool = True) -> BaseChatOpenAI:
    from langchain_gptv.cli.models import announce, choose_model

    if base_url is None:
        llm, why = choose_model(name)
    else:
        llm, why = _served_model(name, base_url), f"at {base_url}"
    if announced:
        announce(llm, why)
    return llm


def _served_model(name: str | None, base_url: str) -> BaseChatOpenAI:
    from langchain_gptv.chat_models import ChatGPTV
    from langchain_gptv.vision.profile_data import LOCAL_MODEL

    key: Any = os.environ.get("OPENAI_API_KEY", "not-needed")
    return ChatGPTV(model=name or LOCAL_MODEL, base_url=base_url, api_key=key)


def _tell(result: BatchResult, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(result), default=str, indent=2))
    else:
        _show(result)
    if not result.is_complete:
        raise typer.Exit(1)


def _show(result: BatchResult) -> None:
    from langchain_gptv.vision.tables import readable_cost, render_text

    counts = (result.asked, result.known, result.failed)
    row = (*(f"{count:,}" for count in counts), readable_cost(result.cost_usd))
    typer.echo(render_text(("answered", "known", "failed", "cost"), [row]))
    for item, error in result.errors:
        typer.echo(f"- {item}: {error}")
    typer.echo(f"Results in {result.out}")
    if result.stopped:
        typer.echo(f"Stopped: {result.stopped}")
