"""Bad videos: each kind has its error, or gives what is there and says so."""

import io
import wave

import numpy as np
import pytest

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

from clips import render_clip  # noqa: E402

from langchain_gptv import sample_frames  # noqa: E402
from langchain_gptv.exceptions import (  # noqa: E402
    CorruptVideoError,
    EncryptedVideoError,
    NoVideoStreamError,
    TruncatedVideoWarning,
    VideoError,
    VideoNotFoundError,
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Twenty seconds whose table of contents stands at the front."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return render_clip(path, 200, muxing={"movflags": "faststart"})


def test_a_missing_file_and_a_directory(tmp_path):
    """They are the builtin error too."""
    with pytest.raises(VideoNotFoundError, match=r"'.*none\.mp4' does not exist.*relative to"):
        sample_frames(tmp_path / "none.mp4")
    with pytest.raises(FileNotFoundError, match="is a directory, not a video"):
        sample_frames(tmp_path)


def test_a_url_is_not_opened():
    """FFmpeg never gets a URL; the error says where one belongs."""
    with pytest.raises(VideoError, match=r"is a URL, and videos are not fetched here.*video_block"):
        sample_frames("https://example.com/a.mp4")


@pytest.mark.parametrize("source", [42, None, ["a.mp4"]])
def test_what_is_no_source(source):
    """Another type is named."""
    with pytest.raises(VideoError, match=f"A {type(source).__name__} is no video"):
        sample_frames(source)


@pytest.mark.parametrize("data", [b"", b"<html>", b"\0" * 5000, b"#EXTM3U\nfile:///etc/passwd\n"])
def test_what_is_no_video(data):
    """Emptiness, a page, zeros and a playlist of other files are refused."""
    with pytest.raises(CorruptVideoError, match="no video file, or is truncated before its table"):
        sample_frames(data)


def test_truncated_before_its_table_of_contents(tmp_path):
    """A file whose table was at its end and is lost cannot be opened."""
    whole = render_clip(tmp_path / "clip.mp4").read_bytes()
    with pytest.raises(CorruptVideoError, match="truncated before its table of contents"):
        sample_frames(whole[: len(whole) // 2])


def test_truncated_behind_its_table_gives_what_is_there(clip):
    """Frames come from the part that is there, spread over it; a warning tells how much that is."""
    whole = clip.read_bytes()
    with pytest.warns(
        TruncatedVideoWarning, match=r"of 20\.0 s only the first \d+\.\d s are there"
    ):
        frames = list(sample_frames(whole[: int(len(whole) * 0.6)], 10, exact=True))
    assert len(frames) >= 9
    assert 6 < frames[-1].timestamp_s < 15


def test_truncated_before_the_first_frame(clip):
    """With nothing to decode it is an error, not an empty list."""
    whole = clip.read_bytes()
    start = whole.index(b"mdat") + 60
    with pytest.raises(CorruptVideoError, match="breaks off before its first frame"):
        list(sample_frames(whole[:start]))


def test_damage_in_the_middle_leaves_the_rest(clip):
    """Zeros over a second of the file do not end the sample; times stay exact."""
    data = bytearray(clip.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 20] = bytes(len(data) // 20)
    frames = list(sample_frames(bytes(data), 10, exact=True))
    assert len(frames) >= 8
    assert frames[-1].timestamp_s > 18


def test_sound_alone():
    """The error says what the file has instead."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16000))
    with pytest.raises(NoVideoStreamError, match="no video stream, only audio"):
        sample_frames(buffer.getvalue())


def test_a_stream_without_frames(tmp_path):
    """A recording that was stopped at once has no picture."""
    path = tmp_path / "clip.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.start_encoding()
    with pytest.raises(VideoError, match="without a frame|no video stream, only nothing"):
        sample_frames(path)


def test_an_encrypted_file(tmp_path):
    """Copy protection is told from damage."""
    scheme = {
        "encryption_scheme": "cenc-aes-ctr",
        "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
        "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
    }
    path = render_clip(tmp_path / "clip.mp4", 20, muxing=scheme)
    with pytest.raises(EncryptedVideoError, match="is encrypted"):
        sample_frames(path)


def test_a_song_with_a_cover_is_no_video(tmp_path):
    """A picture that is attached to sound is not taken for a stream of one frame."""
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=16000, layout="mono")
        cover = container.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        for place in range(8):
            silence = np.zeros((1, 1024), np.float32)
            frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, place * 1024
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
        picture = av.VideoFrame(64, 64, "rgb24")
        picture.pts = 0
        container.mux(cover.encode(picture))
        container.mux(cover.encode(None))
    with pytest.raises(NoVideoStreamError, match="no video stream"):
        sample_frames(path)
