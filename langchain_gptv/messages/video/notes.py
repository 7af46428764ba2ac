"""Frames as they are sent, and what is said beside each."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Sequence
from typing import Literal

from langchain_gptv.messages.video.forms import Clip
from langchain_gptv.messages.video.timelines import FrameNote
from langchain_gptv.transcripts import (
    Transcriber,
    TranscriptLine,
    find_transcript,
    load_transcript,
    read_subtitles,
    transcribe,
)
from langchain_gptv.vision.encode import choose_encoding
from langchain_gptv.vision.headers import ACCEPTED_TYPES
from langchain_gptv.vision.video.frames import Frame

Transcript = (
    Literal["auto"] | str | os.PathLike[str] | Sequence[TranscriptLine] | Transcriber | None
)
"""Subtitles in the file or beside it ("auto"), a file, lines, what transcribes, or none."""


def note_frames(
    frames: Iterable[Frame],
    lines: Iterable[TranscriptLine] = (),
    between: tuple[float, float] | None = None,
) -> list[FrameNote]:
    """Return frames as they are sent, each with the lines that are nearest to it.

    Args:
        frames: In the order of time; at least one when there are lines.
        lines: What is said.
        between: (start, end) in seconds; lines outside are left out.
    """
    # Encoded one by one: pixels are twenty times as large.
    return _with_lines([_noted(frame) for frame in frames], lines, between)


def spoken_lines(clip: Clip, asked: Transcript, *, beside: bool) -> list[TranscriptLine]:
    """Return what is said in a video.

    Args:
        clip: The video.
        asked: Where the lines come from.
        beside: Whether "auto" may look for a file beside it.

    Raises:
        TranscriptError: It cannot be read.
    """
    if asked is None:
        return []
    if asked == "auto":
        is_path = isinstance(clip.source, str | os.PathLike)
        found = find_transcript(str(clip.source)) if beside and is_path else None
        return read_subtitles(clip.source) or (load_transcript(found) if found else [])
    if isinstance(asked, str | os.PathLike):
        return load_transcript(asked)
    return transcribe(clip.source, asked) if callable(asked) else list(asked)


def _with_lines(
    notes: Sequence[FrameNote],
    lines: Iterable[TranscriptLine],
    between: tuple[float, float] | None,
) -> list[FrameNote]:
    """Put each line beside the frame that is nearest to its middle."""
    said: dict[int, list[str]] = {}
    for line in lines:
        middle = (line.start_s + line.end_s) / 2
        if between is None or between[0] <= middle <= between[1]:
            place = min(range(len(notes)), key=lambda at: abs(notes[at].timestamp_s - middle))
            said.setdefault(place, []).append(line.text)
    return [note.with_text(" ".join(said.get(place, ()))) for place, note in enumerate(notes)]


def _noted(frame: Frame) -> FrameNote:
    picture = frame.image.to_pil()
    encoding = choose_encoding(picture, ACCEPTED_TYPES)
    data = base64.b64encode(encoding.write(picture)).decode()
    return FrameNote(
        frame.timestamp_s, f"data:{encoding.mime_type};base64,{data}", score=frame.score
    )
