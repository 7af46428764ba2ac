"""Where the keyframes of a video are: from the container's own table, or by walking its packets.

Nothing is decoded. A table is read in milliseconds for half an hour of video; a file without one,
such as a browser's recording, is walked through once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_gptv.exceptions import VideoLimitError
from langchain_gptv.vision.video.limits import Deadline

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.index import IndexEntries, IndexEntry
    from av.packet import Packet
    from av.video.stream import VideoStream

MAX_CUT = 30_000
"""Frames between two keyframes that an edit list may cut off: a quarter of an hour."""

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


def read_index(container: InputContainer, stream: VideoStream, deadline: Deadline) -> VideoIndex:
    """Find the keyframes of a stream.

    Raises:
        av.FFmpegError: The file cannot be read at all.
        VideoLimitError: Its edit list cuts off too much.
        VideoTimeoutError: It takes too long.
    """
    if _has_full_table(container, stream):
        return _from_table(container, stream, deadline)
    deque(_within_reach(stream.index_entries, deadline), maxlen=0)
    if container.size > WALKED_BYTES and (index := _from_cues(container, stream)):
        return index
    return _from_packets(container, stream, deadline)


def _pts(key: Keyframe) -> int:
    return key.pts


def _has_full_table(container: InputContainer, stream: VideoStream) -> bool:
    """Tell whether every frame is listed, as in MP4 and MOV that are not in fragments."""
    entries = stream.index_entries
    if "mp4" not in container.format.name or not stream.duration or not len(entries):
        return False
    return bool(entries[len(entries) - 1].timestamp >= 0.9 * stream.duration + entries[0].timestamp)


def _from_table(container: InputContainer, stream: VideoStream, deadline: Deadline) -> VideoIndex:
    entries = stream.index_entries
    size = container.size
    # The table tells when a frame is decoded; by how much later it is shown, the first packet says.
    listed: list[tuple[int, int, bool]] = []
    shown, last, is_truncated = 0, entries[0].timestamp, False
    for entry in _within_reach(entries, deadline):
        is_truncated |= 0 < size < entry.pos + entry.size
        if is_truncated:
            continue
        if entry.is_keyframe:
            listed.append((entry.timestamp, shown, not entry.is_discard))
        shown += not entry.is_discard
        last = entry.timestamp
    delay = _reordering(container, stream, deadline)
    keyframes = [Keyframe(dts + delay, dts, before, is_shown) for dts, before, is_shown in listed]
    start = stream.start_time or 0
    end = last + delay if is_truncated else start + (stream.duration or 0)
    return VideoIndex(keyframes, start, max(end, start), is_truncated)


def _within_reach(entries: IndexEntries, deadline: Deadline) -> Iterator[IndexEntry]:
    """Yield the entries of a table; FFmpeg seeks step by step through those that are cut off.

    Raises:
        VideoLimitError: There are so many in a row that a seek would take seconds.
    """
    cut = 0
    for entry in deadline.watch(entries):
        cut = cut + 1 if entry.is_discard else 0
        if cut > MAX_CUT:
            raise VideoLimitError(
                f"{deadline.name} has an edit list that cuts off more than {MAX_CUT:,} frames in "
                "one piece. Write it anew, without one."
            )
        yield entry


def _reordering(container: InputContainer, stream: VideoStream, deadline: Deadline) -> int:
    """Return by how much a keyframe is shown later than it is decoded."""
    container.seek(stream.start_time or 0, stream=stream)
    first = next(_timed(container, stream, deadline), None)
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


def _from_packets(container: InputContainer, stream: VideoStream, deadline: Deadline) -> VideoIndex:
    container.seek(0)
    keyframes: list[Keyframe] = []
    shown, first, end = 0, None, 0
    for packet in _timed(container, stream, deadline):
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


def _timed(
    container: InputContainer, stream: VideoStream, deadline: Deadline
) -> Iterator[Packet[VideoStream]]:
    """Yield the packets that can be read; where the file breaks off, it ends."""
    import av

    try:
        packets = deadline.watch(container.demux(stream))
        yield from (packet for packet in packets if packet.pts is not None)
    except av.FFmpegError:
        return
