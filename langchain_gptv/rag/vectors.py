"""Vectors of text without a model, a network or a key: hashed words, and parts of words."""

from __future__ import annotations

import json
import math
import os
import re
import threading
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_core.embeddings import Embeddings

from langchain_gptv._files import write_atomically
from langchain_gptv.exceptions import MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIMENSIONS = 1536
"""Few enough for the index of every vector store; pgvector's ends at 2,000."""

_PARTS_WEIGHT = 0.5
"""Of all parts of a word together, beside 1 for the word: a misread word is still found."""

_PIVOT = 10.0
"""The length of the vector of a passage of about 80 different words."""
_SLOPE = 0.3
"""How far the length of a text counts, 0 to 1."""

_ASKING = frozenset(
    "a an and are at by did do does each for from had has have how in is it its many much of on "
    "or that the their there these this to was were what when where which who whom whose why "
    "with".split()
)
"""Words of questions, which say nothing of what is looked for, however rare they are in reports."""

_WORD = re.compile(r"\w+(?:[.,]\d+)*")
_IDEOGRAPHS = "\u2e80"


class _Feature(NamedTuple):
    """A word, or a part of one: its number, and what it weighs."""

    number: int
    weight: float


class HashedEmbeddings(Embeddings):
    """Embeds text by its words, without a model, a network or a key.

    A text is a vector of its words and of four-letter parts of them, each hashed to a place; what
    is in it often counts by the logarithm. A query weighs its words by how rare they are among
    the documents that were embedded here (in the SMART notation `lnc.ltc`). So it finds words,
    inflected and misread ones too, and knows nothing of synonyms: for those use a model's.

    The counts of words are the one thing it learns: `save` them with an index on disk, or `learn`
    again after a restart. Safe for threads.

    Args:
        dimensions: Length of the vectors.

    Raises:
        ValueError: There are fewer than 64 dimensions.
        MissingExtraError: numpy is not installed.

    Example:
        >>> from langchain_core.vectorstores import InMemoryVectorStore
        >>> store = InMemoryVectorStore.from_texts(
        ...     ["Revenue by region, 2025", "Headcount by region, 2025"], HashedEmbeddings()
        ... )
        >>> store.similarity_search("What were the revenues?", k=1)[0].page_content
        'Revenue by region, 2025'
    """

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        if dimensions < 64:
            raise ValueError(f"dimensions={dimensions} must be 64 or more.")
        _numpy()
        self.dimensions = dimensions
        self._documents = 0
        self._seen_in: Counter[int] = Counter()
        self._lock = threading.Lock()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector of length 1 for each text, and learn how rare its words are."""
        self._count(texts)
        return [_pivoted(self._weigh(text)) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Return a vector of length 1, or 0 for a text without words."""
        query: list[float] = _unit(self._weigh(text, as_query=True)).tolist()
        return query

    def likeness(self, one: str, other: str) -> float:
        """Return how alike two texts are, 0 to 1, without learning from them."""
        return max(0.0, float(_unit(self._weigh(one)) @ _unit(self._weigh(other))))

    def _weigh(self, text: str, *, as_query: bool = False) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = _numpy().zeros(self.dimensions, dtype="float32")
        words = words_of(text)
        if as_query:
            words = [word for word in words if word not in _ASKING] or words
        for word, times in Counter(words).items():
            often = 1 + math.log(times)
            for number, weight in _features(word):
                sign = 1 if number & 1 else -1
                rare = self._rarity(number) if as_query else 1.0
                # The last place is left free for `_pivoted`.
                vector[(number >> 1) % (self.dimensions - 1)] += sign * weight * often * rare
        return vector

    def learn(self, texts: Iterable[str]) -> None:
        """Forget all counts, and count the words of these texts."""
        with self._lock:
            self._documents, self._seen_in = 0, Counter()
        self._count(texts)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was learned to a file, which is whole or not there."""
        with self._lock:
            learned = {"documents": self._documents, "seen_in": list(self._seen_in.items())}
        write_atomically(Path(path), json.dumps(learned).encode())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read what another one has learned.

        Raises:
            OSError: There is no such file.
            ValueError: It is not one that `save` wrote.
        """
        try:
            learned: dict[str, Any] = json.loads(Path(path).read_text())
            counts = Counter({int(number): int(seen) for number, seen in learned["seen_in"]})
            documents = int(learned["documents"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"'{path}' holds no counts of words: {error!r}") from None
        with self._lock:
            self._documents, self._seen_in = documents, counts

    def _count(self, texts: Iterable[str]) -> None:
        for text in texts:
            numbers = {each.number for word in set(words_of(text)) for each in _features(word)}
            with self._lock:
                self._documents += 1
                self._seen_in.update(numbers)

    def _rarity(self, number: int) -> float:
        seen = self._seen_in[number]
        return math.log(1 + (self._documents - seen + 0.5) / (seen + 0.5))


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are compared: without case, accents and plural.

    Example:
        >>> words_of("Cafés sold 1,204.50 in 2025.")
        ['cafe', 'sold', '1,204.50', 'in', '2025']
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return [_stem(match[0]) for match in _WORD.finditer(bare)]


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = float(_numpy().linalg.norm(vector))
    return vector / length if length else vector


def _pivoted(vector: NDArray[np.float32]) -> list[float]:
    """Return a vector of length 1 that does not make a short text the likest to everything.

    Cosine divides by the length of a text; here that counts only in part. What is missing to a
    length of 1 goes to the last place, where no query has anything.

    Source: Singhal, Buckley and Mitra, "Pivoted Document Length Normalization", SIGIR 1996.
    """
    length = float(_numpy().linalg.norm(vector))
    scaled = vector * (_SLOPE / ((1 - _SLOPE) * _PIVOT + _SLOPE * length))
    scaled[-1] = math.sqrt(max(0.0, 1 - float(scaled @ scaled)))
    values: list[float] = scaled.tolist()
    return values


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=65_536)
def _features(word: str) -> tuple[_Feature, ...]:
    parts = _parts(word)
    weight = _PARTS_WEIGHT / math.sqrt(len(parts)) if parts else 0.0
    return (
        _Feature(zlib.crc32(word.encode()), 1.0),
        *(_Feature(zlib.crc32(f"part {part}".encode()), weight) for part in parts),
    )


def _parts(word: str) -> list[str]:
    """Return overlapping parts; of a number none, since a part of it is another number."""
    if any(letter.isdigit() for letter in word):
        return []
    if max(word) >= _IDEOGRAPHS:
        return [word[start : start + 2] for start in range(len(word) - 1)]
    edged = f"<{word}>"
    return [edged[start : start + 4] for start in range(len(edged) - 3)] if len(word) > 3 else []


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        raise MissingExtraError("HashedEmbeddings", "index") from None
    return numpy
