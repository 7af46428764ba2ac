"""The notebooks of examples/notebooks run, and keep their outputs small."""

import os
import re
import sys
from pathlib import Path

import pytest
from conftest import ROOT

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")

FOLDER = ROOT / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MAX_BYTES = 500_000


@pytest.fixture
def offline(monkeypatch):
    """Leave the notebook no network but loopback, no key, and this environment's `gptv`."""
    scripts = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join((scripts, os.environ["PATH"])))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def read(path: Path):
    """Return a notebook."""
    return nbformat.read(path, as_version=4)


def words(notebook) -> list[str]:
    """Return what every cell says, but warnings; prices change, so amounts are left out."""
    return [re.sub(r" *\$[\d.]+", "$", said(cell)) for cell in notebook.cells]


def said(cell) -> str:
    """Return the text of a cell's outputs, which the kernel may send in any number of pieces."""
    shown = [out for out in cell.get("outputs", []) if out.get("name") != "stderr"]
    return "".join(out.get("text") or out.get("data", {}).get("text/plain", "") for out in shown)


def test_there_are_three():
    """Prototype with cost, agent that zooms, retrieval over a report."""
    assert len(NOTEBOOKS) == 3


@pytest.mark.usefixtures("engine", "offline")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_says_what_is_saved(path):
    """Run again from top to bottom, every cell says the same as in the saved notebook."""
    needed = {
        "agent_that_zooms": ("langchain", "agents"),
        "rag_over_a_report": ("pypdfium2", "pdf"),
    }
    if path.stem in needed:
        module, extra = needed[path.stem]
        pytest.importorskip(module, reason=f"the extra {extra!r} is not installed")
    saved = read(path)
    again = nbformat.from_dict(saved.copy())
    where = {"metadata": {"path": str(FOLDER)}}
    nbclient.NotebookClient(again, timeout=120, resources=where).execute()
    assert words(again) == words(saved)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_saved_is_small_and_whole(path):
    """Outputs are there, have no script, and name no folder of whoever ran it."""
    text, notebook = path.read_text(), read(path)
    assert len(text) < MAX_BYTES
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert "<script" not in text
    assert re.findall(r"(?:/home/|/root/|/Users/|/work/|/tmp/)", text) == []
