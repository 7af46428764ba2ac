"""`gptv serve`."""

from typing import Annotated

import typer


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", "-p", min=0, max=65535, help="0 takes a free one.")
    ] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="GPTV_SERVE_TOKEN",
            help="Key that callers must send. A host that other machines reach needs one; the "
            "variable keeps it out of the list of processes.",
        ),
    ] = None,
    alias: Annotated[
        list[str] | None,
        typer.Option(help="Further model name to answer to, such as gpt-4o. Repeatable."),
    ] = None,
) -> None:
    """Serve the embedded engine on OpenAI's and Azure's wire."""
    from langchain_gptv.local.engine import LocalEngine
    from langchain_gptv.local.server import serve as run
    from langchain_gptv.local.wire import LocalService
    from langchain_gptv.vision.profile_data import LOCAL_MODEL

    service = LocalService(LocalEngine(), models=(LOCAL_MODEL, *(alias or ())))
    run(host=host, port=port, token=token, service=service, on_ready=_say_where)


def _say_where(address: str) -> None:
    typer.echo(f"gptv: serving gptv-local at {address} (Ctrl-C stops)", err=True)
