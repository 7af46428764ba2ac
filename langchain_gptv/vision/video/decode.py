"""Decodes the frames that are asked for, and as few others as possible.

A frame that may be near a moment is the nearest keyframe, decoded alone. One that must be exact is
decoded from the keyframe before it, in one pass for all that stand close together.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, takewhile
from typing import TYPE_CHECKING, NamedTuple

from langchain_gptv.vision.video.file import VideoFile
from langchain_gptv.vision.video.keyframes import Keyframe

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_SKIP_S = 0.6
"""Frames that no other needs are left out until so long before the one that is wanted."""

_STEPS_BACK_S = (0, 2, 10)

_WALK_S = 0.5
"""So far it is cheaper to go on decoding than to seek, which empties the decoder's threads."""


class Target(NamedTuple):
    """A moment that is wanted.

    Attributes:
        pts: In the stream's time base.
        within: How far a keyframe may be from it to be taken instead.
    """

    pts: int
    within: float = 0


@dataclass(frozen=True, slots=True)
class Decoded:
    """A frame as decoded: `picture` is PyAV's, with the turn it still needs in its `rotation`."""

    pts: int
    frame_index: int | None
    picture: VideoFrame


def decode_at(file: VideoFile, targets: Iterable[Target]) -> Iterator[Decoded]:
    """Yield the frame for each moment, in order; where two want the same it comes once.

    Args:
        file: An open video.
        targets: In ascending order.

    Raises:
        VideoTimeoutError: There is no frame in time.
    """
    import av

    decoder = _Decoder(file)
    last: int | None = None
    for target in targets:
        file.deadline.restart()
        try:
            found = decoder.near(target) or decoder.exact(target.pts)
        except av.FFmpegError:
            continue  # this group of pictures is damaged; the next may not be
        if found is not None and (last is None or found.pts > last):
            last = found.pts
            yield found


class _Decoder:
    """Where the decoder stands: between two frames, or nowhere."""

    def __init__(self, file: VideoFile) -> None:
        self.file = file
        self.context = file.stream.codec_context
        self._frames: Iterator[VideoFrame] | None = None
        self._before: VideoFrame | None = None
        self._after: VideoFrame | None = None
        self._from: Keyframe | None = None
        self._times: list[int] = []
        self._target = 0

    def near(self, target: Target) -> Decoded | None:
        """Decode the nearest keyframe, when it is near enough."""
        key = self.file.index.nearest(target.pts, target.within) if target.within else None
        if key is None:
            return None
        self._leave()
        self.file.container.seek(key.pts, stream=self.file.stream)
        packet = next(self._packets(), None)
        if packet is None or not _is_near(packet, target):
            return None  # the seek went elsewhere; decoding forward is right in any case
        # Emptied at once, the decoder does not walk on to the next keyframe.
        frames = self.context.decode(packet) or self.context.decode(None)
        if not frames or packet.pts is None:
            return None
        return Decoded(packet.pts, self._index_of(packet), frames[0])

    def _index_of(self, first: Packet[VideoStream]) -> int | None:
        """Count the frames before a keyframe, behind which the demuxer stands."""
        key, pts = self.file.index.of(first), first.pts or 0
        if key is None or key.decoded_before is None:
            return None
        # Of an open group of pictures some are decoded after its keyframe and shown before it.
        behind = takewhile(lambda packet: (packet.dts or 0) < pts, self._packets())
        leading = sum(packet.pts is not None and packet.pts < pts for packet in behind)
        return key.decoded_before + leading

    def exact(self, pts: int) -> Decoded | None:
        """Decode up to the frame that is nearest to `pts`."""
        self._target = pts
        if not self._is_on_the_way(pts):
            self._start(self.file.index.before(pts))
        while self._after is None or _time(self._after) < pts:
            if not self._advance():
                break
        around = [frame for frame in (self._before, self._after) if frame is not None]
        best = min(around, key=lambda frame: abs(_time(frame) - pts), default=None)
        return self._decoded(best) if best is not None else None

    def _is_on_the_way(self, pts: int) -> bool:
        if self._after is None or _time(self._before or self._after) > pts:
            return False
        key = self.file.index.before(pts)
        return key is None or self.file.seconds(key.pts - _time(self._after)) < _WALK_S

    def _start(self, key: Keyframe | None) -> None:
        self._leave()
        first = self._go_to(key) if key else None
        self._from = self.file.index.of(first) if first else None
        self._frames = self._decoded_forward(first) if first else None

    def _go_to(self, key: Keyframe) -> Packet[VideoStream] | None:
        """Return the packet of a keyframe at or before `key`; what follows it comes next.

        Where a container has no table, a seek lands anywhere: then it is tried from further back.
        """
        for seconds in _STEPS_BACK_S:
            back = key.pts - round(seconds / self.file.time_base)
            self.file.container.seek(max(back, self.file.index.first), stream=self.file.stream)
            first = next((packet for packet in self._packets() if packet.is_keyframe), None)
            if first is not None and first.pts is not None and first.pts <= key.pts:
                return first
        self.file.container.seek(0)
        return next(self._packets(), None)

    def _leave(self) -> None:
        self._frames = self._before = self._after = None
        self._times = []
        self.context.skip_frame = "DEFAULT"

    def _advance(self) -> bool:
        frame = next(self._frames, None) if self._frames else None
        if frame is None:
            return False
        self._before, self._after = self._after, frame
        return True

    def _decoded_forward(self, first: Packet[VideoStream]) -> Iterator[VideoFrame]:
        for packet in chain((first,), self._packets()):
            self._note(packet)
            for frame in self.context.decode(packet):
                # What leads a keyframe of an open group of pictures lacks what it rests on.
                if frame.pts is not None and frame.pts >= (first.pts or 0):
                    yield frame
        yield from self.context.decode(None)

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        packets = self.file.deadline.watch(self.file.container.demux(self.file.stream))
        return (packet for packet in packets if packet.size)

    def _note(self, packet: Packet[VideoStream]) -> None:
        """Count the frame, decoded or not, and tell the decoder whether it may leave it out."""
        if packet.pts is None:
            return
        if not packet.is_discard:
            insort(self._times, packet.pts)
        is_far = self.file.seconds(self._target - packet.pts) > _SKIP_S
        self.context.skip_frame = "NONREF" if is_far else "DEFAULT"

    def _decoded(self, frame: VideoFrame) -> Decoded:
        before = self._from.decoded_before if self._from else None
        index = None if before is None else before + bisect_left(self._times, _time(frame))
        return Decoded(_time(frame), index, frame)


def _is_near(packet: Packet[VideoStream], target: Target) -> bool:
    is_shown = packet.is_keyframe and not packet.is_discard and packet.pts is not None
    return is_shown and abs((packet.pts or 0) - target.pts) <= target.within


def _time(frame: VideoFrame) -> int:
    return frame.pts or 0
