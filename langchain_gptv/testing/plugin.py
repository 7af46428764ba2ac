"""The pytest plugin: what a test with one of our cassettes must hold to.

It acts on tests with the marker `vcr` of pytest-recording whose fixture `vcr_config` comes from
`langchain_gptv.testing.vcr_config`, and leaves every other test alone. It is loaded in every run
of pytest, so it imports nothing that is large.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from langchain_gptv.testing.orphans import CassetteUse

_USE = pytest.StashKey[CassetteUse]()


@dataclass
class _Tape:
    """The cassette of one test.

    Attributes:
        cassette: vcrpy's, once it is open.
        files: Our persister, once the recorder is furnished.
        loaded: How many exchanges came from the file.
        existed: Whether there was a file.
        fresh: Whether the file is recorded anew, so that what it holds is not read.
    """

    cassette: Any = None
    files: Any = None
    loaded: int = 0
    existed: bool = False
    fresh: bool = False

    @property
    def path(self) -> Path:
        return Path(self.cassette._path)

    def unplayed(self) -> list[Any]:
        """Return the requests from the file that the test did not send."""
        if self.cassette.record_mode.value == "all":
            return []
        counts, requests = self.cassette.play_counts, self.cassette.requests[: self.loaded]
        return [each for index, each in enumerate(requests) if not counts[index]]


_TAPE = pytest.StashKey[_Tape]()
_opening: list[_Tape] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--gptv-orphans`."""
    parser.getgroup("gptv").addoption(
        "--gptv-orphans",
        action="store_true",
        help="Fail on cassettes that no collected test uses; a run of the whole suite always does.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start to note which cassettes are used."""
    config.stash[_USE] = CassetteUse()


def pytest_deselected(items: list[pytest.Item]) -> None:
    """A test that was left out still owns its cassette."""
    _expect(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note the tests that were collected."""
    _expect(session.items)


def _expect(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("vcr")]
    if not marked:
        return
    from pytest_recording.plugin import get_default_cassette_name

    for item in marked:
        given = item.get_closest_marker("default_cassette")
        name = given.args[0] if given and given.args else None
        owner = getattr(item, "cls", None)
        item.config.stash[_USE].expect(item, name or get_default_cassette_name(owner, item.name))


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Watch pytest-recording open a cassette with our settings."""
    if fixturedef.argname != "vcr" or not request.node.get_closest_marker("vcr"):
        return (yield)
    tape = _take_settings(request)
    if tape is None:
        return (yield)
    _opening.append(tape)
    try:
        cassette = yield
    finally:
        _opening.remove(tape)
    if cassette is not None:
        _opened(request.node, tape, cassette)
    return cassette


def _take_settings(request: pytest.FixtureRequest) -> _Tape | None:
    from langchain_gptv.testing.config import is_ours

    config = request.getfixturevalue("vcr_config")
    if not is_ours(config):
        return None
    asked = request.config.getoption("--record-mode")
    if asked:
        # pytest-recording would let the fixture win over the command line. Its "rewrite" deletes
        # the cassette first; ours is replaced when the new one is whole.
        config["record_mode"] = "once" if asked == "rewrite" else asked
    _forget_async_client()
    return _Tape(fresh=asked == "rewrite")


def _forget_async_client() -> None:
    """Drop the client that langchain-openai keeps, which may belong to a loop that is closed."""
    module = sys.modules.get("langchain_openai.chat_models._client_utils")
    clear = getattr(getattr(module, "_cached_async_httpx_client", None), "cache_clear", None)
    if clear:
        clear()


@pytest.hookimpl(optionalhook=True)
def pytest_recording_configure(config: pytest.Config, vcr: Any) -> None:
    """Furnish the recorder of a test that uses our settings."""
    if _opening:
        from langchain_gptv.testing.config import furnish

        furnish(vcr)
        tape = _opening[-1]
        tape.files = vcr.persister
        tape.files.fresh = tape.fresh


def _opened(item: pytest.Item, tape: _Tape, cassette: Any) -> None:
    tape.cassette, tape.loaded = cassette, len(cassette)
    tape.existed = tape.path.is_file() or bool(tape.loaded)
    item.stash[_TAPE] = tape
    item.config.stash[_USE].open(tape.path, tape.path.stem)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Explain a request that is not in the cassette, and fail on one that was not sent."""
    try:
        yield
    except BaseException as error:
        tape = item.stash.get(_TAPE, None)
        if tape is not None:
            tape.files.keep_old = True
            _explain(item, tape, error)
        raise
    tape = item.stash.get(_TAPE, None)
    if tape is not None:
        _check_played(item, tape)


def _check_played(item: pytest.Item, tape: _Tape) -> None:
    left = tape.unplayed()
    if left:
        names = ", ".join(f"{each.method} {each.uri}" for each in left[:3])
        pytest.fail(
            f"{len(left)} of {tape.loaded} exchanges in {_shown(tape.path)} were not played: "
            f"{names}. If the test no longer sends them, record it again: "
            f"{_command(item, 'rewrite')}",
            pytrace=False,
        )


def _explain(item: pytest.Item, tape: _Tape, error: BaseException) -> None:
    from vcr.errors import CannotOverwriteExistingCassetteException as NotInCassette

    while error.__cause__ is not None and not isinstance(error, NotInCassette):
        error = error.__cause__
    if not isinstance(error, NotInCassette):
        return
    if not tape.existed:
        path = _shown(tape.path)
        error.add_note(f"There is no cassette {path}. Record it: {_command(item, 'once')}")
        return
    line = _closest(tape, error)
    if line:
        error.add_note(f"Differs from {_shown(tape.path)}: {line}")
    error.add_note(f"If the change is wanted, record it again: {_command(item, 'rewrite')}")


def _closest(tape: _Tape, error: Any) -> str:
    """Return what differs from the exchange that is most alike."""
    matches = error.cassette.find_requests_with_most_matches(error.failed_request)
    lines = ["; ".join(f"{name}: {text}" for name, text in failed) for *_, failed in matches]
    return min(lines, key=len, default="")


def _command(item: pytest.Item, mode: str) -> str:
    return f"pytest {shlex.quote(item.nodeid)} --record-mode={mode}"


def _shown(path: Path) -> str:
    return os.path.relpath(path)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that leaves cassettes without a test."""
    if exitstatus == pytest.ExitCode.OK and _orphans(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name the cassettes without a test."""
    orphans = _orphans(config)
    if orphans:
        terminalreporter.section("cassettes that no test uses", red=True)
        for path in orphans:
            terminalreporter.line(f"{_shown(path)}: delete it, or restore its test")


def _orphans(config: pytest.Config) -> list[Path]:
    if hasattr(config, "workerinput") or not (config.getoption("--gptv-orphans") or _whole(config)):
        return []
    return config.stash[_USE].orphans()


def _whole(config: pytest.Config) -> bool:
    """Whether the run takes in all tests, for all that its arguments say."""
    by_name = config.args_source is pytest.Config.ArgsSource.ARGS
    narrowed = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "collectonly")
    return not by_name and not any(config.getoption(name, None) for name in narrowed)
