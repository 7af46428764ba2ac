"""Which words of an answer are printed in the picture, and where."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from langchain_gptv.local.layout import group_rows, order_for_reading
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import Observation, TextLine

LIKENESS = 84
"""Of 100, from which two words are one that was misread; needs rapidfuzz, of the extra `local`."""

_TOKEN = re.compile(r"\w+(?:[^\w\s]+\w+)*")
_QUOTES = "\"“”„«'‘’`"
_FREQUENT = frozenset(
    "a an the is are was were be been has have had do does did of in on at to for from by with and "
    "or not no as it its this that these those there here i you he she we they which who what "
    "when where how s".split()
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word with its place in a text; `key` is what it is compared by."""

    key: str
    start: int
    end: int

    @property
    def is_telling(self) -> bool:
        """Whether it says something by itself."""
        return self.key not in _FREQUENT


@dataclass(frozen=True, slots=True)
class _Printed:
    key: str
    box: Box
    line: int
    row: int


@dataclass(frozen=True, slots=True)
class Quotation:
    """A part of an answer that stands on one line of the picture."""

    start: int
    end: int
    box: Box


class PrintedText:
    """The words of a picture, to find an answer's words among.

    Example:
        >>> line = TextLine("TOTAL 30.54", 0.99, Box(0, 0, 110, 20))
        >>> [found] = PrintedText(Observation(200, 100, (line,))).find("The total is 30.54.")
        >>> found.start, found.end, found.box.x1
        (13, 18, 60.0)
    """

    def __init__(self, seen: Observation) -> None:
        self._words = list(_printed_words(seen.lines))
        self._places: dict[str, list[int]] = defaultdict(list)
        self._rows: dict[int, set[str]] = defaultdict(set)
        for place, word in enumerate(self._words):
            self._places[word.key].append(place)
            self._rows[word.row].add(word.key)

    def find(self, answer: str) -> Iterator[Quotation]:
        """Yield what is quoted: the longest runs of words, each cut where its line ends."""
        tokens = list(tokenize(answer)) if self._words else []
        keys = [self._read_as(token) for token in tokens]
        said = {key for key, token in zip(keys, tokens, strict=True) if token.is_telling}
        index = 0
        while index < len(tokens):
            place, length = self._longest_run(keys, index, said)
            run = _trimmed(tokens[index : index + length], answer)
            if run and _is_quotation(run, answer):
                first = place + tokens.index(run[0], index) - index
                yield from self._by_line(run, self._words[first : first + len(run)])
            index += max(1, length)

    def _read_as(self, token: Token) -> str:
        """Return the printed word that a token is; one with digits is never another number."""
        if token.key in self._places or len(token.key) < 5 or _has_digit(token.key):
            return token.key
        return _most_like(token.key, self._places) or token.key

    def _longest_run(self, keys: Sequence[str], index: int, said: set[str]) -> tuple[int, int]:
        """Return where the words from `index` on are printed, and how many of them in a row.

        Of several equal places, the one whose row has most of the answer's other words.
        """
        runs = (
            (self._run(keys, index, place), len(said & self._rows[self._words[place].row]), -place)
            for place in self._places.get(keys[index], ())
        )
        length, _, place = max(runs, default=(0, 0, 0))
        return -place, length

    def _run(self, keys: Sequence[str], index: int, place: int) -> int:
        pairs = zip(keys[index:], self._words[place:], strict=False)
        length = 0
        for key, word in pairs:
            if key != word.key:
                break
            length += 1
        return length

    def _by_line(self, run: Sequence[Token], words: Sequence[_Printed]) -> Iterator[Quotation]:
        pairs = zip(run, words, strict=True)
        for _, group in groupby(pairs, key=lambda pair: pair[1].line):
            part = list(group)
            box = Box.union(word.box for _, word in part)
            yield Quotation(part[0][0].start, part[-1][0].end, box)


def tokenize(text: str) -> Iterator[Token]:
    """Yield the words of a text; marks inside a word, as in '30.54', belong to it."""
    for match in _TOKEN.finditer(text):
        yield Token(match[0].casefold(), match.start(), match.end())


def _printed_words(lines: Sequence[TextLine]) -> Iterator[_Printed]:
    rows = {id(line): row for row, group in enumerate(group_rows(lines)) for line in group}
    for number, line in enumerate(order_for_reading(lines)):
        for text, box in _parts(line):
            for token in tokenize(text):
                yield _Printed(token.key, box, number, rows[id(line)])


def _parts(line: TextLine) -> Iterator[tuple[str, Box]]:
    """Yield each word and its box, which is estimated where the reader gave none."""
    if line.words:
        yield from ((word.text, word.box) for word in line.words)
        return
    unit = line.box.width / max(1, len(line.text))
    for match in re.finditer(r"\S+", line.text):
        left, right = line.box.x1 + unit * match.start(), line.box.x1 + unit * match.end()
        yield match[0], Box(left, line.box.y1, right, line.box.y2)


def _trimmed(run: Sequence[Token], answer: str) -> Sequence[Token]:
    """Return a run from its first to its last telling word, or up to its quotation marks."""
    telling = [index for index, token in enumerate(run) if token.is_telling]
    if not telling:
        return ()
    first = 0 if _is_quote(answer[: run[0].start][-1:]) else telling[0]
    last = len(run) - 1 if _is_quote(answer[run[-1].end :][:1]) else telling[-1]
    return run[first : last + 1]


def _is_quote(character: str) -> bool:
    return character != "" and character in _QUOTES


def _is_quotation(run: Sequence[Token], answer: str) -> bool:
    """Tell what was read from words that answer and picture share by chance.

    Two telling words in a row are enough; one alone must be a number of some length, a name, or
    stand in quotation marks.
    """
    if sum(token.is_telling for token in run) > 1:
        return True
    start, key = run[0].start, run[0].key
    if _has_digit(key):
        return len(key) > 2 or _is_quote(answer[:start][-1:])
    is_name = answer[start].isupper() and not _begins_sentence(answer, start)
    return _is_quote(answer[:start][-1:]) or (is_name and len(key) > 1)


def _begins_sentence(answer: str, start: int) -> bool:
    before = answer[:start].rstrip()
    return not before or before[-1] in ".!?:\n" or "\n" in answer[len(before) : start]


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _most_like(key: str, keys: dict[str, list[int]]) -> str | None:
    try:
        from rapidfuzz import fuzz, process
    except ImportError:
        return None
    readable = [other for other in keys if len(other) > 3 and not _has_digit(other)]
    best = process.extractOne(key, readable, scorer=fuzz.ratio, score_cutoff=LIKENESS)
    return best[0] if best else None
