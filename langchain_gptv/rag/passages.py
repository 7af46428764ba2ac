"""Long texts cut to a number of tokens, and what each of several texts may have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from langchain_gptv.vision.tokens import estimate_text_tokens

GAP = "[...]"
_WORD = re.compile(r"\w{2,}")
_LINE_END = 2
"""Tokens of a line end, and of a part of a gap."""
_MOST_HITS = 20
_HIT = 0.1
"""Of the best line's score, what makes another a hit."""


def share_out(wanted: Sequence[int], available: int) -> list[int]:
    """Share tokens out: what one text does not need goes to the others.

    Example:
        >>> share_out([10, 500, 300], 210)
        [10, 100, 100]
    """
    shares = [0] * len(wanted)
    left = max(0, available)
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    for done, place in enumerate(order):
        shares[place] = min(wanted[place], left // (len(order) - done))
        left -= shares[place]
    return shares


def cut_to(text: str, max_tokens: int, question: str = "") -> str:
    r"""Cut a text to the lines that share words with a question; without one, to its beginning.

    Example:
        >>> cut_to("One line.\nThe total is 12.50.\nA last line.", 10, "What is the total?")
        '[...]\nThe total is 12.50.\n[...]'
    """
    if estimate_text_tokens(text) <= max_tokens:
        return text
    lines = [part for line in text.split("\n") for part in _split(line)]
    kept: set[int] = set()
    left = max_tokens
    for place in _by_relevance(lines, question):
        tokens = estimate_text_tokens(lines[place]) + _LINE_END
        if tokens > left:
            break
        left -= tokens
        kept.add(place)
    return _joined(lines, kept)


def _split(line: str) -> list[str]:
    """Return the sentences of a line that is a paragraph."""
    return re.split(r"(?<=[.!?]) +", line) if len(line) > 200 else [line]


def _by_relevance(lines: Sequence[str], question: str) -> list[int]:
    """Return the lines by the words they share with a question, then by how near they are."""
    words = [_words(line) for line in lines]
    # A word of many lines, such as "the", tells little.
    found = Counter(word for line in words for word in line)
    scores = [sum(1 / found[word] for word in _words(question) & line) for line in words]
    least = _HIT * max(scores, default=0)
    hits = [place for place, score in enumerate(scores) if score > least]
    if not hits:
        return list(range(len(lines)))
    best = sorted(hits, key=lambda place: (-scores[place], place))

    def rank(place: int) -> tuple[int, int]:
        return min(abs(place - hit) for hit in best[:_MOST_HITS]), place

    rest = set(range(len(lines))) - set(hits)
    return [*best, *sorted(rest, key=rank)]


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def _joined(lines: Sequence[str], kept: set[int]) -> str:
    """Return the kept lines in their order, with a mark for what is left out between them."""
    parts: list[str] = []
    for place, line in enumerate(lines):
        if place in kept:
            parts.append(line)
        elif not parts or parts[-1] != GAP:
            parts.append(GAP)
    return "\n".join(parts) if kept else ""
