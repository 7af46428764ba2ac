"""The pytest plugin: what a test with one of our cassettes must hold to.

It acts on tests with the marker `vcr` of pytest-recording whose fixture `vcr_config` comes from
`langchain_gptv.testing.vcr_config`, and leaves every other test alone. It is loaded in every run
of pytest, so it imports nothing that is large.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from langchain_gptv.testing.orphans import CassetteUse
from langchain_gptv.testing.tape import Tape, check_played, explain, shown

_USE = pytest.StashKey[CassetteUse]()
_WORKERS = pytest.StashKey[int]()
_OUTPUT = "gptv_cassettes"


_TAPE = pytest.StashKey[Tape]()
_opening: list[Tape] = []


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


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that cannot be imported, or is skipped whole, still owns its cassettes."""
    report = yield
    if not report.passed:
        collector.config.stash[_USE].unknown.add(collector.path.stem)
    return report


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
        if tape.cassette.write_protected:
            _skip_waits(request)
    return cassette


def _skip_waits(request: pytest.FixtureRequest) -> None:
    """Let a replay not wait for a service that has answered long ago."""
    from langchain_gptv._clock import clock

    until_the_end = ExitStack()
    until_the_end.enter_context(clock.skipping())
    request.addfinalizer(until_the_end.close)


def _take_settings(request: pytest.FixtureRequest) -> Tape | None:
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
    return Tape(fresh=asked == "rewrite")


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


def _opened(item: pytest.Item, tape: Tape, cassette: Any) -> None:
    tape.cassette, tape.loaded = cassette, len(cassette)
    tape.existed = tape.path.is_file() or bool(tape.loaded)
    item.stash[_TAPE] = tape
    item.config.stash[_USE].open(tape.path, tape.path.stem)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Explain a request of a fixture that is not in the cassette."""
    try:
        yield
    except BaseException as error:
        _failed(item, error)
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Explain a request that is not in the cassette, and fail on one that was not sent."""
    try:
        yield
    except BaseException as error:
        _failed(item, error)
        raise
    tape = item.stash.get(_TAPE, None)
    if tape is not None:
        check_played(item, tape)


def _failed(item: pytest.Item, error: BaseException) -> None:
    tape = item.stash.get(_TAPE, None)
    if tape is not None:
        tape.files.keep_old = True
        explain(item, tape, error)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take in which cassettes a worker of pytest-xdist used."""
    packed = getattr(node, "workeroutput", {}).get(_OUTPUT)
    if packed:
        stash = node.config.stash
        count = stash.setdefault(_WORKERS, 0)
        stash[_USE].add(packed, first=count == 0)
        stash[_WORKERS] = count + 1


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that leaves cassettes without a test."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_OUTPUT] = session.config.stash[_USE].pack()
    elif exitstatus == pytest.ExitCode.OK and _orphans(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name the cassettes without a test."""
    orphans = _orphans(config)
    if orphans:
        terminalreporter.section("cassettes that no test uses", red=True)
        for path in orphans:
            terminalreporter.line(f"{shown(path)}: delete it, or restore its test")


def _orphans(config: pytest.Config) -> list[Path]:
    whole = _whole(config)
    if whole or (config.getoption("--gptv-orphans") and _modules_are_whole(config)):
        return config.stash[_USE].orphans(whole=whole)
    return []


def _whole(config: pytest.Config) -> bool:
    """Whether the run takes in all tests, for all that its arguments say."""
    by_name = config.args_source is pytest.Config.ArgsSource.ARGS
    narrowed = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "collectonly")
    return (
        not by_name
        and _modules_are_whole(config)
        and not any(config.getoption(name, None) for name in narrowed)
    )


def _modules_are_whole(config: pytest.Config) -> bool:
    """Whether each module that is collected gives all its tests, deselected ones too."""
    narrowed = ("lf", "stepwise")
    by_name = any("::" in str(argument) for argument in config.args)
    return not by_name and not any(config.getoption(name, None) for name in narrowed)
