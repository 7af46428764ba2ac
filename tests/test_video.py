"""Frames of videos: which, when, and what is in them."""

import functools
import gc
import io
import json
import warnings
from itertools import pairwise

import pytest

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

from clips import packet_times, read_number, render_clip, write  # noqa: E402

from langchain_gptv import sample_frames  # noqa: E402
from langchain_gptv.vision.timestamps import format_timestamp, parse_timestamp  # noqa: E402
from langchain_gptv.vision.video import keyframes  # noqa: E402
from langchain_gptv.vision.video.decode import Target, decode_at  # noqa: E402
from langchain_gptv.vision.video.file import open_video  # noqa: E402

UNEVEN = [number / 30 for number in range(30)] + [1 + number / 4 for number in range(20)]
CLIPS = {
    "b-frames": ("clip.mp4", {}),
    "mov": ("clip.mov", {}),
    "mkv": ("clip.mkv", {}),
    "webm": ("clip.webm", {"codec": "libvpx", "count": 20, "keyframe_every": 8}),
    "h265": ("clip.mp4", {"codec": "libx265"}),
    "uneven": ("clip.mp4", {"times": UNEVEN, "count": 50}),
    "uneven mkv": ("clip.mkv", {"times": UNEVEN, "count": 50}),
    "all keyframes": ("clip.mp4", {"keyframe_every": 1}),
    "one keyframe": ("clip.mp4", {"keyframe_every": 1000}),
    "fragments": ("clip.mp4", {"muxing": {"movflags": "frag_keyframe+empty_moov"}}),
    "starts late": ("clip.mkv", {"times": [7 + number / 10 for number in range(60)]}),
    "transport stream": ("clip.ts", {}),
}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Six seconds at 10 frames per second, a keyframe every two."""
    return render_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """Return the clip of a kind; each is written once."""

    @functools.cache
    def render(kind):
        name, settings = CLIPS[kind]
        return render_clip(tmp_path_factory.mktemp("kind") / name, **settings)

    return render


@pytest.mark.parametrize("exact", [False, True])
def test_every_timestamp_is_that_of_a_true_frame(shared, exact):
    """Of a real clip with six streams, index and time of each frame are as a full decode says."""
    told = json.loads((shared / "videos" / "nasa_13013.stream3_frames.json").read_text())
    truth = [float(frame["pts_time"]) for frame in told]
    frames = list(sample_frames(shared / "videos" / "nasa_13013.mp4", exact=exact))
    assert len(frames) == 20
    for place, frame in enumerate(frames):
        assert frame.timestamp_s == pytest.approx(truth[frame.frame_index], abs=1e-5)
        if exact:
            moment = (place + 0.5) * 13.013 / 20
            nearest = min(truth, key=lambda time: abs(time - moment))
            assert frame.timestamp_s == pytest.approx(nearest, abs=1e-5)


@pytest.mark.parametrize("name", ["sample_10s.mov", "sample_10s.mp4", "no_duration.webm"])
@pytest.mark.parametrize("as_bytes", [False, True])
def test_real_files_of_each_kind(shared, name, as_bytes):
    """MOV, MP4 and a recording without a duration give 20 frames from a path and from bytes."""
    path = shared / "videos" / name
    frames = list(sample_frames(path.read_bytes() if as_bytes else path))
    truth = packet_times(path)
    assert len(frames) == 20
    assert all(max(frame.image.width, frame.image.height) <= 512 for frame in frames)
    for frame in frames:
        assert frame.timestamp_s == pytest.approx(truth[frame.frame_index], abs=1e-6)


@pytest.mark.parametrize("strategy", ["even", "scenes"])
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("kind", CLIPS)
def test_the_picture_is_the_one_that_the_timestamp_promises(rendered, kind, exact, strategy):
    """The number in the pixels is `frame_index`, whose packet has that time, in every container."""
    path = rendered(kind)
    truth = packet_times(path)
    frames = list(sample_frames(path, 9, exact=exact, strategy=strategy))
    assert len(frames) == 9
    for frame in frames:
        number = read_number(frame.image.to_pil())
        assert number == frame.frame_index
        assert frame.timestamp_s == pytest.approx(truth[number], abs=1e-6)


@pytest.mark.parametrize("kind", ["b-frames", "uneven", "uneven mkv", "starts late"])
def test_exact_means_the_nearest_frame(rendered, kind):
    """Each moment gets the frame that is shown nearest to it, whatever the frame rate does."""
    path = rendered(kind)
    truth = packet_times(path)
    with open_video(path) as file:
        start, end = file.clip(None)
    moments = [start + (place + 0.5) * (end - start) / 13 for place in range(13)]
    nearest = [min(truth, key=lambda time: abs(time - moment)) for moment in moments]
    frames = list(sample_frames(path, 13, exact=True))
    assert [frame.timestamp_s for frame in frames] == pytest.approx(nearest, abs=1e-6)


def test_every_frame_when_more_are_asked_for(clip):
    """A clip of 60 frames gives each of them once, in order, when 300 are wanted."""
    frames = list(sample_frames(clip, 300))
    assert [frame.frame_index for frame in frames] == list(range(60))


def test_near_takes_keyframes_and_exact_does_not(tmp_path):
    """Within a tenth of the spacing a keyframe is taken; with exact=True the nearest frame is."""
    path = render_clip(tmp_path / "clip.mp4", 104, keyframe_every=5)
    near, exact = (list(sample_frames(path, 2, exact=exact)) for exact in (False, True))
    assert [frame.frame_index % 5 for frame in near] == [0, 0]
    assert [frame.frame_index for frame in exact] == [26, 78]
    assert [frame.frame_index for frame in near] == [25, 80]


def test_wide_pixels_are_made_square(tmp_path):
    """A frame stored narrow, to be shown wide, comes wide."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        container.mux(stream.encode(av.VideoFrame(320, 180, "yuv420p")))
        container.mux(stream.encode())
    assert next(sample_frames(path, 1, max_side=None)).image.width == 640


def test_no_frame_is_larger_than_asked_or_than_stored(clip):
    """`max_side` scales down and keeps the shape; a small video is not enlarged."""
    sizes = [
        (frame.image.width, frame.image.height)
        for side in (64, 512, None)
        for frame in sample_frames(clip, 1, max_side=side)
    ]
    assert sizes == [(64, 36), (320, 180), (320, 180)]


def test_a_part_of_a_video(clip):
    """With `between` all frames lie inside, keyframes too; an end behind the video's is its end."""
    inside = [frame.frame_index for frame in sample_frames(clip, 5, between=(2, 4))]
    assert inside == [22, 26, 30, 34, 38]
    late = [frame.timestamp_s for frame in sample_frames(clip, 5, between=(5, 99))]
    assert min(late) >= 5
    assert len(late) == 5


@pytest.mark.parametrize("between", [(6, 7), (-1, 3), (3, 3), (4, 2)])
def test_a_part_outside_is_refused(clip, between):
    """The error names the part and how long the video is."""
    from langchain_gptv.exceptions import VideoRangeError

    with pytest.raises(VideoRangeError, match=r"is no part of .* lasts from 0\.00 s to 6\.00 s"):
        sample_frames(clip, between=between)


def test_a_large_file_without_a_full_table(tmp_path, monkeypatch):
    """Of a large Matroska file only its table of keyframes is read; the index stays unknown."""
    path = render_clip(tmp_path / "clip.mkv", 200, keyframe_every=10)
    monkeypatch.setattr(keyframes, "WALKED_BYTES", 1000)
    frames = list(sample_frames(path, 5))
    assert [frame.frame_index for frame in frames] == [None] * 5
    truth = packet_times(path)
    for frame in frames:
        number = read_number(frame.image.to_pil())
        assert frame.timestamp_s == pytest.approx(truth[number], abs=1e-6)


def test_open_groups_of_pictures_are_counted_right(tmp_path):
    """Frames that are decoded after a keyframe and shown before it count before it."""
    options = {
        "preset": "veryfast",
        "x265-params": "log-level=none:bframes=3:open-gop=1:keyint=20:min-keyint=20:scenecut=0",
    }
    path = render_clip(tmp_path / "clip.mp4", 100, codec="libx265", options=options)
    for exact in (False, True):
        frames = list(sample_frames(path, 7, exact=exact))
        assert [read_number(f.image.to_pil()) for f in frames] == [f.frame_index for f in frames]


def test_ten_hours_cost_no_more_than_their_frames(tmp_path):
    """Of ten hours five keyframes are decoded and nothing else; labels have hours."""
    times = [36 * number for number in range(1000)]
    path = render_clip(tmp_path / "clip.mp4", 1000, times=times, size=(160, 32))
    with open_video(path) as file:
        list(decode_at(file, ()))
        assert file.end_s == pytest.approx(36_000, abs=40)
    frames = list(sample_frames(path, 5))
    assert [frame.frame_index for frame in frames] == [100, 300, 500, 700, 900]
    assert [read_number(frame.image.to_pil()) for frame in frames] == [100, 300, 500, 700, 900]
    assert frames[-1].label == "9:00:00.0"


def test_scenes_gives_each_scene_its_frame(tmp_path):
    """Three scenes, one of them short, all appear among four frames; even frames miss one."""
    colors = {range(45): "red", range(45, 52): "lime", range(52, 100): "blue"}

    def paint(canvas, number):
        color = next(color for part, color in colors.items() if number in part)
        canvas.rectangle((0, 30, 320, 180), fill=color)

    path = render_clip(tmp_path / "clip.mp4", 100, paint=paint)

    def scenes(strategy):
        found = [frame.frame_index for frame in sample_frames(path, 4, strategy=strategy)]
        return {color for index in found for part, color in colors.items() if index in part}

    assert scenes("scenes") == {"red", "lime", "blue"}
    assert scenes("even") == {"red", "blue"}


@pytest.mark.parametrize(
    ("count", "side", "strategy", "problem"),
    [
        (0, 512, "even", "count=0 must be from 1"),
        (1, 3, "even", "max_side=3 must be at least 16"),
        (1, 512, "random", "strategy='random' is none of even, scenes, query"),
        (1, 512, "query", r"needs query=\.\.\. and observer"),
    ],
)
def test_impossible_settings_are_refused(clip, count, side, strategy, problem):
    """Each names the value and the rule, before the file is opened."""
    with pytest.raises(ValueError, match=problem):
        sample_frames(clip, count, max_side=side, strategy=strategy)


def test_the_iterator_closes_the_file_on_every_path(clip):
    """Taken to its end, closed, dropped before or after its first frame: nothing stays open."""

    def opened():
        gc.collect()
        from pathlib import Path

        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return sum(str(link.readlink()) == str(clip) for link in links if link.exists())

    before = opened()
    list(sample_frames(clip, 2))
    dropped = sample_frames(clip, 2)
    assert opened() == before + 1
    del dropped
    taken = sample_frames(clip, 2)
    next(taken)
    taken.close()
    for between in ((50, 60), None):
        try:
            next(sample_frames(clip, 2, between=between))
        except ValueError:
            continue
    assert opened() == before


def test_a_file_object_stays_open(clip):
    """Whoever opened a file closes it."""
    with clip.open("rb") as file:
        assert len(list(sample_frames(file, 3))) == 3
        assert not file.closed


def test_frames_come_one_by_one(clip):
    """A consumer that stops early does not pay for the rest."""
    with open_video(clip) as file:
        taken = []
        ticks = round(1 / file.time_base)

        def targets():
            for place in range(6):
                taken.append(place)
                yield Target(place * ticks)

        next(decode_at(file, targets()))
        assert taken == [0]


def test_without_pyav_it_says_what_to_install(clip, monkeypatch):
    """A missing extra is named, be it pictures or sound that is asked for."""
    import sys

    from langchain_gptv.exceptions import MissingExtraError
    from langchain_gptv.transcripts import extract_audio

    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r'langchain-gptv\[video\]"'):
        sample_frames(clip)
    with pytest.raises(MissingExtraError, match=r'langchain-gptv\[video\]"'):
        extract_audio(clip)


@pytest.mark.parametrize(
    ("seconds", "label"),
    [
        (0, "00:00.0"),
        (12.46, "00:12.5"),
        (59.97, "01:00.0"),
        (3725, "1:02:05.0"),
        (-0.5, "-00:00.5"),
    ],
)
def test_labels(seconds, label):
    """Minutes and seconds to a tenth, rounded as a whole."""
    assert format_timestamp(seconds) == label


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:12.5", 12.5), ("1:02:05", 3725), (" 90 s ", 90), ("75:30", 4530)]
)
def test_times_are_read_as_people_write_them(text, seconds):
    """With and without hours, and seconds alone; exactly what is written is read again."""
    assert parse_timestamp(text) == seconds
    assert parse_timestamp(format_timestamp(seconds + 0.123, places=3)) == seconds + 0.123


@pytest.mark.parametrize("text", ["", "soon", "1:75", "-1", "00:12:", "١"])
def test_what_is_no_time_is_an_error(text):
    """It says how to write one."""
    with pytest.raises(ValueError, match="is no time. Write it as 00:12.5"):
        parse_timestamp(text)


def test_a_frame_shows_itself_in_a_notebook(clip):
    """As the picture that it is."""
    frame = next(sample_frames(clip, 1))
    assert frame._repr_png_() == frame.image._repr_png_()
    assert frame._repr_png_().startswith(b"\x89PNG")


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("settings", "strategies"),
    [
        ({}, ("even", "scenes", "query")),
        ({"rotation": 90}, ("even",)),
        ({"times": UNEVEN, "count": 50}, ("even",)),
    ],
)
def test_the_engine_reads_the_number_that_the_timestamp_promises(
    engine, tmp_path, settings, strategies
):
    """A reader of text finds the burnt-in number, for each strategy."""
    path = render_clip(
        tmp_path / "clip.mp4",
        size=(640, 360),
        paint=_digits if settings.get("rotation") else write("frame {}"),
        **settings,
    )
    for strategy in strategies:
        query = {"query": "frame", "observer": engine} if strategy == "query" else {}
        for frame in sample_frames(path, 1, strategy=strategy, **query):
            lines = engine.observe(frame.image).lines
            read = {word for line in lines for word in line.text.replace("frame", " ").split()}
            assert str(frame.frame_index) in read


def _digits(canvas, number):
    """Write sideways, so that a clip turned by 90 degrees reads upright."""
    import PIL.Image
    import PIL.ImageDraw

    strip = PIL.Image.new("RGB", (320, 100), "black")
    write("frame {}", 50)(_Shifted(PIL.ImageDraw.Draw(strip)), number)
    canvas._image.paste(strip.transpose(PIL.Image.Transpose.ROTATE_270), (300, 20))


class _Shifted:
    def __init__(self, canvas):
        self.canvas = canvas

    def text(self, place, text, **settings):
        self.canvas.text((10, 20), text, **settings)


def test_reading_bytes_twice_gives_the_same(clip):
    """From a path, bytes and an open file come the same frames."""
    data = clip.read_bytes()
    found = [
        [(frame.timestamp_s, frame.image.sha256) for frame in sample_frames(source, 3)]
        for source in (clip, str(clip), data, io.BytesIO(data))
    ]
    assert all(one == other for one, other in pairwise(found))


def test_a_clean_file_gives_no_warning(clip):
    """Nothing is said about a file that is whole."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(sample_frames(clip, 2))
