"""Fixtures that several test modules share.

A test marked `vcr` replays its cassette in `cassettes/`. `pytest PATH --record-mode=rewrite`
records it again from `gptv serve`, which is started for it; with `--record-from=service` from
OpenAI or Azure, which the usual variables of the environment name.
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE_IMAGES = ROOT / "examples" / "images"
SHARED = ROOT.parent / "shared"
CASSETTES = ROOT / "cassettes"


def pytest_configure() -> None:
    """Heed Ctrl-C, as the programs that tests start do then, even where a shell's `&` hid it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--record-from`."""
    parser.getgroup("gptv").addoption(
        "--record-from",
        choices=("gptv-serve", "service"),
        default="gptv-serve",
        help="Who answers while cassettes are recorded: the embedded engine, or the real service, "
        "which needs OPENAI_API_KEY, or AZURE_OPENAI_API_KEY and AZURE_OPENAI_ENDPOINT, and costs "
        "money.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Open the network where the real service was asked for."""
    if config.getoption("--record-from") == "service":
        for item in items:
            if item.get_closest_marker("vcr"):
                item.add_marker("enable_socket")


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


@pytest.fixture(scope="session")
def detector(engine) -> None:
    """An engine that finds objects too."""
    from langchain_gptv.local.detector import is_installed

    if not is_installed():
        pytest.skip("the extra 'objects' is not installed")


@pytest.fixture
def vcr_config() -> dict:
    """The package's own cassettes."""
    from langchain_gptv.testing import vcr_config

    return vcr_config()


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    """Keep the recordings of a module in a folder of their own."""
    return str(CASSETTES / request.path.stem)


@pytest.fixture(scope="session")
def gptv_serve() -> Iterator[str]:
    """The address of the embedded engine's server, started when the first test records."""
    from answering import serving

    with serving() as address:
        yield address


@pytest.fixture
def service(request: pytest.FixtureRequest, vcr):
    """Who answers this test; with `--disable-recording` the engine in this process."""
    from answering import Service, of_a_cassette, of_the_environment

    if vcr is None:
        request.getfixturevalue("engine")
        return Service()
    if vcr.write_protected:
        return of_a_cassette(vcr.requests)
    if request.config.getoption("--record-from") == "service":
        return of_the_environment(azure="Azure" in request.node.nodeid)
    return Service(address=request.getfixturevalue("gptv_serve"))


@pytest.fixture
def drop_old_recording(vcr) -> None:
    """Let a test record that is expected to fail; the plugin keeps the old cassette of one."""
    if vcr is not None and not vcr.write_protected:
        Path(vcr._path).unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Keep a developer's own keys and addresses out of the tests."""
    if request.config.getoption("--record-from") == "service":
        return
    for name in (
        *("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_PROXY"),
        *("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_AD_TOKEN"),
        *("OPENAI_API_VERSION", "GPTV_MODEL", "LANGSMITH_API_KEY", "LANGSMITH_TRACING"),
    ):
        monkeypatch.delenv(name, raising=False)
