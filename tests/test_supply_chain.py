"""What the package stands on: few libraries, declared, pinned with hashes."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib

import pytest
from conftest import ROOT
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
    extras = ("local", "objects", "video", "pdf", "heic", "agents", "notebook", "test")
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


def test_an_audit_that_reaches_nothing_says_so(tmp_path, monkeypatch):
    """Without `pip-audit`, or without a network, nothing fails, and nobody is told all is well."""
    (tmp_path / "pip_audit.py").write_text("raise SystemExit('no network')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "audit.py"], capture_output=True, text=True, check=True
    )
    assert done.stderr == "audit: nothing was audited: no network\n"


def test_an_audit_that_finds_a_weakness_fails(tmp_path, monkeypatch):
    """A known weakness is named with its version, and the exit status is 1."""
    report = {
        "dependencies": [
            {"name": "pillow", "version": "1.0", "vulns": [{"id": "CVE-2099-1"}]},
            {"name": "rich", "skip_reason": "not found"},
        ]
    }
    (tmp_path / "pip_audit.py").write_text(f"import json; print(json.dumps({report!r}))")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = [sys.executable, ROOT / "scripts" / "audit.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == "pillow 1.0: CVE-2099-1\naudit: 1 of 2 versions audited, 1 weak\n"


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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f'pip install "langchain-gptv[{extra}]"' in done.stderr.splitlines()[-1]
