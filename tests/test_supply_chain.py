"""What the package stands on: few libraries, declared, pinned with hashes."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib

import pytest
from conftest import EXAMPLE_IMAGES, ROOT
from packaging.requirements import Requirement

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements-lock.txt").read_text()

NEEDED = {
    *("langchain-core", "langchain-openai", "openai", "pydantic", "pillow"),
    *("genai-prices", "orjson", "typer"),
}
"""Each is a decision; what one feature alone needs is an extra."""

BROUGHT = {
    "httpx2": "openai",
    "httpcore2": "httpx2",
    "anyio": "starlette",
    "pyyaml": "langchain-core",
    "rich": "typer",
    "opencv-python-headless": "rapidocr",
    "langgraph": "langchain",
}
"""Imported, and brought by another; that one's own metadata must say so."""

GUARDED = {"chromadb", "langchain-chroma"}
"""The user's own choice of a store: imported only where it is asked for."""


def normal(name: str) -> str:
    """Return the name of a distribution as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> dict[str, Requirement]:
    """Return what pyproject.toml names, in the base and in every extra."""
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    found = [Requirement(text) for texts in lists for text in texts]
    return {normal(each.name): each for each in found}


def pinned() -> dict[str, list[str]]:
    """Return the versions that the lock file pins."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", LOCK, re.MULTILINE):
        found.setdefault(normal(name), []).append(version)
    return found


def imported() -> set[str]:
    """Return the top-level modules of others that the package imports, lazily or not."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / "langchain_gptv").rglob("*.py")]
    names = {name for tree in trees for node in ast.walk(tree) for name in _names(node)}
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""] if node.level == 0 else []
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def test_the_base_needs_no_more_than_was_decided():
    """A new dependency of every user is a decision that changes this test."""
    assert {normal(Requirement(text).name) for text in PROJECT["dependencies"]} == NEEDED


def test_every_dependency_has_a_lowest_version():
    """A version that was never tried is not allowed by silence."""
    exempt = {"langchain-gptv", "types-python-dateutil"}
    free = [name for name, each in declared().items() if not each.specifier and name not in exempt]
    assert free == []


def test_every_import_is_declared():
    """What is imported is named in pyproject.toml, or is known to be brought by what is."""
    owners = importlib.metadata.packages_distributions()
    known = declared().keys() | BROUGHT.keys() | GUARDED | {"langchain-gptv"}
    stray = [
        name
        for name in imported()
        if name in owners and not {normal(owner) for owner in owners[name]} & known
    ]
    assert stray == []


@pytest.mark.parametrize(("name", "by"), BROUGHT.items())
def test_what_is_brought_is_brought(name, by):
    """The library that brings another says so in its own metadata."""
    try:
        needs = importlib.metadata.requires(by) or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{by} is not installed")
    assert name in {normal(Requirement(text).name) for text in needs}


def test_the_lock_holds_all_that_is_declared():
    """Base and tests and every extra of `all` are pinned, within the versions allowed."""
    extras = ("local", "objects", "video", "pdf", "index", "heic", "agents", "notebook", "test")
    wanted = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][e] for e in extras)]
    found = pinned()
    wrong = [
        text
        for texts in wanted
        for text in texts
        if (each := Requirement(text)).name != "langchain-gptv"
        and not any(each.specifier.contains(v) for v in found.get(normal(each.name), ()))
    ]
    assert wrong == []


def test_every_pin_has_a_hash():
    """A file that was exchanged under its version is not installed."""
    pins = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_the_lock_names_no_place():
    """No index and no file of one machine stands in the lock: each user has their own."""
    assert re.findall(r"https?://\S+|file:\S+|--(?:extra-)?index\S*|--find-links\S*", LOCK) == []


def brought_by_the_base() -> set[str]:
    """Return the distributions that `pip install langchain-gptv` installs."""
    found: set[str] = set()
    waiting = ["langchain-gptv"]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        needs = map(Requirement, importlib.metadata.requires(name) or [])
        waiting += [
            normal(need.name)
            for need in needs
            if need.marker is None or need.marker.evaluate({"extra": ""})
        ]
    return found


@pytest.fixture(scope="module")
def alone() -> str:
    """Code that takes away all that the base does not bring, for a Python of its own."""
    base = brought_by_the_base()
    owners = importlib.metadata.packages_distributions()
    strange = sorted(
        module for module, by in owners.items() if not {normal(each) for each in by} & base
    )
    assert {"numpy", "pytest"} <= set(strange)
    return f"import sys; sys.modules.update(dict.fromkeys({strange}))\n"


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python of its own."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


PUBLIC = """
import importlib
from langchain_gptv.exceptions import MissingExtraError
for package in ("", ".vision", ".sources", ".store", ".tools", ".rag", ".messages", ".batch",
                ".middleware", ".enhancements", ".sending", ".display", ".cli", ".testing"):
    module = importlib.import_module("langchain_gptv" + package)
    for name in getattr(module, "__all__", ()):
        try:
            getattr(module, name)
        except MissingExtraError as error:
            print(name, error.extra)
"""


def test_the_base_alone_imports_all_that_is_public(alone):
    """With the base's own libraries and no more, only two names ask for their extra."""
    done = run(alone + PUBLIC)
    assert done.stderr == ""
    assert set(done.stdout.split("\n")[:-1]) == {"LocalEngine local", "VisionMiddleware agents"}


NEEDS_EXTRA = {
    "from langchain_gptv import LocalEngine": "local",
    "from langchain_gptv.cli import main; sys.argv = ['gptv', 'serve']; main()": "local",
    "from langchain_gptv.cli import main; sys.argv = ['gptv', 'read', PICTURE]; main()": "local",
    "from langchain_gptv import ChatGPTV; ChatGPTV(model='gptv-local').invoke('?')": "local",
    "from langchain_gptv import VisionMiddleware": "agents",
    "from langchain_gptv import sample_frames; sample_frames(b'0')": "video",
    "from langchain_gptv.transcripts import parse_transcript; parse_transcript(b'?')": "video",
    "from langchain_gptv.rag import PDFPageLoader; PDFPageLoader(PICTURE).load()": "pdf",
    "from langchain_gptv.rag import HashedEmbeddings; HashedEmbeddings().embed_query('?')": "index",
}


@pytest.mark.parametrize("statement", NEEDS_EXTRA)
def test_what_needs_an_extra_names_it(alone, statement):
    """Where the base ends, the last line says what to install."""
    picture = f"PICTURE = {str(EXAMPLE_IMAGES / 'receipt.png')!r}\n"
    done = run(alone + picture + statement)
    expected = f'pip install "langchain-gptv[{NEEDS_EXTRA[statement]}]"'
    assert expected in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [
        *(("LocalEngine", library, "local") for library in ("numpy", "rapidfuzz", "dateutil")),
        *(("VisionMiddleware", library, "agents") for library in ("langgraph", "langchain.agents")),
    ],
)
def test_a_missing_library_names_its_extra(name, library, extra):
    """Without an extra, what stands on it says what to install, whichever library it misses."""
    code = f"import sys; sys.modules[{library!r}] = None; from langchain_gptv import {name}"
    done = run(code)
    assert f'pip install "langchain-gptv[{extra}]"' in done.stderr.splitlines()[-1]
