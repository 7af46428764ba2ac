"""The command `gptv`."""

import sys

import typer

from langchain_gptv._version import __version__
from langchain_gptv.cli import ask, cassettes, doctor, serve, tokens

app = typer.Typer(
    name="gptv",
    help="Ask pictures. With no key the embedded engine answers: it reads text and finds objects.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("ask")(ask.ask)
app.command("describe")(ask.describe)
app.command("read")(ask.read)
app.command("tokens")(tokens.tokens)
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)
app.add_typer(cassettes.app, name="cassettes")


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


def main() -> None:
    """Run the command; an error that a person can mend is one line and exit status 2."""
    from langchain_gptv.cli.errors import explain

    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        typer.echo(f"gptv: {line}", err=True)
        sys.exit(2)
