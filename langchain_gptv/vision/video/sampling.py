"""Frames of a video: evenly spread, one for each scene, or those that show what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, cast, get_args

from langchain_gptv.exceptions import VideoError
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.timestamps import format_timestamp
from langchain_gptv.vision.video.decode import Decoded, Target, decode_at
from langchain_gptv.vision.video.file import VideoFile, VideoSource, open_video
from langchain_gptv.vision.video.frames import Frame
from langchain_gptv.vision.video.limits import FRAME_TIMEOUT_S
from langchain_gptv.vision.video.pictures import Pictures
from langchain_gptv.vision.video.scenes import Look, look_at, spread_over_scenes
from langchain_gptv.vision.video.scoring import FrameScorer, ObserverScorer, best_first

if TYPE_CHECKING:
    from langchain_gptv.vision.observations import Observer

__all__ = ["Frame", "Strategy", "sample_frames"]

Strategy = Literal["even", "scenes", "query"]

OnLook: TypeAlias = Callable[[int, int], None]
"""Is told how many frames were looked at, and how many will be."""

_T = TypeVar("_T")

MAX_FRAMES = 1000

_NEAR = 0.1
"""A keyframe may be off by this share of the spacing: a viewer would not tell."""

_CANDIDATES = {"scenes": 4, "query": 3}
"""Frames that are looked at for each one that is asked for."""

_FEWEST = 20
"""Frames that are looked at for a query, however few are asked for."""

_LOOK_SIDE, _READ_SIDE = 64, 960
"""Pixels that tell one scene from another, and those at which captions are read."""


def sample_frames(
    video: VideoSource,
    count: int = 20,
    *,
    between: tuple[float, float] | None = None,
    strategy: Strategy = "even",
    max_side: int | None = 512,
    exact: bool = False,
    query: str | None = None,
    observer: Observer | None = None,
    scorer: FrameScorer | None = None,
    on_look: OnLook | None = None,
    timeout: float = FRAME_TIMEOUT_S,
) -> Iterator[Frame]:
    """Sample frames of a video, in the order in which they are shown, decoded as they are taken.

    The cost grows with the frames asked for, not with the length of the video. The file is closed
    when the last frame is taken, when `close()` is called, or when the iterator is dropped.

    Args:
        video: A path, the bytes of a file, or an open binary file: MP4, MOV, WebM, MKV and others
            that FFmpeg reads.
        count: Frames at most; a video may have fewer.
        between: (start, end) in seconds; an end behind that of the video means the rest.
        strategy: "even" takes the middle of each of `count` equal parts; "scenes" one frame of
            each scene, the longer ones more; "query" those that answer `query` best, evenly spread
            ones when none does (their `score` is 0).
        max_side: Pixels of a frame's longer side; a smaller video is not enlarged. None keeps it.
        exact: Whether a frame must be the nearest to its moment. Otherwise a keyframe within a
            tenth of the spacing is taken, which is up to eight times as fast on a long video. The
            timestamps are exact in both cases.
        query: What the frames should show, for the strategy "query".
        observer: Reads and sees for the query without a network, such as `LocalEngine()`.
        scorer: Another judge of frames, in place of `observer`.
        on_look: Called after each frame that is looked at, with their number so far and in all.
            Scenes and queries look at several for each that they yield.
        timeout: Seconds that finding and decoding one frame may take.

    Raises:
        VideoError: The video cannot be opened or has no pictures, `between` lies outside, a frame
            has more than 36 million pixels, or takes too long.
        ValueError: `count`, `max_side` or the strategy is not possible.
        MissingExtraError: The extra "video" is not installed.

    Example:
        >>> [frame.label for frame in sample_frames("clip.mp4", 4)]  # doctest: +SKIP
        ['00:01.3', '00:03.8', '00:06.3', '00:08.8']
    """
    _check(count, max_side, strategy)
    judge = _judge(strategy, query, observer, scorer)
    sampler = _Sampler(count, strategy, max_side, exact, query or "", judge, on_look)
    frames = sampler.frames(open_video(video, timeout), between)
    # Opened and planned now, so that errors come from this line; a generator that was never
    # started would not close anything when it is dropped.
    next(frames)
    return cast("Iterator[Frame]", frames)


def _check(count: int, max_side: int | None, strategy: str) -> None:
    if not 1 <= count <= MAX_FRAMES:
        raise ValueError(f"count={count} must be from 1 to {MAX_FRAMES}.")
    if max_side is not None and max_side < 16:
        raise ValueError(f"max_side={max_side} must be at least 16 pixels, or None.")
    if strategy not in get_args(Strategy):
        raise ValueError(f"strategy={strategy!r} is none of {', '.join(get_args(Strategy))}.")


def _judge(
    strategy: str, query: str | None, observer: Observer | None, scorer: FrameScorer | None
) -> FrameScorer | None:
    if strategy != "query":
        if query:
            raise ValueError(f'query={query!r} needs strategy="query".')
        return None
    if not query or (observer is None and scorer is None):
        raise ValueError('strategy="query" needs query=... and observer=LocalEngine().')
    return scorer or ObserverScorer(cast("Observer", observer))


class _Sampler:
    """What was asked for; goes from moments to frames."""

    def __init__(
        self,
        count: int,
        strategy: Strategy,
        max_side: int | None,
        exact: bool,
        query: str,
        judge: FrameScorer | None,
        on_look: OnLook | None,
    ) -> None:
        self.count = count
        self.strategy = strategy
        self.max_side = max_side
        self.exact = exact
        self.query = query
        self.judge = judge
        self.on_look = on_look

    def frames(
        self,
        opening: AbstractContextManager[VideoFile],
        between: tuple[float, float] | None,
    ) -> Iterator[Frame | None]:
        """Yield None when all is planned, then the frames."""
        with opening as file:
            part = file.clip(between)
            yield None
            found = self._sampled(file, part)
            first = next(found, None)
            if first is None:
                raise VideoError(f"No frame of {file.name} can be decoded. Copy the file anew.")
            yield from chain((first,), found)

    def _sampled(self, file: VideoFile, part: tuple[float, float]) -> Iterator[Frame]:
        if self.strategy == "scenes":
            return self._at(file, self._of_scenes(file, part))
        if self.judge is not None:
            return self._best(file, part, self.judge)
        return self._told(self._at(file, self._even(file, part, self.count)), self.count)

    def _told(self, looked: Iterable[_T], count: int) -> Iterator[_T]:
        """Yield what was looked at; one counts when the next is asked for, so its scoring too."""
        for place, each in enumerate(looked, 1):
            yield each
            if self.on_look:
                self.on_look(place, count)

    def _even(self, file: VideoFile, part: tuple[float, float], count: int) -> list[Target]:
        spacing = (part[1] - part[0]) / count
        times = [part[0] + (place + 0.5) * spacing for place in range(count)]
        return self._targets(file, times, spacing)

    def _targets(self, file: VideoFile, times: Iterable[float], spacing: float) -> list[Target]:
        within = 0 if self.exact else _NEAR * spacing / file.time_base
        return [Target(round(time / file.time_base), float(within)) for time in times]

    def _of_scenes(self, file: VideoFile, part: tuple[float, float]) -> list[Target]:
        count = self.count * _CANDIDATES["scenes"]
        pictures = Pictures(file.stream, _LOOK_SIDE)
        looks = [
            Look(file.seconds(found.pts), look_at(pictures.of(found.picture)))
            for found in self._told(decode_at(file, self._even(file, part, count)), count)
        ]
        times = spread_over_scenes(looks, part, self.count)
        return self._targets(file, times, (part[1] - part[0]) / self.count)

    def _best(
        self, file: VideoFile, part: tuple[float, float], judge: FrameScorer
    ) -> Iterator[Frame]:
        """Score more frames than are wanted, one after the other, then take the best again."""
        count = max(_FEWEST, self.count * _CANDIDATES["query"])
        targets = self._even(file, part, count)
        times: list[int] = []
        side = max(_READ_SIDE, self.max_side or 0)
        looked = self._told(_frames(file, targets, side), count)
        scores = judge.score(_noted(looked, file, times), self.query)
        best = {times[place]: scores[place] for place in best_first(scores)[: self.count]}
        if not best:
            spread = self._at(file, self._even(file, part, self.count))
            yield from (_scored(frame, 0.0) for frame in spread)
            return
        for frame, pts in zip(
            _frames(file, [Target(pts) for pts in sorted(best)], self.max_side),
            sorted(best),
            strict=False,
        ):
            yield _scored(frame, best[pts])

    def _at(self, file: VideoFile, targets: Sequence[Target]) -> Iterator[Frame]:
        return _frames(file, targets, self.max_side)


def _frames(file: VideoFile, targets: Iterable[Target], max_side: int | None) -> Iterator[Frame]:
    pictures = Pictures(file.stream, max_side)
    for found in decode_at(file, targets):
        yield _frame(file, found, pictures)


def _frame(file: VideoFile, found: Decoded, pictures: Pictures) -> Frame:
    seconds = file.seconds(found.pts)
    image = Image.from_pil(pictures.of(found.picture))
    image.name = f"{file.name} at {format_timestamp(seconds)}"
    return Frame(seconds, found.frame_index, image)


def _noted(frames: Iterable[Frame], file: VideoFile, times: list[int]) -> Iterator[Frame]:
    for frame in frames:
        times.append(round(frame.timestamp_s / file.time_base))
        yield frame


def _scored(frame: Frame, score: float) -> Frame:
    return Frame(frame.timestamp_s, frame.frame_index, frame.image, score)
