"""Temporal zoom, watching a video, and both as a tool, a command and a coroutine."""

import json
import re

import pytest

pytest.importorskip("av", reason="the extra 'video' is not installed")

from clips import render_clip, write
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from scripted_model import Scripted, chat
from typer.testing import CliRunner

from langchain_gptv import ImageSources, ImageStore
from langchain_gptv.cli import app
from langchain_gptv.exceptions import PlanError, ReplyError, VideoError
from langchain_gptv.tools import (
    MomentSearch,
    Watching,
    WatchVideo,
    afind_moments,
    awatch_video,
    find_moments,
    watch_video,
)

FEW = MomentSearch(count=4, cells=12)
NAMES = ("sample_10s.mov", "sample_10s.mp4", "no_duration.webm")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Twelve seconds, still but for a word that is shown from 6.6 to 9.4."""

    def paint(canvas, number):
        canvas.rectangle((0, 0, 480, 270), fill="navy")
        if 33 <= number < 47:
            write("LAUNCH", 100)(canvas, number)

    path = tmp_path_factory.mktemp("watch") / "clip.mp4"
    return render_clip(path, fps=5, size=(480, 270), paint=paint)


def told(**values):
    """Return a model that fills what it is asked for with these values, in turn."""
    answers = {key: iter(each) for key, each in values.items()}
    return Scripted(
        fill=lambda n, question, schema: {
            key: next(answers[key]) for key in schema["properties"] if key in answers
        }
    )


def test_prose_is_asked_for_once_more(clip):
    """A first answer that names no time costs a second call, and both are counted."""
    model = told(timestamps=[["somewhere in the middle"], ["00:07.0"]])
    found = find_moments(clip, "launch", llm=chat(model), search=FEW)
    assert found.usage.calls == len(model.shown) == 2
    assert found.timestamps_s == pytest.approx((7.4,), abs=0.6)


@pytest.mark.parametrize("said", ["in the middle", "05:00.0"])
async def test_what_is_on_no_sheet_is_an_error_in_the_end(clip, said):
    """Prose, or a time that the video does not have, twice: the error has the reply."""
    llm = chat(told(timestamps=[[said]] * 2))
    with pytest.raises(ReplyError, match="is no NamedMoments") as caught:
        await afind_moments(clip, "launch", llm=llm, search=FEW)
    assert said in caught.value.reply


def test_a_model_that_sees_nothing_gives_an_even_sample(clip):
    """It names no time: frames are evenly spread with a score of 0, and the answer says so."""
    found = find_moments(clip, "zebra", llm=chat(told(timestamps=[[]])), search=FEW)
    assert found.timestamps_s == ()
    assert [frame.score for frame in found.frames] == [0] * 4
    llm = chat(told(timestamps=[[]], answer=["No."], moments=[[]]))
    seen = watch_video(clip, "zebra?", llm=llm, watching=Watching(strategy="zoom"))
    assert seen.note == "No frame was found to show it, so evenly spread ones were looked at."
    assert seen.usage.calls == 2


def test_the_moments_of_an_answer_have_handles(clip):
    """What the model names is the nearest frame that it was shown; its handle leads to pixels."""
    store = ImageStore()
    llm = chat(told(answer=["At 2 s."], moments=[["00:02.1", "2.0"]]))
    seen = watch_video(clip, "When?", llm=llm, watching=Watching(3), store=store)
    assert [moment.label for moment in seen.moments] == ["00:02.0"]
    assert [moment.label for moment in seen.frames] == ["00:02.0", "00:06.0", "00:10.0"]
    assert seen.moments[0].image.endswith("@00:02.0")
    assert (store.get(seen.moments[0].image).width, seen.note) == (480, "")


def test_an_answer_in_no_form_is_an_error(clip):
    """Moments that are no times, twice."""
    llm = chat(told(answer=["Yes."] * 2, moments=[["soon"]] * 2))
    with pytest.raises(ReplyError, match="is no SeenInVideo"):
        watch_video(clip, "When?", llm=llm, watching=Watching(2))


@pytest.mark.parametrize("name", NAMES)
async def test_real_files_are_watched_sync_and_async(shared, name):
    """MOV, MP4 and a recording without a duration give the same frames either way."""
    path = shared / "videos" / name
    llm = chat(told(answer=["People."] * 2, moments=[["0"]] * 2))
    once = watch_video(path, "Who?", llm=llm, watching=Watching(3, between=(1, 4)))
    again = await awatch_video(path, "Who?", llm=llm, watching=Watching(3, between=(1, 4)))
    assert once == again
    assert len(once.frames) == 3
    assert all(1 <= moment.timestamp_s < 4.1 for moment in once.frames)


def tool(clip, llm, **settings):
    """Return the tool over the folder of a clip."""
    return WatchVideo(llm=llm, sources=ImageSources(roots=[clip.parent]), **settings)


def test_the_tool_answers_with_moments(clip):
    """A model gets the answer as data, and the moments with handles; `start` and `end` count."""
    watch = tool(clip, chat(told(answer=["LAUNCH"], moments=[["00:07.0"]])), watching=Watching(2))
    call = {"video": "clip.mp4", "question": "What?", "start": "0:06", "end": "8"}
    message = watch.invoke({"name": watch.name, "args": call, "id": "1", "type": "tool_call"})
    assert "LAUNCH\n</picture_text>\nShown at: 00:07.4 (vid_" in message.content
    assert [m.label for m in message.artifact.frames] == ["00:06.4", "00:07.4"]
    assert watch.store.get(message.artifact.moments[0].image).width == 480


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ({"video": "nope.mp4"}, "nope.mp4"),
        ({"video": "/etc/passwd"}, "use the handle of an image you were given"),
        ({"video": "http://localhost/a.mp4"}, "no hosts are named"),
        ({"video": "data:video/mp4;base64,AAAA"}, "cannot be passed to a tool"),
        ({"video": "clip.mp4", "start": "soon"}, "start: .*'soon' is no time"),
        ({"video": "clip.mp4", "start": "99"}, "another video"),
    ],
)
def test_the_tool_tells_a_model_what_to_do(clip, call, problem):
    """A wrong file or time is an answer that it can act on, and nothing is asked."""
    model = told()
    message = tool(clip, chat(model)).invoke(
        {"name": "watch_video", "args": {"question": "?", **call}, "id": "1", "type": "tool_call"}
    )
    assert message.status == "error"
    assert re.search(problem, message.content), message.content
    assert model.shown == []


class _Suite:
    @pytest.fixture(autouse=True)
    def _clip(self, clip):
        self.clip = clip

    @property
    def tool_constructor(self):
        model = Scripted(fill=lambda *_: {"answer": "A word.", "moments": ["00:07.0"]})
        return tool(self.clip, chat(model), watching=Watching(2))

    @property
    def tool_invoke_params_example(self):
        return {"video": "clip.mp4", "question": "What is shown?"}


class TestWatchVideoUnit(_Suite, ToolsUnitTests):
    pass


class TestWatchVideoIntegration(_Suite, ToolsIntegrationTests):
    pass


@pytest.fixture
def gptv(monkeypatch):
    """The command, with the embedded engine."""
    monkeypatch.setenv("GPTV_MODEL", "gptv-local")
    return lambda *words: CliRunner().invoke(app, ["video", *map(str, words)])


@pytest.mark.usefixtures("engine")
def test_the_command_reads_where_the_query_is_shown(gptv, clip, tmp_path):
    """The word is read, frames outside its moment are not shown, and the sheet is written."""
    out = tmp_path / "sheet.png"
    options = ("--query", "launch", "--frames", 2, "--json", "--sheet", out)
    done = gptv(clip, "What text do you read?", *options)
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert "LAUNCH" in answer["answer"]
    assert all(6.6 <= frame["timestamp_s"] < 9.4 for frame in answer["frames"])
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "error", "problem"),
    [
        (("--between", "3"), VideoError, "'3' is no part of a video. Write it as 0:10-0:20"),
        (("--between", "50-60"), VideoError, "is no part of"),
        (("--frames", "65"), PlanError, "--frames 65 must be from 1 to 64"),
        (("--query", "x", "--strategy", "even"), PlanError, "would be lost"),
    ],
)
def test_the_command_refuses_what_cannot_be(gptv, clip, words, error, problem):
    """The error names the option and how to write it."""
    done = gptv(clip, "What?", *words)
    assert isinstance(done.exception, error)
    assert problem in str(done.exception)
