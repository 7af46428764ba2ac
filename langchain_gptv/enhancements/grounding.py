"""The boxes of an answer's phrases: read from its metadata, and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_gptv.exceptions import MessageError
from langchain_gptv.vision.draw import draw_boxes
from langchain_gptv.vision.grounding import GroundedSpan
from langchain_gptv.vision.images import Image

if TYPE_CHECKING:
    import PIL.Image
    from langchain_core.messages import BaseMessage


def grounded_spans(message: BaseMessage) -> list[GroundedSpan]:
    """Return the phrases of an answer that are tied to boxes.

    Args:
        message: The answer of a call with `Enhancements`; without, nothing is tied.

    Raises:
        MessageError: The service's `enhancements` are not of the documented shape.

    Example:
        >>> from langchain_gptv import ChatGPTV, Enhancements, human_message
        >>> model = ChatGPTV(model="gptv-local", enhancements=Enhancements())
        >>> answer = model.invoke([human_message("Describe it.", "examples/images/street.jpg")])
        >>> [span.text for span in grounded_spans(answer)]
        ['1 truck', '2 people', '1 car']
    """
    said = message.response_metadata.get("enhancements") or {}
    try:
        lines = (said.get("grounding") or {}).get("lines") or ()
        return [GroundedSpan.from_wire(span) for line in lines for span in line["spans"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MessageError(
            "response_metadata['enhancements'] is not {'grounding': {'lines': [{'spans': [{'text', "
            f"'offset', 'length', 'polygon': [{{'x', 'y'}}]}}]}}]}}}}: {error!r}"
        ) from error


def draw_grounding(image: Any, message: BaseMessage) -> PIL.Image.Image:
    """Draw the boxes of an answer's phrases on the image that it is about.

    Args:
        image: The one that was asked about: a path, bytes, data URL, PIL image, array or `Image`.
        message: The answer.

    Raises:
        ImageError: The source is no image.
        MessageError: As of `grounded_spans`.
    """
    picture = Image.of(image).to_pil()
    return draw_boxes(
        picture, [(span.box(*picture.size), span.text) for span in grounded_spans(message)]
    )
