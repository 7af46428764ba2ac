"""The README and docs/ keep their word: code runs, commands parse, links lead somewhere."""

import importlib
import importlib.util
import os
import subprocess
import sys
from html.parser import HTMLParser
from types import FunctionType

import documents
import pytest
import yaml
from conftest import ROOT

DOCS = documents.DOCS
WITH_PYTHON = [page for page in documents.PAGES[1:] if documents.blocks(page, "python")]
"""The README has a test of its own."""

PACKAGES = [
    "langchain_gptv",
    *(f"langchain_gptv.{part}" for part in ("vision", "tools", "rag", "batch", "display")),
    *(f"langchain_gptv.{part}" for part in ("middleware", "messages", "store", "testing")),
]
"""What the API reference must have every public name of."""


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory):
    """A folder with what pages name."""
    folder = tmp_path_factory.mktemp("docs")
    documents.lay_out(folder)
    return folder


@pytest.fixture
def there(laid_out, monkeypatch):
    """Work in it."""
    monkeypatch.chdir(laid_out)


@pytest.mark.usefixtures("engine", "there")
@pytest.mark.parametrize("page", WITH_PYTHON, ids=documents.name)
def test_its_python_runs(page):
    """Every block runs, one after another; one that needs a key or a server says so."""
    for module, extra in documents.NEEDED.get(page.name, {}).items():
        pytest.importorskip(module, reason=f"the extra '{extra}' is not installed")
    documents.run_python(page)


@pytest.mark.parametrize("page", documents.PAGES, ids=documents.name)
def test_its_links_lead_somewhere(page):
    """Files and headings that a page links to are there."""
    assert documents.broken_links(page) == []


@pytest.mark.parametrize("page", documents.PAGES, ids=documents.name)
def test_its_commands_parse(page):
    """Every `gptv` line has a command, options and arguments that exist."""
    for block in documents.blocks(page, "console", "bash", "sh"):
        for args in documents.commands(block):
            documents.parse(args)


@pytest.mark.parametrize("args", [["asks", "x"], ["ask", "--modle", "x", "y"], ["tokens"]])
def test_a_wrong_command_would_be_seen(args):
    """Unknown commands and options and missing arguments do not parse."""
    with pytest.raises(Exception, match="No such|Missing"):
        documents.parse(args)


def test_every_page_is_in_the_navigation():
    """No page is written for nobody, and none is named that is not there."""
    listed = set(_leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    assert listed == {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}


def _leaves(tree):
    if isinstance(tree, str):
        yield tree
    else:
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from _leaves(branch)


def test_the_model_table_is_current():
    """docs/models.md says what profiles.json says."""
    script = ROOT / "scripts" / "model_table.py"
    stale = subprocess.run([sys.executable, script, "--check"], check=False).returncode
    assert not stale, "run: python scripts/model_table.py"


def test_pictures_are_small():
    """A page of the docs loads at once."""
    large = [path.name for path in (DOCS / "images").iterdir() if path.stat().st_size > 150_000]
    assert large == []


class Anchors(HTMLParser):
    """The ids of a page, and whatever it would load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.foreign: list[str] = []

    def handle_starttag(self, tag, attrs):
        """Note an id, and a script, style or picture of another host."""
        attributes = dict(attrs)
        self.ids.add(attributes.get("id") or "")
        source = attributes.get("href" if tag == "link" else "src") or ""
        if "//" in source and attributes.get("rel") != "canonical":
            self.foreign.append(source)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built without a warning."""
    for module in ("material", "mkdocstrings", "mkdocstrings_handlers.python"):
        pytest.importorskip(module, reason="the extra 'docs' is not installed")
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", out],
        **{"cwd": ROOT, "capture_output": True, "text": True, "check": False},
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stderr
    return {path: _read(path) for path in out.rglob("*.html")}


def _read(path) -> Anchors:
    page = Anchors()
    page.feed(path.read_text())
    return page


def test_the_site_loads_nothing_from_elsewhere(site):
    """Scripts, styles, fonts and pictures of every page are its own."""
    assert {path.name: page.foreign for path, page in site.items() if page.foreign} == {}


def test_the_reference_has_every_public_name(site):
    """What a package exports has an entry."""
    ids = set().union(*(page.ids for page in site.values()))
    names = [f"{package}.{name}" for package in PACKAGES for name in _exports(package)]
    assert [name for name in names if name not in ids] == []


def _exports(package: str) -> list[str]:
    module = importlib.import_module(package)
    kinds = (type, FunctionType)
    return [name for name in module.__all__ if isinstance(getattr(module, name), kinds)]
