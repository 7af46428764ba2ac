"""The package as a whole: its names, what an import costs, which way imports go."""

import ast
import contextlib
import importlib
import subprocess
import sys

import pytest
from conftest import ROOT

import langchain_gptv
import langchain_gptv.vision
from langchain_gptv.exceptions import MissingExtraError

PACKAGE = ROOT / "langchain_gptv"

_LAYERS = (
    ("_bounded", "_clock", "_files", "_lazy", "_urls", "_version"),
    ("exceptions",),
    ("vision",),
    ("local", "progress", "sources", "store", "transcripts"),
    ("messages",),
    ("azure_wire", "endings", "sending"),
    ("azure_v1", "completions", "enhancements"),
    ("display", "replies"),
    ("chat_input", "usage"),
    ("chat_hooks",),
    ("chat_models",),
    ("middleware", "testing", "tools"),
    ("batch",),
    ("rag",),
    ("cli",),
)
"""From the floor up: a module may import from its own layer's package and from those below."""

LAYERS = {name: level for level, names in enumerate(_LAYERS) for name in names}


@pytest.mark.parametrize(
    "module", [langchain_gptv, langchain_gptv.vision], ids=lambda m: m.__name__
)
def test_every_exported_name_is_there(module):
    """`__all__`, the lazy table and the names for type checkers are the same."""
    tree = ast.parse((ROOT / module.__name__.replace(".", "/") / "__init__.py").read_text())
    typed = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        for part in node.body
        if isinstance(part, ast.ImportFrom)
        for alias in part.names
    }
    names = set(module.__all__) - {"__version__"}
    assert names == set(module._EXPORTS) == typed
    assert module.__all__ == sorted(module.__all__)
    for name in module.__all__:
        with contextlib.suppress(MissingExtraError):
            assert getattr(module, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    """A lazy package still says what it does not have."""
    with pytest.raises(AttributeError, match="no attribute 'ChatGPT5'"):
        langchain_gptv.ChatGPT5  # noqa: B018


@pytest.mark.parametrize(
    "statement",
    [
        "import langchain_gptv",
        "from langchain_gptv.vision.tokens import estimate_image_tokens",
        "from langchain_gptv import Image; Image.of(b'GIF89a' + bytes(20)) if 0 else None",
        "import langchain_gptv.local.transport",
    ],
)
def test_looking_at_pictures_does_not_import_langchain(statement):
    """Counting tokens and preparing pixels stay free of LangChain and of the OpenAI client."""
    heavy = ("langchain_core", "openai", "numpy", "cv2")
    code = f"{statement}; import sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        yield name, ast.parse(path.read_text())


def _imports(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("langchain_gptv."):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("langchain_gptv."))


def test_imports_go_one_way():
    """No module imports from a layer above its own; `local` stands on `vision` alone."""
    wrong = []
    for name, tree in _modules():
        if name == "langchain_gptv":
            continue
        part = name.split(".")[1]
        for imported in _imports(tree):
            other = imported.split(".")[1]
            below = LAYERS[other] < LAYERS[part]
            if other != part and (not below or (part == "local" and other in ("store", "sources"))):
                wrong.append(f"{name} imports {imported}")
    assert wrong == []


def test_layers_of_the_design_are_all_known():
    """A new folder or module at the top needs a place in the layers."""
    tops = {name.split(".")[1] for name, _ in _modules() if "." in name}
    assert tops <= set(LAYERS)


def test_every_error_stands_in_the_tree():
    """The tree at the top of exceptions.py names every class that the file defines."""
    module = importlib.import_module("langchain_gptv.exceptions")
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    assert [c.__name__ for c in classes if c.__name__ not in module.__doc__] == []
