"""What a question asks for, by rules on its words."""

import re
from dataclasses import dataclass
from typing import Literal

from langchain_gptv.local.concepts import Concept, find_concept
from langchain_gptv.local.labels import NOUNS, Noun

QuestionKind = Literal[
    "describe",
    "read",
    "count",
    "color",
    "where",
    "field",
    "presence",
    "size",
    "which",
    "mention",
    "lookup",
    "items",
    "summary",
    "place",
    "compare",
]

_KIND_PATTERNS: tuple[tuple[QuestionKind, str], ...] = (
    (
        "items",
        r"\b(?:line items?|items?|products?|articles?|purchases)\b"
        r"|\bwhat (?:did|have|has|had) \w+ (?:buy|bought|ordered?|purchased?)\b"
        r"|\bwhat (?:was|were|is|has been) (?:bought|ordered|purchased|sold)\b",
    ),
    (
        "compare",
        r"\b(?:compare|comparison|differ(?:s|ent|ences?)?|what(?:'s| is| has|'ve| have)? changed)\b"
        r"|\b(?:the same|identical)\b",
    ),
    ("summary", r"\b(?:summari[sz]e|summary|sum up|key (?:facts|fields|points)|overview)\b"),
    ("size", r"\b(how (?:big|large|wide|tall|high)|resolution|dimensions|image size|pixels)\b"),
    ("count", r"\b(how many|number of)\b|^count\b"),
    ("color", r"\bcolou?r(?:s|ed)?\b"),
    (
        "where",
        r"^where\b|\bwhere (?:is|are|does)\b|\b(?:locate|find|position of|point (?:at|to))\b",
    ),
    ("mention", r"\b(mentions?|the words?|the phrase|say(?:s|ing)? anything about)\b"),
    (
        "read",
        r"\b(read|transcribe|ocr|written|text|what (?:does|do) .* says?)\b",
    ),
    (
        "describe",
        r"\b(describe|caption|what(?:'s| is| do you see| can you see| can be seen)?"
        r" (?:(?:shown |going on )?(?:in|on|this|that|here)|you see"
        r"|shown|happen(?:s|ing)|going on)|look at)\b"
        r"|^what (?:do|can) you see|^what(?:'s| is) (?:this|that|it)\b",
    ),
    (
        "presence",
        r"^(?:is|are|was|were|do|does|can|has|have)\b|\bany\b|\bcontains?\b|\bdo you see\b",
    ),
    ("which", r"\b(?:what|which|what kind of|what sort of|what type of)\b"),
)

_BEFORE_FIELDS: set[QuestionKind] = {"count", "color", "mention", "compare", "summary"}
"""Kinds that keep their meaning when the question has the name of a document field in it."""

_STOPWORDS = set(
    "a an the is are was were be been do does did has have had can could will would should may "
    "i you he she it we they me my your his her its our their this that these those there here "
    "what which who whom whose when where why how many much of in on at to for from by with and "
    "or not no any some all please tell give show find see seen look count number kind sort type "
    "picture image photo photograph scan document page colour color colors colours shown visible "
    "say says mention mentions word words phrase anything about value amount cost costs price paid "
    "pay into out as s re one contain contains locate position point".split()
)

_PLACE = re.compile(
    r"\b(?:on|at|in|to) the (?:far |very )?((?:upper|lower|top|bottom)[ -](?:left|right)"
    r"|left|right|top|bottom|middle|cent(?:er|re))\b"
)
_PLACE_WORDS = {"top": "upper", "bottom": "lower", "center": "middle", "centre": "middle"}
_DETAILED = re.compile(r"\bdetail|\bthorough|\beverything\b")
_MONEY = re.compile(r"\b(how much|cost|costs|price|pay|paid|charge[ds]?|amount)\b")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, taken apart.

    Attributes:
        text: As asked.
        kind: What to do.
        words: Its content words, lower case.
        noun: The thing it asks for, when the detector may know it.
        concept: The document field it asks for.
        quoted: The phrase it puts in quotation marks.
        wants_money: Whether the answer should be an amount.
        place: The part of the picture it is about, such as 'upper left', in the words of
            `name_place`.
        wants_detail: Whether the answer should say all that was seen.
    """

    text: str
    kind: QuestionKind
    words: tuple[str, ...] = ()
    noun: Noun | None = None
    concept: Concept | None = None
    quoted: str = ""
    wants_money: bool = False
    place: str = ""
    wants_detail: bool = False

    @property
    def subject(self) -> str:
        """What the question is about, in its own words."""
        return self.quoted or (self.noun.word if self.noun else " ".join(self.words))


def parse_question(text: str) -> Question:
    """Take a question apart.

    Example:
        >>> question = parse_question("How many people are there?")
        >>> question.kind, question.noun.word
        ('count', 'person')
    """
    lowered = re.sub(r"\s+", " ", text.lower().replace("’", "'")).strip()
    words = tuple(word for word in re.findall(r"[\w'-]+", lowered) if word not in _STOPWORDS)
    quoted = re.search(r"[\"“']([^\"”']{2,200})[\"”'](?!\w)", text)
    noun, concept = _find_noun(lowered), find_concept(lowered)
    kind = _find_kind(lowered, noun, concept)
    return Question(
        text=text,
        kind=kind,
        words=words,
        noun=noun if kind != "field" else None,
        concept=concept if kind == "field" else None,
        quoted=quoted[1] if quoted else "",
        wants_money=bool(_MONEY.search(lowered)),
        place=_find_place(lowered),
        wants_detail=bool(_DETAILED.search(lowered)),
    )


def _find_kind(text: str, noun: Noun | None, concept: Concept | None) -> QuestionKind:
    if not text:
        return "describe"
    matching = [kind for kind, pattern in _KIND_PATTERNS if re.search(pattern, text)]
    if concept and not _BEFORE_FIELDS & set(matching):
        return "field"
    if noun is None and _find_place(text) and set(matching) <= {"which", "describe"}:
        return "place"
    for kind in matching:
        if not (kind == "describe" and _is_about(text, noun)):
            return "lookup" if kind == "which" and noun is None else kind
    return "presence" if noun else "lookup"


def _find_place(text: str) -> str:
    match = _PLACE.search(text)
    words = re.split("[ -]", match[1]) if match else []
    return " ".join(_PLACE_WORDS.get(word, word) for word in words)


def _is_about(text: str, noun: Noun | None) -> bool:
    """Tell 'What animal is in this picture?' from 'What is in this picture?'."""
    return noun is not None and not re.search(r"\b(describe|caption|summari)", text)


def _find_noun(text: str) -> Noun | None:
    """Return the first known noun, the longest where several start at the same word."""
    words = re.findall(r"[\w'-]+", text)
    for first in range(len(words)):
        for count in (3, 2, 1):
            noun = NOUNS.get(" ".join(words[first : first + count]))
            if noun is not None:
                return noun
    return None
