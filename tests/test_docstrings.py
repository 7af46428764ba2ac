"""The examples in docstrings do what they show."""

import doctest
import importlib
import pkgutil

import pytest
from conftest import ROOT

import langchain_gptv

MODULES = [m.name for m in pkgutil.walk_packages(langchain_gptv.__path__, "langchain_gptv.")]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.usefixtures("engine")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name, monkeypatch, request):
    """Every example gives what is printed below it, in a checkout and without a key."""
    monkeypatch.chdir(ROOT)
    if ".middleware." in name:
        pytest.importorskip("langchain", reason="the extra 'agents' is not installed")
    if name.endswith("rag.index"):
        pytest.importorskip("langchain_chroma", reason="the extra 'index' is not installed")
    if name.endswith("enhancements.grounding"):
        request.getfixturevalue("detector")
    module = importlib.import_module(name)
    runner, said = doctest.DocTestRunner(optionflags=FLAGS), []
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        runner.run(test, out=said.append)
    assert not runner.failures, "".join(said)
