"""An answer beside its picture: point at a phrase, and its box lights up."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from langchain_gptv.display.pictures import MAX_SIDE, called, figure, shrunk
from langchain_gptv.display.view import View
from langchain_gptv.enhancements.grounding import grounded_spans
from langchain_gptv.vision.draw import draw_boxes
from langchain_gptv.vision.grounding import GroundedSpan
from langchain_gptv.vision.images import Image

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_STYLE = """
#ID mark{background:#e69f0040;color:inherit;border-bottom:2px solid #e69f00;cursor:pointer}
#ID .box{position:absolute;border-radius:2px}
#ID .box:hover,#ID .box:focus,#ID mark:hover,#ID mark:focus{outline:3px solid #e69f00}
"""
_LIT = """
#ID:has(.pN:hover,.pN:focus) .bN{background:#e69f0066;outline:3px solid #e69f00}
#ID:has(.bN:hover,.bN:focus) .pN{background:#e69f00;color:#000}
"""


def show_grounding(image: Any, message: BaseMessage, *, max_side: int = MAX_SIDE) -> View:
    """Show an answer beside the image it is about, with its phrases tied to their boxes.

    Pointing at a phrase, or reaching it with the Tab key, lights its box up, and the other way
    round. Where styles are taken away the boxes are still drawn and labelled.

    Args:
        image: The one that was asked about: an `Image`, or anything `Image.of` takes.
        message: The answer of a call with `Enhancements`.
        max_side: Pixels; a larger image is shown smaller.

    Raises:
        ImageError: It is no image.
        MessageError: The answer's `enhancements` are not of the documented shape.
    """
    loaded, spans = Image.of(image), grounded_spans(message)
    shown, _ = shrunk(loaded.to_pil(), max_side)
    drawn = draw_boxes(shown, [(span.box(*shown.size), span.text) for span in spans])
    over = "".join(_area(number, span) for number, span in enumerate(spans))
    alt = f"{called(loaded)} with boxes: {', '.join(span.text for span in spans) or 'none'}"
    answer = f"<p>{''.join(_phrases(message.text, spans))}</p>"
    style = _STYLE + "".join(_LIT.replace("N", str(number)) for number in range(len(spans)))
    return View(answer + figure(drawn, alt=alt, over=over), f"{message.text}\n{alt}", style)


def _area(number: int, span: GroundedSpan) -> str:
    """Return what lies on the picture where the box is, in parts of the picture."""
    box = span.box(100, 100)
    place = f"left:{box.x1:.2f}%;top:{box.y1:.2f}%;width:{box.width:.2f}%;height:{box.height:.2f}%"
    name = html.escape(span.text, quote=True)
    return (
        f'<span class="box b{number}" tabindex="0" role="img" aria-label="{name}" title="{name}" '
        f'style="{place}"></span>'
    )


def _phrases(text: str, spans: Sequence[GroundedSpan]) -> Iterator[str]:
    """Yield the answer with its phrases marked; a phrase of several boxes lights all of them."""
    phrases: dict[tuple[int, int], list[int]] = {}
    for number, span in enumerate(spans):
        phrases.setdefault((span.offset, span.offset + span.length), []).append(number)
    done = 0
    for (start, end), numbers in sorted(phrases.items()):
        if start < done:
            continue  # inside the phrase before it
        classes = " ".join(f"p{number}" for number in numbers)
        yield html.escape(text[done:start])
        yield f'<mark class="{classes}" tabindex="0">{html.escape(text[start:end])}</mark>'
        done = end
    yield html.escape(text[done:])
