"""Boxes as a model writes them in numbers: validated, clamped, mapped back to the original."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, create_model, model_validator

from langchain_gptv.messages import image_block
from langchain_gptv.tools.candidates import Candidate
from langchain_gptv.tools.spending import Purse
from langchain_gptv.tools.steps import Steps, ask_object
from langchain_gptv.tools.views import Sight, View
from langchain_gptv.vision.boxes import Box

Convention = Literal["thousandths", "pixels"]
"""What coordinates count: 0 to 1000 of each side, or pixels of the picture as it is sent."""

_SLACK = 0.02
_ASKED = (
    "The picture is {width} x {height} pixels. Give the box of each thing in it that fits this: "
    "{phrase}\nCoordinates are {units}, from the top left corner."
)
_UNITS = {
    "thousandths": "thousandths of the width (x) and of the height (y), 0 to 1000",
    "pixels": "pixels of the picture",
}


class WrittenBox(BaseModel):
    """A box by its left, top, right and bottom edges."""

    x1: float
    y1: float
    x2: float
    y2: float

    @model_validator(mode="after")
    def _check_edges(self) -> WrittenBox:
        if self.x2 <= self.x1 or self.y2 <= self.y1:
            raise ValueError("x2 must be right of x1, and y2 below y1; they are edges, not sizes")
        return self


class WrittenBoxes(BaseModel):
    """The boxes of the things that fit."""

    boxes: list[WrittenBox] = Field(description="Empty when nothing fits.")


def write_boxes(
    sight: Sight, phrase: str, convention: Convention, purse: Purse
) -> Steps[list[Candidate]]:
    """Let the model write the coordinates of what a phrase means.

    Raises:
        BudgetError: The call does not fit the budget.
        ReplyError: The model does not answer with boxes inside the picture.
    """
    view = sight.view()
    purse.check([view])
    width, height = view.picture.size
    full = (1000, 1000) if convention == "thousandths" else (width, height)
    units = _UNITS[convention]
    asked = _ASKED.format(width=width, height=height, phrase=phrase, units=units)
    block = image_block(view.image, detail=view.detail)
    reply = yield from ask_object(boxes_within(*full), asked, block)
    purse.pay(reply.usage, [view])
    boxes = (Box(e.x1, e.y1, e.x2, e.y2).clamped(*full) for e in reply.value.boxes)
    return [Candidate(_in_original(box, full, view)) for box in boxes]


def boxes_within(width: int, height: int) -> type[WrittenBoxes]:
    """Return the class of answers whose boxes lie within `width` x `height`, give or take 2 %."""
    x = Annotated[float, Field(ge=-_SLACK * width, le=(1 + _SLACK) * width)]
    y = Annotated[float, Field(ge=-_SLACK * height, le=(1 + _SLACK) * height)]
    box = create_model(
        "WrittenBox", __base__=WrittenBox, __doc__=WrittenBox.__doc__, x1=x, y1=y, x2=x, y2=y
    )
    return create_model(
        "WrittenBoxes",
        __base__=WrittenBoxes,
        __doc__=WrittenBoxes.__doc__,
        boxes=(list[box], Field(description="Empty when nothing fits.")),
    )


def _in_original(box: Box, full: tuple[int, int], view: View) -> Box:
    width, height = view.picture.size
    across, down = width / full[0], height / full[1]
    return view.to_original(Box(box.x1 * across, box.y1 * down, box.x2 * across, box.y2 * down))
