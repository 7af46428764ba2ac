"""Azure's vision enhancements of 2023-24: what a request may ask for, and the grounding it gets.

`/extensions/chat/completions` had them in 2023-12-01-preview, the plain path in 2024-02-15-preview
and 2024-03-01-preview. OCR only fed the model, so it has no part of the reply.
"""

from __future__ import annotations

from typing import Any

from langchain_gptv.local.grounding import Grounder
from langchain_gptv.local.wire import errors
from langchain_gptv.local.wire.answering import Engine, Result
from langchain_gptv.local.wire.body import Node
from langchain_gptv.local.wire.conversation import Conversation
from langchain_gptv.local.wire.dialect import Dialect
from langchain_gptv.vision.grounding import describe_grounding
from langchain_gptv.vision.observations import Observer

_SOURCE_FIELDS = ("dataSources", "data_sources")
_FIELDS = ("enhancements", *_SOURCE_FIELDS)
_SOURCE = "AzureComputerVision"


def read_enhancements(body: Node, conversation: Conversation, dialect: Dialect) -> bool:
    """Return whether the answer is to be grounded, and refuse what cannot be had."""
    given = [name for name in _FIELDS if body[name].given]
    if given and not dialect.enhanced:
        raise errors.unknown_field(given[0], dialect)
    _check_sources(body)
    asked = body["enhancements"]
    if not asked.given:
        return False
    wanted = {name: _is_enabled(asked[name]) for name in ("ocr", "grounding", "video")}
    if wanted["video"]:
        raise errors.unsupported_parameter(
            "enhancements.video", "Send the frames of the video as images."
        )
    if any(wanted.values()) and len(conversation.all_images) > 1:
        raise errors.request_error(
            "Enhancements cannot be applied to multiple images within a single chat call; there "
            f"are {len(conversation.all_images)}.",
            param="enhancements",
        )
    return wanted["grounding"]


def ground_reply(engine: Engine, result: Result, conversation: Conversation) -> dict[str, Any]:
    """Return the `enhancements` of a choice."""
    if result.kind != "answer" or not conversation.all_images:
        return describe_grounding(result.text, ())
    if not isinstance(engine, Observer):
        raise errors.unsupported_parameter("enhancements.grounding", "This engine has no boxes.")
    seen = engine.observe(conversation.all_images[0].image)
    return describe_grounding(result.text, Grounder(seen).ground(result.text))


def _is_enabled(field: Node) -> bool:
    return field.given and field["enabled"].flag()


def _check_sources(body: Node) -> None:
    """Let pass the resource that did the work in the service: here the engine does it."""
    for name in _SOURCE_FIELDS:
        for source in body[name].items() if body[name].given else ():
            source["type"].one_of(_SOURCE)
