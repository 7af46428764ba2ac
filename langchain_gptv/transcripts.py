"""What is said in a video, line by line with its time: from subtitles, or from a transcriber."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from langchain_gptv.exceptions import MissingExtraError, TranscriptError
from langchain_gptv.vision.video.file import VideoSource, open_container

if TYPE_CHECKING:
    import openai
    from av.container import InputContainer
    from av.packet import Packet
    from av.subtitles.stream import SubtitleStream

SUFFIXES = (".srt", ".vtt")

_STYLES = re.compile(r"\{\\[^}]*\}")
_AUDIO_RATE, _AUDIO_BITS_PER_S = 16_000, 24_000
_MAX_UPLOAD_BYTES = 25_000_000


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One line of speech, and from when to when it is heard, in seconds of the video."""

    start_s: float
    end_s: float
    text: str


Transcriber = Callable[[bytes], Iterable[TranscriptLine]]
"""Takes the sound of a video as an Ogg Opus file, mono at 16 kHz, and returns what is said."""


def load_transcript(path: str | os.PathLike[str]) -> list[TranscriptLine]:
    """Read an `.srt` or `.vtt` file, in UTF-8, UTF-16 or Windows' Latin.

    Raises:
        TranscriptError: There is no such file, or it is none of the two.
    """
    place = Path(path)
    if place.suffix.lower() not in SUFFIXES:
        raise TranscriptError(f"'{place}' is no transcript. Pass an .srt or a .vtt file.")
    try:
        data = place.read_bytes()
    except OSError as error:
        raise TranscriptError(f"'{place}' cannot be read: {error.strerror}.") from error
    return parse_transcript(data, name=f"'{place}'")


def parse_transcript(data: bytes, *, name: str = "the transcript") -> list[TranscriptLine]:
    """Read the bytes of an `.srt` or `.vtt` file.

    Raises:
        TranscriptError: They are none of the two.
        MissingExtraError: The extra "video" is not installed.
    """
    text = _decoded(data).lstrip("\ufeff \r\n")
    kind = "webvtt" if text.startswith("WEBVTT") else "srt"
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("Reading transcripts", "video") from error
    try:
        with av.open(io.BytesIO(text.encode()), "r", format=kind) as container:
            lines = list(_lines(container, container.streams.subtitles[0]))
    except (av.FFmpegError, IndexError) as error:
        raise TranscriptError(f"{name} is no .srt or .vtt file: {error}") from error
    if not lines and text:
        raise TranscriptError(f"{name} has no line with a time, as .srt and .vtt files have.")
    return lines


def find_transcript(video: str | os.PathLike[str]) -> Path | None:
    """Return the `.srt` or `.vtt` file beside a video, by its name: clip.srt or clip.en.srt."""
    place = Path(video)
    beside = sorted(place.parent.glob(f"{_escaped(place.stem)}*"), key=lambda path: len(path.name))
    named = re.compile(rf"{re.escape(place.stem)}(\.[A-Za-z-]{{2,8}})?\.(srt|vtt)", re.IGNORECASE)
    return next((path for path in beside if named.fullmatch(path.name)), None)


def read_subtitles(video: VideoSource, language: str | None = None) -> list[TranscriptLine]:
    """Read a track of subtitles inside a video; without one there are no lines.

    Args:
        video: A path, bytes or an open file.
        language: As the file states it, such as "eng"; None is the first track with text.

    Raises:
        VideoError: The video cannot be opened.
    """
    with open_container(video) as (container, _):
        for stream in container.streams.subtitles:
            if language in (None, stream.language):
                container.seek(0)
                if lines := list(_lines(container, stream)):
                    return lines
    return []


def transcribe(video: VideoSource, transcriber: Transcriber) -> list[TranscriptLine]:
    """Return what a transcriber hears in a video; a silent one has no lines.

    Args:
        video: A path, bytes or an open file.
        transcriber: Such as `OpenAITranscriber()`.

    Raises:
        VideoError: The video cannot be opened.
    """
    sound = extract_audio(video)
    return sorted(transcriber(sound), key=lambda line: line.start_s) if sound else []


def extract_audio(video: VideoSource) -> bytes:
    """Return the sound of a video as a small Ogg Opus file, mono at 16 kHz: 11 MB an hour.

    Without a sound track it is empty. What is silent before the sound begins is kept, so that
    times are those of the video.

    Raises:
        VideoError: The video cannot be opened.
        MissingExtraError: The extra "video" is not installed.
    """
    buffer = io.BytesIO()
    with open_container(video) as (source, _):
        import av

        if not source.streams.audio:
            return b""
        resampler = av.AudioResampler("s16", "mono", _AUDIO_RATE)
        with av.open(buffer, "w", format="ogg") as target:
            sound = target.add_stream("libopus", rate=_AUDIO_RATE, layout="mono")
            sound.bit_rate = _AUDIO_BITS_PER_S
            for frame in source.decode(source.streams.audio[0]):
                for part in resampler.resample(frame):
                    target.mux(sound.encode(part))
            for part in resampler.resample(None):
                target.mux(sound.encode(part))
            target.mux(sound.encode(None))
    return buffer.getvalue()


class OpenAITranscriber:
    """Transcribes by OpenAI's or Azure's audio API.

    Args:
        client: An `openai.OpenAI` or `openai.AzureOpenAI`; by default one with OPENAI_API_KEY.
        model: One that tells the time of each segment, as "whisper-1" does.
        language: Two letters, such as "en"; None lets the model tell.

    Example:
        >>> block = video_block("talk.mp4", transcript=OpenAITranscriber())  # doctest: +SKIP
    """

    def __init__(
        self,
        client: openai.OpenAI | None = None,
        *,
        model: str = "whisper-1",
        language: str | None = None,
    ) -> None:
        self.client = client
        self.model = model
        self.language = language

    def __call__(self, audio: bytes) -> list[TranscriptLine]:
        """Return what is said.

        Raises:
            TranscriptError: The sound is over the 25 MB that the API takes, or the model gives no
                times.
        """
        if len(audio) > _MAX_UPLOAD_BYTES:
            raise TranscriptError(
                f"The sound has {len(audio):,} bytes, over the {_MAX_UPLOAD_BYTES:,} that the API "
                "takes: about two hours. Transcribe parts of the video."
            )
        return [
            TranscriptLine(segment.start, segment.end, segment.text.strip())
            for segment in self._segments(audio)
        ]

    def _segments(self, audio: bytes) -> list[openai.types.audio.TranscriptionSegment]:
        import openai

        answer = (self.client or openai.OpenAI()).audio.transcriptions.create(
            file=("sound.ogg", audio, "audio/ogg"),
            model=self.model,
            response_format="verbose_json",
            timestamp_granularities=["segment"],
            language=self.language if self.language else openai.omit,
        )
        if answer.segments is None:
            raise TranscriptError(
                f"{self.model} gives no times of what is said. Pass model='whisper-1'."
            )
        return answer.segments


def _lines(container: InputContainer, stream: SubtitleStream) -> Iterator[TranscriptLine]:
    for packet in container.demux(stream):
        text = _text(packet)
        if text and packet.pts is not None:
            start = float(packet.pts * packet.time_base)
            yield TranscriptLine(
                start, start + float((packet.duration or 0) * packet.time_base), text
            )


def _text(packet: Packet[SubtitleStream]) -> str:
    """Return a packet's text on one line; subtitles that are pictures have none."""
    import av

    try:
        parts = packet.decode() if packet.size else []
    except av.FFmpegError:
        return ""
    texts = (getattr(part, "dialogue", b"").decode(errors="replace") for part in parts)
    return " ".join(_STYLES.sub("", " ".join(texts)).split())


def _decoded(data: bytes) -> str:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if wide else ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _escaped(stem: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", stem)
