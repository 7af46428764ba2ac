"""The command `gptv`."""

import os
import sys
import threading
import warnings
from typing import Any

import typer
from typer.core import TyperGroup

from langchain_gptv._version import __version__
from langchain_gptv.cli import ask, batch, cassettes, doctor, examples, index, serve, tokens, video


class Commands(TyperGroup):
    """Says what Ctrl-C left, and ends as documented where Typer would end in its own way."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stopped:
            typer.echo(f"gptv: {str(stopped) or 'interrupted'}", err=True)
            _leave_calls()
            raise
        except BrokenPipeError:
            # Typer would end with 1, and Python would complain of what is left to be written.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(141)


def _leave_calls() -> None:
    """End at once where calls are still under way: Python would wait for their answers."""
    from langchain_gptv.batch.runner import CALL

    if any(thread.name.startswith(CALL) for thread in threading.enumerate()):
        sys.stdout.flush()
        os._exit(130)


app = typer.Typer(
    name="gptv",
    cls=Commands,
    help="Ask pictures. With no key the embedded engine answers: it reads text and finds objects.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog=examples.GPTV,
)
app.command("ask", epilog=examples.ASK)(ask.ask)
app.command("describe", epilog=examples.DESCRIBE)(ask.describe)
app.command("read", epilog=examples.READ)(ask.read)
app.command("tokens", epilog=examples.TOKENS)(tokens.tokens)
app.command("video", epilog=examples.VIDEO)(video.video)
app.command("index", epilog=index.INDEX)(index.index)
app.command("find", epilog=index.FIND)(index.find)
app.command("serve", epilog=examples.SERVE)(serve.serve)
app.command("doctor", epilog=examples.DOCTOR)(doctor.doctor)
app.add_typer(batch.app, name="batch")
app.add_typer(cassettes.app, name="cassettes", epilog=examples.CASSETTES)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"langchain-gptv {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Ask pictures. With no key the embedded engine answers: it reads text and finds objects."""


def _say(message: Warning | str, *_: Any, **__: Any) -> None:
    typer.echo(f"gptv: {message}", err=True)


def main() -> None:
    """Run the command; an error that a person can mend is one line and exit status 2."""
    from langchain_gptv.cli.errors import explain

    try:
        with warnings.catch_warnings():
            warnings.showwarning = _say  # without the line of our source that gave it
            app()
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        typer.echo(f"gptv: {line}", err=True)
        sys.exit(2)
