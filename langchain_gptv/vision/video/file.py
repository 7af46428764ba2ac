"""A video file, open: its container, the stream that is looked at, and where its keyframes are."""

from __future__ import annotations

import errno
import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from langchain_gptv._urls import is_web_url
from langchain_gptv.exceptions import (
    CorruptVideoError,
    EncryptedVideoError,
    MissingExtraError,
    NoVideoStreamError,
    TruncatedVideoWarning,
    VideoError,
    VideoNotFoundError,
    VideoRangeError,
)
from langchain_gptv.vision.video.keyframes import VideoIndex, read_index
from langchain_gptv.vision.video.limits import FRAME_TIMEOUT_S, Deadline, limit_pixels
from langchain_gptv.vision.video.tables import check_tables

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

VideoSource = str | os.PathLike[str] | bytes | IO[bytes]
"""A path, the bytes of a file, or an open binary file that can seek; it is read from its start."""

# A playlist or a list of files would make FFmpeg open others by itself.
_SAFETY = {
    "format_whitelist": "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,mp3,wav,flac,aac",
    "protocol_whitelist": "file",
}


@dataclass(frozen=True)
class VideoFile:
    """An open video.

    Attributes:
        name: What errors call it.
        container: PyAV's.
        stream: The one with the pictures; of several FFmpeg's choice, as a player makes it.
        deadline: When the next frame must be there.
    """

    name: str
    container: InputContainer
    stream: VideoStream
    deadline: Deadline

    @cached_property
    def index(self) -> VideoIndex:
        """Where its keyframes are; a file that breaks off is warned about.

        Raises:
            NoVideoStreamError: There is no frame in the stream.
            CorruptVideoError: The file breaks off before its first frame.
        """
        index = read_index(self.container, self.stream, self.deadline)
        there, stated = self.seconds(index.end), self._stated_end
        if not index.keyframes:
            if index.is_truncated or (self.stream.frames and self.stream.duration):
                raise CorruptVideoError(
                    f"{self.name} breaks off before its first frame. Copy it anew."
                )
            raise NoVideoStreamError(f"{self.name} has a video stream without a frame.")
        if index.is_truncated:
            warnings.warn(
                f"{self.name} breaks off: of {stated:.1f} s only the first {there:.1f} s are "
                "there, and frames are taken from those. Copy the file anew for the rest.",
                TruncatedVideoWarning,
                stacklevel=2,
            )
        return index

    @property
    def time_base(self) -> Fraction:
        """Seconds of one unit of a pts."""
        return self.stream.time_base or Fraction(1, 90_000)

    @property
    def start_s(self) -> float:
        """When its first frame is shown; nearly always 0."""
        return self.seconds(self.index.start)

    @property
    def end_s(self) -> float:
        """When its last frame that is there ends."""
        return self.seconds(self.index.end)

    def seconds(self, pts: int) -> float:
        """Return the time of a pts."""
        return float(pts * self.time_base)

    def clip(self, between: tuple[float, float] | None) -> tuple[float, float]:
        """Return the part of the video, in seconds, that is in `between`; None is all of it.

        Raises:
            VideoRangeError: There is no such part.
        """
        start, end = self.start_s, self.end_s
        if between is None:
            return start, end
        # A first frame may be shown a little after 0.
        if not min(start, 0) <= between[0] < min(end, between[1]) or between[1] <= start:
            raise VideoRangeError(
                f"between={between} is no part of {self.name}, which lasts from {start:.2f} s to "
                f"{end:.2f} s. Pass (start, end) in seconds within it.",
                between=between,
                start_s=start,
                end_s=end,
            )
        return max(between[0], start), min(between[1], end)

    @property
    def _stated_end(self) -> float:
        if self.stream.duration:
            return self.seconds((self.stream.start_time or 0) + self.stream.duration)
        return (self.container.duration or 0) / 1_000_000


@contextmanager
def open_video(source: VideoSource, timeout: float = FRAME_TIMEOUT_S) -> Iterator[VideoFile]:
    """Open a video for as long as the `with` block lasts.

    Args:
        source: A path, bytes or an open file, which is left open.
        timeout: Seconds until each frame.

    Raises:
        VideoError: It cannot be opened, has no pictures, is encrypted, or over a limit.
        MissingExtraError: The extra "video" is not installed.
    """
    with open_container(source, timeout) as (container, name):
        deadline = Deadline(name, timeout)
        stream = _video_stream(container, name)
        limit_pixels(stream, name)
        # Over damaged frames FFmpeg's threads for HEVC wait for each other without end, and those
        # for VP9 end the process.
        stream.thread_type = "AUTO" if stream.codec_context.name == "h264" else "NONE"
        _check_not_encrypted(container, stream, name)
        yield VideoFile(name, container, stream, deadline)


@contextmanager
def open_container(
    source: VideoSource, timeout: float = FRAME_TIMEOUT_S
) -> Iterator[tuple[InputContainer, str]]:
    """Open a media file by PyAV, and give what errors call it."""
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("Reading videos", "video") from error
    file, name = _opened(source)
    try:
        _check_tables(file, name)
        # Titles in other letters than UTF-8 are common, and nobody reads them here.
        with av.open(
            file, container_options=_SAFETY, timeout=timeout, metadata_errors="replace"
        ) as container:
            yield container, name
    except (av.FFmpegError, PermissionError) as error:
        raise _explained(error, name, timeout) from error


def _check_tables(file: Any, name: str) -> None:
    if isinstance(file, str):
        with Path(file.removeprefix("file:")).open("rb") as opened:
            check_tables(opened, name)
    else:
        check_tables(file, name)
        file.seek(0)


def _opened(source: Any) -> tuple[Any, str]:
    """Return what PyAV opens, and what errors call it."""
    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(source), "the video"
    if isinstance(source, str | os.PathLike):
        return _file_url(os.fspath(source)), f"'{os.fspath(source)}'"
    if hasattr(source, "read") and hasattr(source, "seek"):
        name = getattr(source, "name", None)
        source.seek(0)
        return source, f"'{name}'" if isinstance(name, str) else "the video"
    raise VideoError(
        f"A {type(source).__name__} is no video. Pass a path, bytes or an open binary file."
    )


def _file_url(path: str) -> str:
    """Return a path so that FFmpeg takes no part of it for a protocol."""
    if is_web_url(path):
        raise VideoError(
            f"'{path}' is a URL, and videos are not fetched here. Put it into a message as "
            "video_block(url), with fetch_urls=True on the model; or download it first."
        )
    if not Path(path).is_file():
        kind = "is a directory, not a video" if Path(path).is_dir() else "does not exist"
        raise VideoNotFoundError(
            f"'{path}' {kind}. Check the path; it is relative to '{Path.cwd()}'."
        )
    return f"file:{path}"


def _explained(error: Exception, name: str, timeout: float) -> VideoError:
    import av

    if isinstance(error, av.error.ExitError):
        return Deadline(name, timeout).error()
    # A damaged file may end in it too, without a word from the system.
    if isinstance(error, PermissionError) and error.errno == errno.EACCES:
        return VideoError(f"{name} cannot be opened for want of permission.")
    return CorruptVideoError(
        f"{name} is no video file, or is truncated before its table of contents, or damaged "
        f"({error}). Pass a complete MP4, MOV, WebM or MKV file."
    )


def _video_stream(container: InputContainer, name: str) -> VideoStream:
    import av

    # The cover of a song is a video stream too.
    cover = av.stream.Disposition.attached_pic
    streams = [s for s in container.streams.video if not s.disposition & cover]
    if not streams:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise NoVideoStreamError(f"{name} has no video stream, only {kinds}. Pass a video.")
    known = [stream for stream in streams if stream.codec_context is not None]
    if not known:
        raise CorruptVideoError(
            f"{name} is damaged, or encoded in a way that FFmpeg does not know. Convert it to "
            "H.264."
        )
    best = container.streams.best("video")
    return next((stream for stream in known if stream is best), known[0])


def _check_not_encrypted(container: InputContainer, stream: VideoStream, name: str) -> None:
    import av

    try:
        packet = next(container.demux(stream), None)
    except av.FFmpegError:
        return
    if packet is not None and packet.has_sidedata("encryption_info"):
        raise EncryptedVideoError(f"{name} is encrypted. Pass a file without copy protection.")
