"""The conversation as the model is shown it: the newest pictures, and notes in place of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage

from langchain_gptv.middleware.references import detail_of, referenced, with_url
from langchain_gptv.middleware.window import ImageWindow
from langchain_gptv.store import reference
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.rules import Detail


@dataclass(frozen=True)
class Sighting:
    """One place of a conversation where a stored picture stands.

    Attributes:
        message: Index of the message.
        place: Index of the block in its content.
        handle: Of the picture.
        turn: The user turn, counted from 1.
        detail: The API setting that the block asks for.
    """

    message: int
    place: int
    handle: str
    turn: int
    detail: Detail


def sightings(messages: Sequence[BaseMessage]) -> list[Sighting]:
    """Find the references of a conversation, oldest first."""
    found, turn = [], 0
    for index, message in enumerate(messages):
        turn += isinstance(message, HumanMessage)
        if isinstance(message.content, list):
            for place, block in enumerate(message.content):
                if (handle := referenced(block)) is not None:
                    detail = detail_of(block) or "auto"
                    found.append(Sighting(index, place, handle, max(turn, 1), detail))
    return found


def shown_sightings(
    found: Sequence[Sighting], messages: Sequence[BaseMessage], window: ImageWindow
) -> list[Sighting]:
    """Choose those that the model is shown."""
    last_turn = sum(isinstance(message, HumanMessage) for message in messages)
    shown = window.shown([sighting.turn for sighting in found], last_turn)
    return [sighting for sighting, is_shown in zip(found, shown, strict=True) if is_shown]


def names_of(found: Sequence[Sighting]) -> list[str]:
    """Return the handles, each once."""
    return list(dict.fromkeys(sighting.handle for sighting in found))


def view(
    messages: Sequence[BaseMessage],
    found: Sequence[Sighting],
    shown: Sequence[Sighting],
    images: Mapping[str, Image],
) -> list[BaseMessage]:
    """Label what is shown with its handle and size, and put notes in place of the rest.

    Args:
        messages: With references.
        found: All places where pictures stand.
        shown: Those that the model is to see.
        images: By handle; a shown one that is not here is no longer in the store.
    """
    seen = {(s.message, s.place) for s in shown}
    changed = list(messages)
    for index in {sighting.message for sighting in found}:
        content: list[Any] = []
        for place, block in enumerate(messages[index].content):
            handle = referenced(block)
            if handle is None:
                content.append(block)
            elif (index, place) not in seen:
                content.append(_note(f"{handle}: not shown again. Name it to a tool to see it."))
            elif handle not in images:
                content.append(_note(f"{handle}: no longer stored. Ask for it to be given again."))
            else:
                image = images[handle]
                content.append(_note(f"{handle}: {image.width} x {image.height} pixels"))
                content.append(with_url(block, reference(handle)))
        changed[index] = messages[index].model_copy(update={"content": content})
    return changed


def fill(messages: Sequence[BaseMessage], images: Mapping[str, Image]) -> list[BaseMessage]:
    """Put the pictures in place of their references."""
    return [_filled(message, images) for message in messages]


def _filled(message: BaseMessage, images: Mapping[str, Image]) -> BaseMessage:
    if not isinstance(message.content, list):
        return message
    content = list(_filled_blocks(message.content, images))
    if all(new is old for new, old in zip(content, message.content, strict=True)):
        return message
    return message.model_copy(update={"content": content})


def _filled_blocks(content: Sequence[Any], images: Mapping[str, Image]) -> Iterator[Any]:
    for block in content:
        handle = referenced(block)
        image = images.get(handle) if handle is not None else None
        yield block if image is None else with_url(block, image.data_url)


def _note(text: str) -> dict[str, Any]:
    return {"type": "text", "text": f"[Image {text}]"}
