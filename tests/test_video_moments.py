"""What the embedded engine makes of a sheet of frames: the times of those that show something."""

import pytest

pytest.importorskip("av", reason="the extra 'video' is not installed")
pytest.importorskip("rapidfuzz", reason="the extra 'local' is not installed")

from clips import render_clip, write

from langchain_gptv import Box, contact_sheet, sample_frames
from langchain_gptv.exceptions import CannotFillError
from langchain_gptv.local.moments import name_moments
from langchain_gptv.local.schemas import fill_schema
from langchain_gptv.vision.observations import DetectedObject, Observation, TextLine

TIMES = {
    "type": "object",
    "properties": {"timestamps": {"type": "array", "items": {"type": "string"}}},
    "required": ["timestamps"],
}


@pytest.mark.usefixtures("engine")
def test_a_full_sheet_is_read(engine, tmp_path):
    """Of 64 frames exactly those are named in which the words stand, whatever else is there."""

    def paint(canvas, number):
        canvas.rectangle((0, 0, 480, 270), fill=("navy", "white", "darkgreen")[number // 50 % 3])
        if 100 <= number < 120:
            write("GOAL 3:1", 80)(canvas, number)

    path = render_clip(tmp_path / "clip.mp4", 300, fps=2, size=(480, 270), paint=paint)
    frames = list(sample_frames(path, 64, max_side=192))
    filled, evidence = engine.fill([contact_sheet(frames)], "Which frames show the goal?", TIMES)
    shown = {frame.label for frame in frames if 50 <= frame.timestamp_s < 60}
    assert set(filled["timestamps"]) == shown
    assert {fact.text for fact in evidence} == shown


def sheet(*, without: str = "") -> Observation:
    """Return two rows of two frames: a word in the second, a car in the third."""
    corners = {f"00:0{n}.0": (3 + n % 2 * 194, n // 2 * 130) for n in range(4)}
    times = [
        TextLine(text, 0.9, Box(x, y, x + 55, y + 18))
        for text, (x, y) in corners.items()
        if text != without
    ]
    word = TextLine("LAUNCH", 0.9, Box(300, 60, 380, 90))
    car = DetectedObject("car", 0.8, Box(20, 170, 120, 220))
    return Observation(386, 258, (*times, word), (car,))


@pytest.mark.parametrize(
    ("query", "times"),
    [
        ("What is asked for: the launch", ["00:01.0"]),
        ("Which frames show an automobile?", ["00:02.0"]),
        ("Sheet of frames; none is a zebra.\nWhat is asked for: launch", ["00:01.0"]),
        ("What is asked for: a zebra", []),
    ],
)
def test_words_and_objects_belong_to_the_time_above_them(query, times):
    """Only the last line is the query; where nothing shows it, no time is named."""
    filled, _ = fill_schema([sheet()], query, TIMES)
    assert filled == {"timestamps": times}


def test_a_time_that_was_not_read_leaves_a_hole():
    """What stands under it is not given to the frame beside it."""
    seen = sheet(without="00:01.0")
    assert name_moments(seen, "launch", lambda word: ()) == []


def test_what_is_no_sheet_has_no_moments():
    """Without times in the picture, or with several pictures, nothing is made up."""
    plain = Observation(100, 100, (TextLine("LAUNCH", 0.9, Box(0, 0, 50, 20)),))
    for seen in ([plain], [sheet(), sheet()]):
        with pytest.raises(CannotFillError, match="timestamps"):
            fill_schema(seen, "launch", TIMES)
