"""Where the keyframes of a video are: from the container's own table, or by walking its packets.

Nothing is decoded. A table is read in milliseconds for half an hour of video; a file without one,
such as a browser's recording, is walked through once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

WALKED_BYTES = 32_000_000
"""A file up to this size is walked through where its table lists keyframes only."""


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A frame that is decoded without any other.

    Attributes:
        pts: When it is shown, in the stream's time base; of an open group of pictures in MP4 it may
            be shown a few frames later.
        dts: When it is decoded.
        decoded_before: How many frames stand before it in the file, all of which are shown before
            it too; None when that is not known.
        is_shown: False when an edit list cuts it off; frames behind it still start from it.
    """

    pts: int
    dts: int | None
    decoded_before: int | None
    is_shown: bool = True


@dataclass(frozen=True, slots=True)
class VideoIndex:
    """The keyframes of a video in order, and where its frames begin and end.

    Attributes:
        keyframes: In the order in which they are shown.
        start: The first frame's, in the stream's time base.
        end: When the last frame that is there ends.
        is_truncated: Whether the file breaks off before the end that it states.
    """

    keyframes: Sequence[Keyframe]
    start: int
    end: int
    is_truncated: bool = False

    def before(self, pts: int) -> Keyframe | None:
        """Return the last keyframe at or before `pts`, else the first one."""
        place = bisect_right(self.keyframes, pts, key=_pts)
        return self.keyframes[max(0, place - 1)] if self.keyframes else None

    def of(self, packet: Packet[VideoStream]) -> Keyframe | None:
        """Return the keyframe that a packet holds."""
        place = bisect_right(self.keyframes, packet.pts or 0, key=_pts)
        near = self.keyframes[max(0, place - 2) : place + 1]
        same_dts = (key for key in near if key.dts == packet.dts is not None)
        # Matroska states no dts, and FFmpeg's guess depends on where reading began.
        return next(same_dts, None) or next((key for key in near if key.pts == packet.pts), None)

    @property
    def first(self) -> int:
        """The first keyframe's pts, which may be before the first frame that is shown."""
        return self.keyframes[0].pts

    def nearest(self, pts: int, within: float) -> Keyframe | None:
        """Return the nearest keyframe that is shown, when it is near enough."""
        place = bisect_left(self.keyframes, pts, key=_pts)
        near = [key for key in self.keyframes[max(0, place - 1) : place + 1] if key.is_shown]
        best = min(near, key=lambda key: abs(key.pts - pts), default=None)
        return best if best and abs(best.pts - pts) <= within else None


def read_index(container: InputContainer, stream: VideoStream) -> VideoIndex:
    """Find the keyframes of a stream.

    Raises:
        av.FFmpegError: The file cannot be read at all.
    """
    if _has_full_table(container, stream):
        return _from_table(container, stream)
    if container.size > WALKED_BYTES and (index := _from_cues(container, stream)):
        return index
    return _from_packets(container, stream)


def _pts(key: Keyframe) -> int:
    return key.pts


def _has_full_table(container: InputContainer, stream: VideoStream) -> bool:
    """Tell whether every frame is listed, as in MP4 and MOV that are not in fragments."""
    entries = stream.index_entries
    if "mp4" not in container.format.name or not stream.duration or not len(entries):
        return False
    return bool(entries[len(entries) - 1].timestamp >= 0.9 * stream.duration + entries[0].timestamp)


def _from_table(container: InputContainer, stream: VideoStream) -> VideoIndex:
    entries = stream.index_entries
    # The table tells when a frame is decoded. By how much later it is shown, the first packet says.
    delay = _reordering(container, stream)
    size = container.size
    keyframes: list[Keyframe] = []
    shown, last, is_truncated = 0, entries[0].timestamp, False
    for entry in entries:
        if size > 0 and entry.pos + entry.size > size:
            is_truncated = True
            break
        if entry.is_keyframe:
            keyframes.append(
                Keyframe(entry.timestamp + delay, entry.timestamp, shown, not entry.is_discard)
            )
        shown += not entry.is_discard
        last = entry.timestamp
    start = stream.start_time or 0
    end = last + delay if is_truncated else start + (stream.duration or 0)
    return VideoIndex(keyframes, start, max(end, start), is_truncated)


def _reordering(container: InputContainer, stream: VideoStream) -> int:
    """Return by how much a keyframe is shown later than it is decoded."""
    container.seek(stream.start_time or 0, stream=stream)
    first = next(_timed(container, stream), None)
    return 0 if first is None or first.dts is None else (first.pts or 0) - first.dts


def _from_cues(container: InputContainer, stream: VideoStream) -> VideoIndex | None:
    """Read Matroska's table, which lists keyframes by when they are shown; it may be missing."""
    if not container.duration or stream.time_base is None:
        return None
    start = stream.start_time or 0
    end = start + round(container.duration / 1_000_000 / stream.time_base)
    container.seek(end - 1, stream=stream)  # only now the table at the end of the file is read
    times = [entry.timestamp for entry in stream.index_entries if entry.is_keyframe]
    if len(times) < 2 or times[-1] - start < 0.5 * (end - start):
        return None
    return VideoIndex([Keyframe(pts, None, None) for pts in times], start, end)


def _from_packets(container: InputContainer, stream: VideoStream) -> VideoIndex:
    container.seek(0)
    keyframes: list[Keyframe] = []
    shown, first, end = 0, None, 0
    for packet in _timed(container, stream):
        pts = packet.pts or 0
        if packet.is_keyframe:
            keyframes.append(Keyframe(pts, packet.dts, shown, not packet.is_discard))
        if not packet.is_discard:
            shown += 1
            first = pts if first is None else min(first, pts)
            end = max(end, pts + (packet.duration or 1))
    keyframes.sort(key=_pts)
    return VideoIndex(keyframes, first or 0, end, _falls_short(container, stream, end))


def _falls_short(container: InputContainer, stream: VideoStream, end: int) -> bool:
    """Tell whether the packets stop long before the end that the container states."""
    stated = (container.duration or 0) / 1_000_000
    there = float(end * (stream.time_base or 0))
    return stated - there > max(1.0, 0.1 * stated) and not any(
        other.type == "audio" for other in container.streams
    )


def _timed(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Yield the packets that can be read; where the file breaks off, it ends."""
    import av

    try:
        yield from (packet for packet in container.demux(stream) if packet.pts is not None)
    except av.FFmpegError:
        return
