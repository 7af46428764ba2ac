"""Temporal zoom, as recorded: the model is sent a sheet of a whole video, and names moments on it.

Decoding without loss is the same in every build of FFmpeg, and nothing is scaled here, so the sheet
is the same to the last pixel wherever this runs.
"""

import pytest

pytest.importorskip("av", reason="the extra 'video' is not installed")

from clips import picture, render_clip, write
from conftest import CASSETTES
from PIL import ImageChops
from vcr.errors import CannotOverwriteExistingCassetteException as NotInCassette

from langchain_gptv import ChatGPTV, sample_frames
from langchain_gptv.testing import make_vcr
from langchain_gptv.tools import MomentSearch, Watching, afind_moments, awatch_video, find_moments

SIZE = (192, 108)
"""As wide as a cell of the sheet."""

SHOWN = range(33, 47)
FEW = MomentSearch(count=4, cells=12)


def is_shown(seconds: float) -> bool:
    """Tell whether the word stands in the frame of a moment."""
    return SHOWN[0] / 5 <= seconds <= SHOWN[-1] / 5


def paint(canvas, number):
    """Show a word from 6.6 s to 9.2 s."""
    canvas.rectangle((0, 0, *SIZE), fill="navy")
    if number in SHOWN:
        write("LAUNCH", 36)(canvas, number)


def render(folder, paint=paint):
    """Write twelve seconds, still but for the word, without loss."""
    lossless = {"codec": "ffv1", "pix_fmt": "bgr0", "keyframe_every": 1}
    return render_clip(folder / "clip.mkv", fps=5, size=SIZE, paint=paint, **lossless)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A word in the middle of twelve seconds."""
    return render(tmp_path_factory.mktemp("zoom"))


def test_frames_of_a_lossless_clip_are_what_was_painted(clip):
    """Not a level of a pixel is changed on the way, so the recordings below hold everywhere."""
    for frame in sample_frames(clip, 12, max_side=192):
        painted = picture(frame.frame_index, SIZE, paint)
        assert ImageChops.difference(frame.image.to_pil(), painted).getbbox() is None


@pytest.mark.vcr
def test_a_model_names_the_moments_on_one_sheet(service, vcr, clip):
    """One request with one picture; the second pass lies where the word is, exact to the frame."""
    found = find_moments(clip, "the launch", llm=ChatGPTV(**service.openai()), search=FEW)
    assert vcr is None or len(vcr.requests) == found.usage.calls == 1
    assert len(found.timestamps_s) >= 2
    assert all(map(is_shown, found.timestamps_s))
    times = [frame.timestamp_s for frame in found.frames]
    assert times == sorted(times)
    assert 2 <= len(times) <= 4
    assert max(frame.score for frame in found.frames) == 1


@pytest.mark.vcr
async def test_async_it_is_the_same(service, clip):
    """The coroutine sends the same sheet and finds the same moments."""
    found = await afind_moments(clip, "the launch", llm=ChatGPTV(**service.openai()), search=FEW)
    assert len(found.timestamps_s) >= 2
    assert all(map(is_shown, found.timestamps_s))


@pytest.mark.vcr
def test_what_no_frame_shows_is_not_found(service, clip):
    """The model names no time: frames are evenly spread, and their score is 0."""
    found = find_moments(clip, "a zebra", llm=ChatGPTV(**service.openai()), search=FEW)
    assert found.timestamps_s == ()
    assert [frame.score for frame in found.frames] == [0] * 4


@pytest.mark.vcr
async def test_watching_by_zoom_answers_from_the_moment(service, clip):
    """A first call finds the moment on the sheet, a second reads frames of it."""
    seen = await awatch_video(
        clip,
        "What text do you read?",
        llm=ChatGPTV(**service.openai()),
        watching=Watching(count=2, strategy="zoom", query="launch"),
    )
    assert "LAUNCH" in seen.answer
    assert all(is_shown(frame.timestamp_s) for frame in seen.frames)
    assert seen.usage.calls == 2


def test_another_sheet_is_not_answered(tmp_path, clip):
    """One dot in one frame makes another picture, which the recording has no answer to."""

    def dotted(canvas, number):
        paint(canvas, number)
        if number == 12:
            canvas.point((100, 100), fill="white")

    name = test_a_model_names_the_moments_on_one_sheet.__name__
    recorded = make_vcr(cassette_library_dir=str(CASSETTES / "test_video_zoom"))
    model = ChatGPTV(model="gptv-local", base_url="http://127.0.0.1/v1", api_key="not-needed")
    with recorded.use_cassette(f"{name}.yaml"):
        assert find_moments(clip, "the launch", llm=model, search=FEW).timestamps_s
    with (
        recorded.use_cassette(f"{name}.yaml"),
        pytest.raises(NotInCassette, match=r"image 1: (\S+) \w+\.\.\. recorded, \1 \w+\.\.\. sent"),
    ):
        find_moments(render(tmp_path, dotted), "the launch", llm=model, search=FEW)
