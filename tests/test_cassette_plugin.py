"""What the pytest plugin demands of tests with cassettes, each shown in a project of its own."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT
from wire_support import build_app, make_service, running

pytest.importorskip("pytest_recording", reason="the extra 'test' is not installed")


pytest_plugins = ["pytester"]
pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

CONFTEST = """
import os, httpx2, pytest
from langchain_gptv import testing

@pytest.fixture
def vcr_config():
    return testing.vcr_config()

@pytest.fixture
def ask():
    def ask(text, path="/v1/chat/completions"):
        body = {"model": "gptv-local", "messages": [{"role": "user", "content": text}]}
        return httpx2.post(os.environ["BASE"] + path, json=body).status_code
    return ask
"""
ONE = """
import pytest

@pytest.mark.vcr
def test_one(ask):
    assert ask("one") == 200
"""
TWO = ONE + '    assert ask("two") == 200\n'
PATH = "cassettes/test_shop/test_one.yaml"


@pytest.fixture(scope="module")
def server():
    """The embedded engine's server, with a quick engine behind it."""
    with running(build_app(make_service())) as base:
        yield base


@pytest.fixture
def project(pytester, monkeypatch, server):
    """A project with one test, and a way to run it: `run(*arguments, live=False)`."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    pytester.makeconftest(CONFTEST)
    # Only what is needed, so that a run takes half a second, and our plugin is loaded once.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    names = ("pytest_recording.plugin", "pytest_asyncio.plugin", "langchain_gptv.testing.plugin")
    plugin = ("-p", "no:cacheprovider", *(part for name in names for part in ("-p", name)))

    def run(*arguments, live=False):
        monkeypatch.setenv("BASE", server if live else "http://127.0.0.1:1")
        return pytester.runpytest_subprocess(*plugin, *arguments)

    pytester.run_project = run
    return pytester


def write(project, text, name="test_shop"):
    """Write the module of tests and return the project."""
    (project.path / f"{name}.py").write_text(text)
    return project


def record(project, text=ONE):
    """Record the test against the server."""
    result = write(project, text).run_project("--record-mode=once", live=True)
    result.assert_outcomes(passed=1)
    return project.path / PATH


def test_a_missing_cassette_prints_the_command_and_the_command_works(project):
    """The failure names the command; after it, the test passes with the server stopped."""
    result = write(project, ONE).run_project()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        f"*There is no cassette {PATH}. Record it: "
        "pytest test_shop.py::test_one --record-mode=once*"
    ])  # fmt: skip
    recorded = project.run_project("test_shop.py::test_one", "--record-mode=once", live=True)
    recorded.assert_outcomes(passed=1)
    project.run_project("--block-network").assert_outcomes(passed=1)


def test_the_command_fits_where_pytest_was_started(project):
    """It names the file from there, and lifts pytest-socket's block, which recording needs."""
    pytest.importorskip("pytest_socket")
    block = ("-p", "pytest_socket", "--disable-socket", "--allow-hosts=127.0.0.1", "--rootdir=..")
    result = write(project, ONE).run_project(*block)
    result.stdout.fnmatch_lines(
        ["*Record it: pytest test_shop.py::test_one --record-mode=once --force-enable-socket"]
    )


def test_a_request_of_a_fixture_is_explained_too(project):
    """A fixture that asks before the test begins gets the same command."""
    text = """
        import pytest

        @pytest.fixture
        def asked(vcr, ask):
            return ask("one")

        @pytest.mark.vcr
        def test_one(asked):
            pass
    """
    project.makepyfile(test_shop=text)
    result = project.run_project()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*Record it: pytest test_shop.py::test_one --record-mode=once*"])


def test_a_changed_prompt_fails_with_the_line_and_the_command(project):
    """The note says what differs and how to record it again."""
    record(project)
    result = write(project, ONE.replace('"one"', '"other"')).run_project()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        f"*Differs from {PATH}: body: prompt differs at *'one' recorded, 'other' sent*",
        "*record it again: pytest test_shop.py::test_one --record-mode=rewrite*",
    ])  # fmt: skip


def test_an_unplayed_exchange_fails(project):
    """A test that sends less than was recorded fails and names what is left."""
    record(project, TWO)
    result = write(project, ONE).run_project()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*1 of 2 exchanges in {PATH} were not played: POST *"])


def test_rewriting_replaces_the_cassette_only_when_the_test_passes(project):
    """A failing test leaves the old file to the byte; a passing one leaves only what it sent."""
    path = record(project, TWO)
    before = path.read_bytes()
    broken = write(project, ONE + "    assert False\n")
    broken.run_project("--record-mode=rewrite", live=True).assert_outcomes(failed=1)
    assert path.read_bytes() == before
    write(project, ONE).run_project("--record-mode=rewrite", live=True).assert_outcomes(passed=1)
    assert path.read_text().count("request:") == 1
    project.run_project().assert_outcomes(passed=1)


def test_an_orphan_fails_a_whole_run_and_any_run_that_asks(project):
    """A cassette whose test is gone is named; a run of some tests only does not look."""
    path = record(project)
    path.rename(path.with_name("test_gone.yaml"))
    record(project)
    whole = project.run_project()
    assert whole.ret == 1
    whole.stdout.fnmatch_lines(["*no test uses*", "*test_shop/test_gone.yaml: delete it*"])
    assert project.run_project("-k", "one").ret == 0
    assert project.run_project("-k", "one", "--gptv-orphans").ret == 1
    path.with_name("test_gone.yaml").unlink()
    assert project.run_project("--gptv-orphans").ret == 0


def test_a_run_of_some_tests_takes_no_other_for_an_orphan(project):
    """The cassettes of tests that were not asked for are left out, even with the option."""
    write(write(project, ONE, "test_other"), ONE + ONE.replace("test_one", "test_two"))
    project.run_project("--record-mode=once", live=True).assert_outcomes(passed=3)
    some = ("test_shop.py",), ("test_shop.py::test_one",), ("-k", "two"), ("--ignore=test_shop.py",)
    for arguments in some:
        assert project.run_project(*arguments, "--gptv-orphans").ret == 0


def test_a_module_that_is_not_collected_has_no_orphan(project):
    """A module skipped whole, for want of a library, keeps its cassettes."""
    write(write(project, ONE), ONE.replace("test_one", "test_two"), "test_other")
    project.run_project("--record-mode=once", live=True).assert_outcomes(passed=2)
    write(project, "import pytest\npytest.importorskip('no_such_library')\n" + ONE)
    result = project.run_project()
    result.assert_outcomes(passed=1, skipped=1)
    assert result.ret == 0


def test_workers_of_xdist_share_what_they_used(project):
    """Of two workers neither takes the other's cassette for an orphan, and a real one is found."""
    pytest.importorskip("xdist")
    text = ONE + ONE.replace("import pytest", "").replace("test_one", "test_two")
    write(project, text).run_project("--record-mode=once", live=True).assert_outcomes(passed=2)
    workers = ("-p", "xdist.plugin", "-n", "2")
    assert project.run_project(*workers).ret == 0
    path = project.path / PATH
    path.with_name("test_gone.yaml").write_bytes(path.read_bytes())
    result = project.run_project(*workers)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*test_shop/test_gone.yaml: delete it*"])
    result.stdout.no_fnmatch_line("*test_one.yaml: delete*")
    result.stdout.no_fnmatch_line("*test_two.yaml: delete*")


def test_a_skipped_test_keeps_its_cassette(project):
    """A test that was collected and did not run has no orphan."""
    record(project)
    skipped = ONE.replace("@pytest", "@pytest.mark.skip\n@pytest")
    result = write(project, skipped).run_project("--gptv-orphans")
    result.assert_outcomes(skipped=1)
    assert result.ret == 0


def test_a_broken_cassette_names_its_line(project):
    """The error of a truncated file is the test's, and the file stays."""
    path = record(project)
    path.write_text(path.read_text()[:300])
    result = project.run_project("--record-mode=once", live=True)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*CassetteError: *test_one.yaml, line *"])
    assert len(path.read_text()) == 300


def test_several_async_tests_record_with_a_loop_each(project):
    """langchain-openai's cached client does not outlive the loop it belongs to."""
    text = """
        import os, pytest
        from langchain_openai import ChatOpenAI

        @pytest.mark.vcr
        @pytest.mark.parametrize("word", ["a", "b", "c"])
        async def test_async(word):
            base = os.environ["BASE"] + "/v1"
            model = ChatOpenAI(model="gptv-local", base_url=base, api_key="x", max_retries=0)
            assert (await model.ainvoke(word)).text
    """
    project.makepyfile(test_shop=text)
    own = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_test_loop_scope=function")
    project.run_project(*own, "--record-mode=once", live=True).assert_outcomes(passed=3)
    project.run_project(*own).assert_outcomes(passed=3)


def test_a_replay_does_not_wait(project):
    """What waits between two looks at a service while it is recorded takes no time in a replay."""
    write(
        project,
        """
import os, pytest
from langchain_gptv._clock import clock

@pytest.mark.vcr
def test_one(ask):
    start = clock.now()
    clock.wait(3600 if os.environ["BASE"].endswith(":1") else 0.01)
    assert ask("one") == 200
    assert clock.now() > start

def test_two():
    assert clock._skips == 0
""",
    ).run_project("--record-mode=once", "-p", "no:randomly", live=True)
    project.run_project("-p", "no:randomly").assert_outcomes(passed=2)


def test_other_tests_are_left_alone(project):
    """Tests without cassettes, and cassettes with settings of their own, are not looked at."""
    project.makeconftest(CONFTEST.replace("testing.vcr_config()", "{}"))
    write(project, TWO).run_project("--record-mode=once", live=True).assert_outcomes(passed=1)
    assert "langchain-gptv" not in (project.path / PATH).read_text()
    write(project, ONE + "\ndef test_plain():\n    pass\n")
    result = project.run_project("--gptv-orphans", live=True)
    result.assert_outcomes(passed=2)
    assert result.ret == 0


def test_the_plugin_is_light():
    """Loading it imports neither LangChain nor YAML nor Pillow."""
    heavy = ("langchain_core", "openai", "yaml", "vcr", "PIL", "pydantic")
    load = "import langchain_gptv.testing.plugin, sys"
    code = f"{load}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
