"""Stored pictures for a graph or chain of one's own, where no agent calls the middleware."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from langchain_gptv.exceptions import UnknownImageError
from langchain_gptv.messages import ToolImages, place_images
from langchain_gptv.middleware.views import fill, names_of, shown_sightings, sightings, view
from langchain_gptv.middleware.window import ImageWindow
from langchain_gptv.store import ImageStore
from langchain_gptv.vision.images import Image


def with_stored_images(
    messages: Sequence[BaseMessage],
    store: ImageStore,
    window: ImageWindow,
    tool_images: ToolImages | None,
) -> list[BaseMessage]:
    """Put stored pictures in place of the newest references, and notes in place of the others.

    Args:
        messages: With references; those without stay as they are.
        store: Where the pictures lie.
        window: Which of them are shown.
        tool_images: What becomes of the pictures of tools; None leaves it to the model.
    """
    found = sightings(messages)
    if not found:
        return list(messages)
    shown = shown_sightings(found, messages, window)
    images = {name: image for name in names_of(shown) if (image := stored(store, name))}
    viewed = view(messages, found, shown, images)
    if tool_images is not None:
        viewed = place_images(viewed, tool_images=tool_images)
    return fill(viewed, images)


def stored(store: ImageStore, handle: str) -> Image | None:
    """Return a picture, or None when it is no longer there; the model is told so in its place."""
    try:
        return store.get(handle)
    except UnknownImageError:
        return None
