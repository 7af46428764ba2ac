"""Fixtures that several test modules share."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE_IMAGES = ROOT / "examples" / "images"
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Third-party inputs with known truth, which stand beside a checkout of the developers'."""
    if not SHARED.is_dir():
        pytest.skip("the folder with third-party test inputs is not here")
    return SHARED


@pytest.fixture(scope="session")
def truth() -> dict:
    """What the example images show, and where."""
    return json.loads((EXAMPLE_IMAGES / "truth.json").read_text())


@pytest.fixture(scope="session")
def engine():
    """One engine for the whole run, so that each picture is looked at once."""
    pytest.importorskip("rapidocr", reason="the extra 'local' is not installed")
    from langchain_gptv.local.transport import default_service

    return default_service().engine


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a developer's own keys and addresses out of the tests."""
    for name in (
        *("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_PROXY"),
        *("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_AD_TOKEN"),
        *("OPENAI_API_VERSION", "GPTV_MODEL", "LANGSMITH_API_KEY", "LANGSMITH_TRACING"),
    ):
        monkeypatch.delenv(name, raising=False)
