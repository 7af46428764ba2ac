"""What stands in the README and in docs/: its code, its commands, its links."""

import ast
import importlib.util
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import PIL.Image
import typer.main
from conftest import EXAMPLE_IMAGES, ROOT

from langchain_gptv.cli import app

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
"""Every page that a reader may open."""

NEEDED = {
    "agents.md": {"langchain": "agents"},
    "rag.md": {"pypdfium2": "pdf"},
    "video.md": {"av": "video"},
}
"""The modules that the code of a page needs besides, and the extras that bring them."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!\w+:)([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)


def name(page: Path) -> str:
    """Return what a page is called in a test's name."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> list[str]:
    """Return the code blocks of a page in one of some languages."""
    return [code for language, code in _BLOCK.findall(page.read_text()) if language in languages]


def lacks(block: str) -> str:
    """Return what a block says it needs and a test has not, such as "a key", or ''."""
    first = block.splitlines()[0]
    return first.removeprefix("# needs ") if first.startswith("# needs ") else ""


def run_python(page: Path) -> None:
    """Run a page's Python from top to bottom, in the working folder.

    A block that begins with `# needs ...` is not run; what it imports from here must be there.
    """
    namespace: dict = {"__name__": "__docs__"}
    for block in blocks(page, "python"):
        code = compile(block, name(page), "exec")
        if lacks(block):
            check_imports(block)
        else:
            exec(code, namespace)


def check_imports(block: str) -> None:
    """Import every name of this package that a block imports."""
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("langchain_gptv"):
            module = importlib.import_module(node.module)
            for alias in node.names:
                assert hasattr(module, alias.name), f"{node.module} has no {alias.name}"


def lay_out(folder: Path) -> None:
    """Put the example pictures, a report and a video where pages name them."""
    shutil.copytree(EXAMPLE_IMAGES, folder / "examples" / "images")
    shutil.copytree(EXAMPLE_IMAGES, folder, dirs_exist_ok=True)
    (folder / "reports").mkdir()
    with PIL.Image.open(EXAMPLE_IMAGES / "chart.png") as chart:
        chart.convert("RGB").save(folder / "reports" / "visitors.pdf")
    if importlib.util.find_spec("av"):
        from clips import render_clip

        render_clip(folder / "clip.mp4", 4, times=[0, 3, 6, 9])


def commands(text: str) -> Iterator[list[str]]:
    """Yield the arguments of each `gptv` command in a block of lines to type."""
    for line in text.replace("\\\n", " ").splitlines():
        for part in re.split(r"&&|\|", line):
            words = shlex.split(part.split(">")[0], comments=True)
            while words and "=" in words[0]:  # NAME=value in front
                words = words[1:]
            if words[:1] == ["gptv"]:
                yield [word for word in words[1:] if word != "&"]


def parse(args: list[str]) -> None:
    """Parse a command line as `gptv` does, without running it; a usage error raises."""
    command, parent = typer.main.get_command(app), None
    if args in (["--install-completion"], ["--show-completion"]):
        return  # parsing them would do it
    while True:
        try:
            context = command.make_context(command.name or "gptv", list(args), parent=parent)
        except typer.Exit:  # --help, --version
            return
        if not hasattr(command, "resolve_command"):
            return
        rest = [*context._protected_args, *context.args]
        if not rest:
            return
        _, command, args = command.resolve_command(context, rest)
        parent = context


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    prose = _BLOCK.sub("", page.read_text())
    return {slug(heading) for heading in _HEADING.findall(prose)}


def slug(heading: str) -> str:
    """Return a heading's anchor, as both GitHub and MkDocs make it."""
    words = re.sub(r"\[([^]]+)]\([^)]+\)", r"\1", heading).lower()
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", words).strip())


def broken_links(page: Path) -> list[str]:
    """Return the links of a page that lead to no file, or to no heading of it."""
    prose = _BLOCK.sub("", page.read_text())
    return [link for link in _LINK.findall(prose) if not _leads_somewhere(page, link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if DOCS in page.parents and DOCS not in target.parents:
        return False  # the site has nothing else
    return target.exists() and (not anchor or anchor in anchors(target))
