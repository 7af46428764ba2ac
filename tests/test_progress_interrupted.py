"""Ctrl-C in a long command: it stops cleanly, says how to go on, and the next run does."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
from batching import make_pictures, records
from conftest import ROOT
from pdfs import Sheet, make_pdf
from wire_support import FakeEngine, build_app, running

from langchain_gptv.local.wire import LocalService

pytestmark = [
    pytest.mark.block_network(allowed_hosts=["127.0.0.1"]),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process"),
]


class CountingEngine(FakeEngine):
    """Counts how often each picture is looked at; a closed gate holds the answers back."""

    def __init__(self):
        super().__init__()
        self.asked, self.begun = Counter(), 0
        self.gate = threading.Event()
        self.gate.set()

    def _note(self, images, question):
        self.begun += 1
        self.gate.wait(30)
        self.asked.update(image.sha256 for image in images)
        super()._note(images, question)


class Site:
    """`gptv serve`, in front of which uploads may be held back.

    Attributes:
        engine: Answers and counts.
        arrived: An upload has begun.
        polled: Somebody asked how far a batch is.
        uploads: Closed, it holds them back.
        address: For `--base-url`.
    """

    address = ""

    def __init__(self):
        self.engine = CountingEngine()
        self.arrived, self.polled = threading.Event(), threading.Event()
        self.uploads = threading.Event()
        self.uploads.set()
        self._app = build_app(LocalService(self.engine, models=("gptv-local", "gpt-5.4")))

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        if "/batches/" in path:
            self.polled.set()
        if path.endswith("/files"):
            self.arrived.set()
            await asyncio.to_thread(self.uploads.wait, 30)
        await self._app(scope, receive, send)


@pytest.fixture
def site():
    """A server of the test's own."""
    found = Site()
    with running(found) as address:
        found.address = f"{address}/v1"
        yield found
        found.uploads.set()
        found.engine.gate.set()


def start(*args, **environment):
    """Start `gptv`, with more in its environment."""
    code = "from langchain_gptv.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OPENAI_API_KEY": "k", **environment},
    )


def stop(process):
    """Send Ctrl-C; return the exit status and the last line of stderr."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    return process.returncode, said.splitlines()[-1]


def wait_until(is_true, process):
    """Wait for something while a process runs."""
    until = time.monotonic() + 60
    while not is_true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


def finish(*args):
    """Run `gptv` to its end; return what it printed as JSON."""
    process = start(*args, "--json")
    printed, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return json.loads(printed)


def test_ctrl_c_while_a_file_goes_out(site, tmp_path):
    """The upload is broken off; the next submit sends it, and every question is asked once."""
    make_pictures(tmp_path / "in", 5)
    out = tmp_path / "out.jsonl"
    submit = "batch", "submit", tmp_path / "in", "--ask", "Total?", "--out", out
    site.uploads.clear()
    process = start(*submit, "--base-url", site.address)
    wait_until(site.arrived.is_set, process)
    assert stop(process) == (
        130,
        "gptv: interrupted; what was sent stays sent; run the same again to go on.",
    )
    site.uploads.set()
    [part] = finish(*submit, "--base-url", site.address)
    assert part["requests"] == 5
    collect = "batch", "collect", "--wait", "--out", out, "--base-url", site.address
    assert finish(*collect)["asked"] == 5
    assert set(site.engine.asked.values()) == {1}


def test_ctrl_c_while_waiting_for_answers(site, tmp_path):
    """The batch goes on at the service; the next collect has every answer, once."""
    make_pictures(tmp_path / "in", 5)
    out = tmp_path / "out.jsonl"
    site.engine.gate.clear()
    finish("batch", "submit", tmp_path / "in", "-a", "?", "-o", out, "--base-url", site.address)
    collect = "batch", "collect", "--wait", "--out", out, "--base-url", site.address
    process = start(*collect)
    wait_until(site.polled.is_set, process)
    time.sleep(0.2)
    status, said = stop(process)
    assert status == 130
    assert said.endswith("the rest stays with the service; run the same again to go on.")
    site.engine.gate.set()
    assert finish(*collect)["asked"] == 5
    assert len(records(out)) == 5
    assert set(site.engine.asked.values()) == {1}


def test_ctrl_c_while_indexing(tmp_path):
    """What was read stays; the next run reads the rest, and everything is found."""
    pytest.importorskip("langchain_chroma", reason="the extra 'index' is not installed")
    pytest.importorskip("pypdfium2", reason="the extra 'pdf' is not installed")
    for number in range(150):
        sheet = Sheet([(60, 780, 11, f"report {number} of many"), (60, 760, 11, "x" * 30)])
        (tmp_path / f"{number:03}.pdf").write_bytes(make_pdf(sheet))
    index = "index", tmp_path, "--index", tmp_path / "index"
    process = start(*index)
    pictures = tmp_path / "index" / "images"
    wait_until(lambda: pictures.exists() and len(list(pictures.rglob("*"))) > 20, process)
    assert stop(process) == (
        130,
        "gptv: interrupted; what was read is kept; run the same again to go on.",
    )
    report = finish(*index)
    assert len(report["unchanged"]) + len(report["new"]) == 150
    assert report["new"]
    assert report["errors"] == {}
    again = finish(*index)
    assert (len(again["unchanged"]), again["documents"]) == (150, 0)


def test_a_second_ctrl_c_waits_for_no_answer(site, tmp_path):
    """The first says what it waits for; the second ends it, and what was answered stays."""
    make_pictures(tmp_path / "in", 12)
    out = tmp_path / "out.jsonl"
    ask = "batch", tmp_path / "in", "--ask", "Total?", "--out", out, "--workers", "2"
    make_pictures(tmp_path / "first", 3)
    finish("batch", tmp_path / "first", *ask[2:], "--base-url", site.address)
    site.engine.gate.clear()
    process = start(*ask, "--base-url", site.address)
    wait_until(lambda: site.engine.begun == 5, process)
    process.send_signal(signal.SIGINT)
    told = ""
    while "Ctrl-C again" not in told:
        told = process.stderr.readline()
        assert told
    assert told == "Finishing what is under way; Ctrl-C again leaves it.\n"
    began = time.monotonic()
    status, said = stop(process)
    assert time.monotonic() - began < 15  # the gate is closed for 30
    assert status == 130
    assert said.endswith(
        "Stopped: interrupted twice; what was under way may be billed. Run the same again to go on."
    )
    assert len(records(out)) == 3 + 3  # those of the first run, under both names
    site.engine.gate.set()
    assert finish(*ask, "--base-url", site.address)["asked"] == 9
    assert list(tmp_path.glob("out.jsonl*")) == [out]


def test_ctrl_c_while_a_video_is_asked_about(site, tmp_path):
    """Nothing is kept of a video; the line says so, and what to do."""
    pytest.importorskip("av", reason="the extra 'video' is not installed")
    from clips import render_clip

    clip = render_clip(tmp_path / "clip.mp4", 5, fps=5)
    site.engine.gate.clear()
    process = start("video", clip, "What happens?", OPENAI_BASE_URL=site.address)
    wait_until(lambda: site.engine.begun > 0, process)
    assert stop(process) == (
        130,
        "gptv: interrupted; nothing is kept of a video; run the same again.",
    )
