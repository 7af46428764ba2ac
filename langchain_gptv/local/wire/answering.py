"""The engine's answer as one result, which both APIs write down in their own words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from langchain_gptv._version import __version__
from langchain_gptv.exceptions import CannotFillError
from langchain_gptv.local.evidence import Answer, Evidence
from langchain_gptv.local.wire.arguments import find_arguments, is_named
from langchain_gptv.local.wire.asking import Ask, Function
from langchain_gptv.local.wire.usage import CHARACTERS_PER_TOKEN, Usage, estimate_usage
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.profile_data import LOCAL_MODEL

FINGERPRINT = f"{LOCAL_MODEL}-{__version__}"


class Engine(Protocol):
    """What answers. Both methods are synchronous and may be called from several threads."""

    def answer(self, images: Sequence[Image], question: str) -> Answer:
        """Answer a question about the images, or about none."""

    def fill(
        self, images: Sequence[Image], question: str, schema: Mapping[str, Any]
    ) -> tuple[dict[str, Any], tuple[Evidence, ...]]:
        """Return a value for a JSON Schema; raise `CannotFillError` if there is none."""


@dataclass(frozen=True, slots=True)
class Result:
    """An answer before it is written in the words of an API.

    Attributes:
        kind: What `text` is: an answer, the arguments of a call, or a refusal.
        text: As it is sent.
        function: The function called; empty unless `kind` is "call".
        certainty: Of the engine.
        evidence: What the answer rests on, best first.
        cut: Whether `max_tokens` cut the text.
        usage: Estimated.
    """

    kind: Literal["answer", "call", "refusal"]
    text: str
    certainty: Literal["seen", "not_seen", "cannot_tell"]
    evidence: tuple[Evidence, ...] = ()
    function: str = ""
    cut: bool = False
    usage: Usage = field(default_factory=Usage)

    @property
    def provenance(self) -> dict[str, Any]:
        """What every reply says of itself, under the key "gptv"."""
        return {
            "engine": LOCAL_MODEL,
            "version": __version__,
            "is_language_model": False,
            "certainty": self.certainty,
            "evidence": _describe(self.evidence),
        }


def answer(engine: Engine, ask: Ask) -> Result:
    """Let the engine answer, and cut the answer as asked."""
    result = _say(engine, ask)
    text, cut = _shorten(result.text, ask)
    return replace(result, text=text, cut=cut, usage=estimate_usage(ask, text))


def _say(engine: Engine, ask: Ask) -> Result:
    if ask.forced:
        return _call(engine, ask)
    answered = ask.conversation.has_tool_answer
    called = None if answered else _call_of_own_accord(engine, ask)
    if called is not None:
        return called
    if isinstance(ask.output, Mapping):
        return _fill(engine, ask, ask.output, "answer")
    if ask.offered and answered and not ask.conversation.images:
        return Result("answer", f"The tool says: {ask.conversation.tool_answer}", "seen")
    answer = engine.answer(_images(ask), ask.conversation.question)
    text = answer.text if ask.output == "text" else _as_json(answer)
    return Result("answer", text, answer.certainty, answer.evidence)


def _call(engine: Engine, ask: Ask) -> Result:
    """Call the first function whose arguments can be filled, from the picture or the question."""
    for function in ask.forced:
        result = _fill(engine, ask, function.parameters, "call")
        if result.kind == "call":
            return replace(result, function=function.name)
        stated = _stated_call(ask, function)
        if stated is not None:
            return stated
    return result


def _stated_call(ask: Ask, function: Function) -> Result | None:
    """Call a function whose arguments all stand in the question."""
    question = ask.conversation.question
    found, missing = find_arguments(function.name, question, function.parameters)
    if missing:
        return None
    text = json.dumps(found, ensure_ascii=False)
    return Result("call", text, "seen", function=function.name)


def _call_of_own_accord(engine: Engine, ask: Ask) -> Result | None:
    """Call the function that the question names, if its arguments can be had."""
    for function in ask.offered:
        if is_named(function.name, ask.conversation.question):
            stated = _stated_call(ask, function)
            if stated is not None:
                return stated
            result = _fill(engine, ask, function.parameters, "call")
            if result.kind == "call":
                return replace(result, function=function.name)
    return None


def _fill(
    engine: Engine, ask: Ask, schema: Mapping[str, Any], kind: Literal["answer", "call"]
) -> Result:
    # A service that cannot keep to a schema answers with a refusal, not with an error.
    try:
        filled, evidence = engine.fill(_images(ask), ask.conversation.question, schema)
    except CannotFillError as error:
        return Result("refusal", str(error), "cannot_tell")
    return Result(kind, json.dumps(filled, ensure_ascii=False), "seen", evidence)


def _images(ask: Ask) -> list[Image]:
    return [sent.image for sent in ask.conversation.images]


def _as_json(answer: Answer) -> str:
    said = {"answer": answer.text, "certainty": answer.certainty}
    return json.dumps(said | {"evidence": _describe(answer.evidence)}, ensure_ascii=False)


def _shorten(text: str, ask: Ask) -> tuple[str, bool]:
    for word in ask.stop:
        text = text.partition(word)[0] if word else text
    limit = ask.max_tokens and ask.max_tokens * CHARACTERS_PER_TOKEN
    return (text[:limit], True) if limit and len(text) > limit else (text, False)


def _describe(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    # An engine may hand over numpy numbers, which JSON does not know.
    return [
        {
            "kind": fact.kind,
            "text": fact.text,
            "score": round(float(fact.score), 4),
            "box": [round(float(edge), 2) for edge in fact.box] if fact.box else None,
            "image_index": fact.image_index,
        }
        for fact in evidence
    ]
