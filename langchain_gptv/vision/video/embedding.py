"""Frames judged by embeddings: how near a picture lies to the words of a query."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from langchain_gptv.vision.video.frames import Frame
from langchain_gptv.vision.video.scoring import changes

_SIDE, _QUALITY, _BATCH = 512, 90, 16


class TextEmbeddings(Protocol):
    """The part of LangChain's `Embeddings` that is needed for the query."""

    def embed_query(self, text: str, /) -> list[float]:
        """Return the vector of a query."""


class EmbeddingScorer:
    """Scores frames by the cosine of their vector and that of the query.

    Frames that look the same are embedded once.

    Args:
        embeddings: Any LangChain `Embeddings` for text and images in one space, such as
            `AzureVisionEmbeddings` or `OpenCLIPEmbeddings`. Images are given as paths, in a list,
            to its `embed_images`, or else to its `embed_image`.
        at_least: A frame with a smaller cosine scores 0: it does not show what is asked for. It
            depends on the model, so by default there is none.

    Raises:
        TypeError: It embeds no images.

    Example:
        >>> scorer = EmbeddingScorer(OpenCLIPEmbeddings())  # doctest: +SKIP
        >>> block = video_block("clip.mp4", "a red car", scorer=scorer)  # doctest: +SKIP
    """

    def __init__(self, embeddings: TextEmbeddings, *, at_least: float = 0.0) -> None:
        self._embeddings = embeddings
        single: Any = getattr(embeddings, "embed_image", None)
        self._embed = getattr(embeddings, "embed_images", single)
        if self._embed is None:
            raise TypeError(
                f"{type(embeddings).__name__} has neither embed_images nor embed_image. Pass "
                "embeddings of text and images, such as AzureVisionEmbeddings."
            )
        self._at_least = at_least

    def score(self, frames: Iterable[Frame], query: str, /) -> list[float]:
        """Return the cosine of each frame and the query, and 0 for one below `at_least`."""
        wanted = self._embeddings.embed_query(query)
        places: list[int] = []
        vectors = list(self._vectors(_told_apart(frames, places)))
        scores = [max(0.0, _cosine(vector, wanted)) for vector in vectors]
        return [scores[place] if scores[place] >= self._at_least else 0.0 for place in places]

    def _vectors(self, frames: Iterator[Frame]) -> Iterator[Sequence[float]]:
        while batch := list(islice(frames, _BATCH)):
            # LangChain's convention is a list of paths.
            with tempfile.TemporaryDirectory() as folder:
                paths = [_write(frame, Path(folder) / f"{n}.jpg") for n, frame in enumerate(batch)]
                yield from self._embed(paths)


def _told_apart(frames: Iterable[Frame], places: list[int]) -> Iterator[Frame]:
    """Yield the frames that differ, and note for each frame which of them it looks like."""
    last = -1
    for frame, is_new in changes(frames):
        last += is_new
        places.append(last)
        if is_new:
            yield frame


def _write(frame: Frame, path: Path) -> str:
    picture = frame.image.to_pil()
    picture.thumbnail((_SIDE, _SIDE))
    picture.save(path, "JPEG", quality=_QUALITY)
    return str(path)


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    length = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / length if length else 0.0
