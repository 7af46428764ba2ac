"""A video in a message, as every model takes it: its moments in text, and a frame beside each.

No API of OpenAI's takes video. What a block names is sampled here, and becomes a headline, then for
each frame its time with what is said around it, and the frame.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from langchain_gptv._bounded import BoundedStore
from langchain_gptv._urls import is_web_url
from langchain_gptv.exceptions import GPTVError, MessageError
from langchain_gptv.messages.video.forms import Clip, digest_of, read_video
from langchain_gptv.messages.video.notes import Transcript, note_frames, spoken_lines
from langchain_gptv.messages.video.options import VideoOptions
from langchain_gptv.messages.video.timelines import FrameNote, to_blocks
from langchain_gptv.sources import ImageSources
from langchain_gptv.transcripts import TranscriptLine
from langchain_gptv.vision.observations import Observer
from langchain_gptv.vision.rules import Detail
from langchain_gptv.vision.video.file import VideoSource
from langchain_gptv.vision.video.sampling import Strategy, sample_frames
from langchain_gptv.vision.video.scoring import FrameScorer

Block = dict[str, Any]
KEPT_CHARACTERS = 50_000_000
"""Of all frames together, as base64; the oldest give way."""
KEPT_SECONDS = 300.0


def video_block(
    source: VideoSource,
    query: str | None = None,
    *,
    count: int = 20,
    between: tuple[float, float] | None = None,
    strategy: Strategy | None = None,
    max_side: int = 512,
    detail: Detail = "low",
    transcript: Transcript = "auto",
    observer: Observer | None = None,
    scorer: FrameScorer | None = None,
) -> Block:
    """Make a block of a video for a message to `ChatGPTV` or `AzureChatGPTV`.

    A file is sampled now, so the block holds frames and no video, may be kept and sent again, and
    is plain JSON. A URL stays one; the model fetches it when it has `fetch_urls=True`. In async
    code call it through `asyncio.to_thread`.

    Args:
        source: A path, URL, bytes or open file.
        query: What the frames should show; without one they are spread evenly.
        count: Frames at most; a budget or a limit of the model may leave every other one out.
        between: (start, end) in seconds.
        strategy: "even", "scenes" or "query", as in `sample_frames`.
        max_side: Pixels of a frame's longer side.
        detail: The API setting of the frames.
        transcript: "auto" takes subtitles inside the file, or else an .srt or .vtt file beside it;
            or a path, lines, or a transcriber such as `OpenAITranscriber()`; None has none.
        observer: Finds what the query says; by default the embedded engine.
        scorer: Another judge of frames.

    Raises:
        VideoError: The video cannot be sampled.
        TranscriptError: The transcript cannot be read.
        ValueError: An option is not possible.

    Example:
        >>> block = video_block("clip.mp4", count=8)  # doctest: +SKIP
        >>> ChatGPTV().invoke([HumanMessage(["What happens?", block])])  # doctest: +SKIP
    """
    options = VideoOptions(count, between, strategy, query, max_side, detail)
    if isinstance(source, str) and is_web_url(source):
        return {"type": "video", "url": source, "extras": options.stated()}
    clip = Clip(read_once(source), name_of(source))
    lines = spoken_lines(clip, transcript, beside=True)
    notes = sample_notes(clip, options, lines, observer, scorer)
    stored = [note.to_json() for note in notes]
    return {"type": "video", "extras": {"name": clip.name, "detail": detail, "timeline": stored}}


def sample_notes(
    clip: Clip,
    options: VideoOptions,
    lines: Iterable[TranscriptLine],
    observer: Observer | None = None,
    scorer: FrameScorer | None = None,
) -> list[FrameNote]:
    """Return the frames of a video as they are sent, each with the lines that belong to it."""
    strategy = options.strategy or ("query" if options.query else "even")
    if strategy == "query" and observer is None and scorer is None:
        observer = _engine()
    frames = sample_frames(
        clip.source,
        options.count,
        between=options.between,
        strategy=strategy,
        max_side=options.max_side,
        query=options.query,
        observer=observer,
        scorer=scorer,
    )
    return note_frames(frames, lines, options.between)


def expand_video(block: Mapping[str, Any], where: str, sources: ImageSources) -> list[Block]:
    """Return a video as text and images; one behind a URL stays a block until it is fetched.

    Args:
        block: Of a form that `is_video` knows.
        where: What errors call it.
        sources: Which paths may be opened.

    Raises:
        MessageError: It cannot be opened, sampled, or read.
    """
    inner = block.get("value")
    block = inner if block.get("type") == "non_standard" and isinstance(inner, Mapping) else block
    extras = block.get("extras")
    extras = extras if isinstance(extras, Mapping) else {}
    with _explained(where):
        if isinstance(extras.get("timeline"), list):
            return _from_timeline(extras, where)
        clip = read_video(block, where, sources)
        if isinstance(clip, str):
            return [{"type": "video", "url": clip, "extras": {**extras}}]
        with closing(clip):
            return _expanded(clip, VideoOptions.of(extras, where))


def expand_fetched(block: Mapping[str, Any], where: str, sources: ImageSources) -> list[Block]:
    """Return a video behind a URL as text and images.

    Raises:
        MessageError: It may not be fetched, cannot be, or cannot be sampled.
    """
    url = block["url"]
    options = VideoOptions.of(block.get("extras") or {}, where)
    key = sources.url_rules, url, options
    kept = _FETCHED.get(key)
    if kept is None:
        with _explained(where):
            data = sources.fetch_data(url)
            clip = Clip(data, Path(urlsplit(url).path).name or "video", digest_of(data))
            kept = _expanded(clip, options)
        _FETCHED.put(key, kept)
    return list(kept)


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """Say which block it is that an error is about."""
    try:
        yield
    except MessageError:
        raise
    except (GPTVError, ValueError) as error:
        raise MessageError(f"{where}: {error}") from error


def _size(blocks: list[Block]) -> int:
    return sum(len(str(block)) for block in blocks)


_EXPANDED: BoundedStore[Hashable, list[Block]] = BoundedStore(KEPT_CHARACTERS, _size)
_FETCHED: BoundedStore[Hashable, list[Block]] = BoundedStore(
    KEPT_CHARACTERS, _size, max_age_s=KEPT_SECONDS
)
"""A conversation sends its video again with every turn."""


def _expanded(clip: Clip, options: VideoOptions) -> list[Block]:
    key = clip.key, clip.name, options
    kept = _EXPANDED.get(key)
    if kept is None:
        lines = spoken_lines(clip, "auto", beside=False)
        kept = to_blocks(clip.name, sample_notes(clip, options, lines), options.detail)
        _EXPANDED.put(key, kept)
    return list(kept)


def _from_timeline(extras: Mapping[str, Any], where: str) -> list[Block]:
    try:
        notes = [FrameNote.from_json(entry) for entry in extras["timeline"]]
        return to_blocks(str(extras.get("name") or "video"), notes, extras.get("detail") or "low")
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise MessageError(
            f"{where} is no block of a video as video_block() makes it: {error!r}."
        ) from error


def read_once(source: VideoSource) -> str | os.PathLike[str] | bytes:
    """Read an open file, which frames and transcript both need from its start."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    return source if isinstance(source, str | os.PathLike) else source.read()


def name_of(source: VideoSource) -> str:
    """Return what a headline calls a video."""
    if isinstance(source, str | os.PathLike):
        return Path(source).name
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) else "video"


def _engine() -> Observer:
    from langchain_gptv.local.transport import default_service

    return cast("Observer", default_service().engine)
