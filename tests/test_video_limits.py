"""What a hostile video may cost: pixels, time, and the errors that its damage ends in."""

import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

from boxes import with_box, with_edits  # noqa: E402
from clips import render_clip  # noqa: E402

from langchain_gptv import sample_frames  # noqa: E402
from langchain_gptv.exceptions import (  # noqa: E402
    CorruptVideoError,
    VideoError,
    VideoLimitError,
    VideoTimeoutError,
)
from langchain_gptv.vision.video import limits  # noqa: E402


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Six seconds of 320 x 180 with a keyframe every two."""
    return render_clip(tmp_path_factory.mktemp("limits") / "clip.mp4")


def test_frames_of_too_many_pixels_are_not_decoded(clip, monkeypatch):
    """The error has the size, the limit and the way out."""
    monkeypatch.setattr(limits, "MAX_PIXELS", 50_000)
    with pytest.raises(
        VideoLimitError, match=r"has 320 x 180 pixels, more than 50,000 of a frame"
    ) as told:
        sample_frames(clip)
    assert (told.value.width, told.value.height) == (320, 180)


def test_a_frame_that_is_a_line_is_not_decoded(clip, monkeypatch):
    """It may have few pixels; scaling it takes more memory than scaling a picture."""
    monkeypatch.setattr(limits, "MAX_SIDE", 300)
    with pytest.raises(VideoLimitError, match=r"has 320 x 180 pixels, .* 300 of its side"):
        sample_frames(clip)


def test_frames_that_grow_on_the_way_are_left_out(tmp_path, monkeypatch):
    """A stream may change its size; what is too large later on is not decoded either."""
    monkeypatch.setattr(limits, "MAX_PIXELS", 50_000)
    small, large = (
        render_clip(tmp_path / f"{at}.ts", 30, times=[at + n / 10 for n in range(30)], size=size)
        for at, size in ((0, (160, 96)), (3, (320, 180)))
    )
    frames = list(sample_frames(small.read_bytes() + large.read_bytes(), 8, exact=True))
    assert {(frame.image.width, frame.image.height) for frame in frames} == {(160, 96)}


def test_a_picture_made_of_wide_pixels_stays_within_the_limit(monkeypatch):
    """A file may say that a pixel is a hundred times as wide as it is high."""
    monkeypatch.setattr(limits, "MAX_PIXELS", 50_000)
    width, height = limits.fit(320 * 100, 180, None)
    assert width * height == pytest.approx(50_000, rel=0.05)
    assert width > 100 * height


@pytest.mark.parametrize("exact", [False, True])
def test_a_frame_has_its_time(clip, exact):
    """When there is none in time it is an error that is the builtin one too, and says how long."""
    with pytest.raises(VideoTimeoutError, match=r"shows no frame within 1e-09 s\. Pass a larger"):
        list(sample_frames(clip, exact=exact, timeout=1e-9))
    with pytest.raises(TimeoutError, match="within 1e-09 s") as told:
        list(sample_frames(clip.with_suffix(".mp4"), timeout=1e-9))
    assert told.value.seconds == 1e-9


def test_time_that_a_caller_takes_does_not_count(clip):
    """A model may think for as long as it likes between two frames."""
    frames = sample_frames(clip, 3, exact=True, timeout=0.5)
    for _ in range(3):
        time.sleep(0.6)
        assert next(frames).image.width == 320


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_no_time_at_all_is_refused(clip, timeout):
    """The value is named."""
    with pytest.raises(ValueError, match=r"timeout=\S+ must be above 0 seconds"):
        sample_frames(clip, timeout=timeout)


STBL = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def listing(data: bytes, frames: int) -> bytes:
    """Return a clip whose table says that it has so many frames of one byte, all in one place."""
    for name, body in (
        (b"stsz", struct.pack(">III", 0, 1, frames)),
        (b"stsc", struct.pack(">IIIII", 0, 1, 1, frames, 1)),
        (b"stts", struct.pack(">IIII", 0, 1, frames, 1200)),
        (b"ctts", struct.pack(">IIII", 0, 1, frames, 1200)),
    ):
        data = with_box(data, (*STBL, name), lambda _, body=body: body)
    return data


def test_a_table_of_more_frames_than_bytes_is_refused(clip):
    """Of 20 million frames in 10 kB FFmpeg would make a list of half a gigabyte."""
    data = listing(clip.read_bytes(), 20_000_000)
    with pytest.raises(
        VideoLimitError, match=r"lists 20,000,000 frames and 1 edits in 10,\d+ bytes"
    ):
        sample_frames(data)


def test_edits_that_multiply_frames_are_refused(clip):
    """Of 70 kB that show 5,000 frames 5,000 times FFmpeg would list 25 million."""
    data = with_edits(listing(clip.read_bytes(), 5000), *[(1000, 1200 * 4950)] * 5000)
    with pytest.raises(VideoLimitError, match="lists 5,000 frames and 5,000 edits"):
        sample_frames(data)


def test_a_long_piece_that_is_cut_off_is_refused(clip):
    """FFmpeg seeks through it step by step, from each of its frames to each other."""
    data = with_box(clip.read_bytes(), (b"free",), lambda _: bytes(100_000))
    with pytest.raises(VideoLimitError, match="cuts off more than 30,000 frames in one piece"):
        sample_frames(listing(data, 60_000))


def test_fragments_of_more_frames_than_bytes_are_refused(tmp_path):
    """Each fragment of a few bytes may state two billion frames."""
    how = {"movflags": "frag_keyframe+empty_moov"}
    data = render_clip(tmp_path / "clip.mp4", muxing=how).read_bytes()
    assert len(list(sample_frames(data, 3))) == 3
    at = data.index(b"trun") + 8
    with pytest.raises(VideoLimitError, match=r"lists 2,147,\d+,\d+ frames"):
        sample_frames(data[:at] + struct.pack(">I", 0x7FFFFFFF) + data[at + 4 :])


def test_a_box_longer_than_any_file_is_damage(clip):
    """A size of 64 bits may be more than a file can be sought to."""
    data = struct.pack(">I4sQ", 1, b"free", 2**64 - 1) + clip.read_bytes()
    with pytest.raises(VideoError, match="no video file"):
        sample_frames(data)


def test_a_compressed_table_is_refused(clip):
    """What is in it could not be counted."""
    data = clip.read_bytes().replace(b"mvhd", b"cmov")
    with pytest.raises(VideoLimitError, match="has a compressed table of contents"):
        sample_frames(data)


# What changed inputs once broke


def test_a_title_in_other_letters_than_utf8(tmp_path):
    """Metadata is not read here, so no letter in it is an error."""
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "AAAA"
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    data = path.read_bytes()
    assert data.count(b"AAAA") == 1
    assert len(list(sample_frames(data.replace(b"AAAA", b"\xe9\xff\xfe\xe4"), 2))) == 2


def test_an_unknown_codec_is_named_as_such(clip):
    """A stream of pictures for which there is no decoder is an error of ours."""
    data = clip.read_bytes().replace(b"avc1", b"zzz1").replace(b"avcC", b"zzzC")
    with pytest.raises(CorruptVideoError, match="encoded in a way that FFmpeg does not know"):
        sample_frames(data)


@pytest.mark.parametrize("name", ["hevc_threads.mp4", "vp9_threads.webm"])
def test_damage_that_threads_do_not_survive(name):
    """FFmpeg's threads stand still over the one and end the process over the other."""
    code = "import sys; from fuzz.videos import sample; sample(open(sys.argv[1], 'rb').read())"
    here = Path(__file__).parent
    command = [sys.executable, "-W", "ignore", "-c", code, str(here / "data" / name)]
    subprocess.run(command, cwd=here, timeout=60, check=True)


def test_damage_that_ends_a_seek_is_damage(clip):
    """FFmpeg says "not permitted" of a seek that fails; it is no matter of permission."""
    path = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stco")
    data = with_box(clip.read_bytes(), path, lambda body: body[:4] + bytes(4) + body[8:])
    with pytest.raises(CorruptVideoError, match="or damaged"):
        list(sample_frames(data))
