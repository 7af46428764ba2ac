"""A long video is shown to be looked at: frame by frame, then the model."""

import pytest

pytest.importorskip("av", reason="the extra 'video' is not installed")

from clips import render_clip
from scripted_model import Scripted, chat

from langchain_gptv import sample_frames
from langchain_gptv.tools import Watching, watch_video


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Twelve seconds of blue."""

    def paint(canvas, number):
        canvas.rectangle((0, 0, 96, 54), fill="navy")

    path = tmp_path_factory.mktemp("progress") / "clip.mp4"
    return render_clip(path, fps=5, size=(96, 54), paint=paint)


class Nothing:
    """Scores every frame 0."""

    def score(self, frames, query):
        return [0.0 for _ in frames]


@pytest.mark.parametrize(
    ("strategy", "more", "looks"),
    [
        ("even", {}, 3),
        ("scenes", {}, 12),
        ("query", {"query": "a bus", "scorer": Nothing()}, 20),
    ],
)
def test_each_frame_that_is_looked_at_is_told(clip, strategy, more, looks):
    """Scenes and queries look at more frames than they yield, and each of them takes time."""
    told = []
    frames = sample_frames(
        clip, 3, strategy=strategy, on_look=lambda *counts: told.append(counts), **more
    )
    assert 1 <= len(list(frames)) <= 3
    assert told == [(number, looks) for number in range(1, looks + 1)]


def test_watching_shows_the_frames_and_then_the_model(clip):
    """The bar reaches its end before the model is asked, and its last line tells the cost."""
    shown, ended = [], []

    class Bar:
        def show(self, standing):
            shown.append((standing.finished, standing.total, standing.note))

        def close(self, last_line):
            ended.append(last_line)

    llm = chat(Scripted(fill=lambda *_: {"answer": "A wall.", "moments": []}))
    seen = watch_video(clip, "What is it?", llm=llm, watching=Watching(3), progress=Bar())
    assert seen.answer == "A wall."
    assert shown == [(1, 3, "looking"), (2, 3, "looking"), (3, 3, "asking the model")]
    assert ended == ["3 frames shown in 1 call for $0.0000."]


def test_watching_is_quiet_by_default(clip, capsys):
    """An agent's tool writes nothing to the terminal."""
    llm = chat(Scripted(fill=lambda *_: {"answer": "A wall.", "moments": []}))
    watch_video(clip, "What is it?", llm=llm, watching=Watching(3))
    assert capsys.readouterr() == ("", "")
