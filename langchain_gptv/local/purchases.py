"""Answers about what a receipt or an invoice lists, and what it says in short."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from rapidfuzz import fuzz

from langchain_gptv.local.concepts import CONCEPTS
from langchain_gptv.local.evidence import Answer, Evidence
from langchain_gptv.local.fields import find_field
from langchain_gptv.local.items import LineItem, find_line_items
from langchain_gptv.local.labels import count_noun
from langchain_gptv.local.questions import Question
from langchain_gptv.local.quotations import LIKENESS
from langchain_gptv.vision.observations import Observation

_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    "tenth",
)
_MOST = re.compile(r"\b(?:most expensive|dearest|priciest|costliest|highest[- ]price\w*)\b")
_LEAST = re.compile(r"\b(?:least expensive|cheapest|lowest[- ]price\w*)\b")
_COUNTED = re.compile(r"\bhow many\b|\bnumber of\b|^count\b")

_BUYING = {"buy", "bought", "order", "ordered", "purchase", "purchased", "sold"}

_TOLD = ("seller", "invoice number", "receipt number", "date", "due date", "customer", "total")
"""The fields that say in short what a document is about."""

_CONCEPTS = {concept.name: concept for concept in CONCEPTS}

_FEWEST_TOLD = 3
"""With fewer of them a picture is no document whose fields sum it up."""


def tell_items(seen: Observation, question: Question) -> Answer | None:
    """Answer about the line items; None when there are none."""
    items = find_line_items(seen.lines)
    if not items:
        return None
    lowered = question.text.lower()
    if _COUNTED.search(lowered):
        return _answer(f"I read {count_noun(len(items), 'line item')}{_quantities(items)}.", items)
    for pattern, choose, word in ((_MOST, max, "dearest"), (_LEAST, min, "cheapest")):
        if pattern.search(lowered):
            return _extreme(items, choose, word)
    place = _ordinal(lowered, len(items))
    if place is not None and place < len(items):
        item = items[place]
        return _answer(f"Line item {place + 1} is {_say_item(item)}.", [item])
    listed = "; ".join(map(_say_item, items))
    return _answer(f"I read {count_noun(len(items), 'line item')}: {listed}.", items)


def count_item(seen: Observation, question: Question) -> Answer | None:
    """Answer how many of one thing were bought; None when no line item names it."""
    words = [word for word in question.words if word not in _BUYING]
    for item in find_line_items(seen.lines):
        if item.quantity is not None and _is_named(item, words):
            return _answer(f"It lists {_say_item(item)}.", [item])
    return None


def sum_up(seen: Observation) -> Answer | None:
    """Say the fields that tell what a document is about; None where there are too few."""
    told, evidence = [], []
    for name in _TOLD:
        found = find_field(seen.lines, _CONCEPTS[name])
        if found:
            told.append(f"{name} {found[0].value}")
            evidence.append(Evidence("text", found[0].value, found[0].score, found[0].box))
    items = find_line_items(seen.lines)
    if items:
        told.append(f"{count_noun(len(items), 'line item')}{_quantities(items)}")
        evidence += _evidence(items)
    if len(told) < _FEWEST_TOLD:
        return None
    return Answer(f"It says: {'; '.join(told)}.", "seen", tuple(evidence))


def _say_item(item: LineItem) -> str:
    """Write '3 x Gel pen, black (1.25 each, 3.75 in all)'."""
    quantity = f"{item.quantity:f} x " if item.quantity is not None else ""
    if item.unit_price is None or item.quantity == 1:
        return f"{quantity}{item.name} ({item.amount:,})"
    return f"{quantity}{item.name} ({item.unit_price:,} each, {item.amount:,} in all)"


def _quantities(items: Sequence[LineItem]) -> str:
    quantities = [item.quantity for item in items if item.quantity is not None]
    if len(quantities) < len(items) or sum(quantities) == len(items):
        return ""
    return f", whose quantities add up to {sum(quantities, Decimal()):f}"


def _extreme(items: Sequence[LineItem], choose: Callable[..., Decimal], word: str) -> Answer:
    """Compare prices of one piece where every row has one, else what the rows cost."""
    prices = [item.unit_price for item in items if item.unit_price is not None]
    by_piece = len(prices) == len(items)
    price = choose(prices if by_piece else [item.amount for item in items])
    chosen = [item for item in items if (item.unit_price if by_piece else item.amount) == price]
    what = "one piece" if by_piece else "a whole line"
    listed = "; ".join(map(_say_item, chosen))
    return _answer(f"By the price of {what} the {word} is {listed}.", chosen)


def _ordinal(text: str, count: int) -> int | None:
    if re.search(r"\blast\b", text):
        return count - 1
    for place, word in enumerate(_ORDINALS):
        if re.search(rf"\b(?:{word}|{place + 1}(?:st|nd|rd|th))\b", text):
            return place
    return None


def _is_named(item: LineItem, words: Sequence[str]) -> bool:
    """Tell whether each word of a question, such as 'pens', is printed in the item's name."""
    printed = re.findall(r"[\w'-]+", item.name.lower())
    likeness: Callable[[str, str], float] = fuzz.ratio
    return bool(words) and all(
        any(likeness(word, other) >= LIKENESS for other in printed) for word in words
    )


def _answer(text: str, items: Sequence[LineItem]) -> Answer:
    return Answer(text, "seen", _evidence(items))


def _evidence(items: Sequence[LineItem]) -> tuple[Evidence, ...]:
    return tuple(Evidence("text", item.name, item.score, item.box) for item in items)
