"""`locate`: where in a picture is what a phrase means, as boxes in its own pixels."""

from __future__ import annotations

from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from pydantic import BaseModel, Field

from langchain_gptv.exceptions import MissingExtraError
from langchain_gptv.tools.base import (
    ImageArguments,
    ObserverChoice,
    VisionResult,
    VisionTool,
    choose_observer,
    profile_of,
)
from langchain_gptv.tools.candidates import Candidate, find_candidates, split_by_phrase
from langchain_gptv.tools.cells import choose_cells
from langchain_gptv.tools.coordinates import Convention, write_boxes
from langchain_gptv.tools.marks import choose_marks
from langchain_gptv.tools.quoting import quote_picture_text
from langchain_gptv.tools.regions import write_region
from langchain_gptv.tools.spending import Purse, SearchBudget
from langchain_gptv.tools.steps import Model, Steps, arun_steps, run_steps
from langchain_gptv.tools.views import Sight, as_file
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.observations import Observer
from langchain_gptv.vision.profiles import VisionProfile

LocateMode = Literal["marks", "grid", "coordinates"]

_MOST_CROPS = 8
_MARGIN = 4  # pixels around a crop


class LocatedBox(BaseModel):
    """One place.

    Attributes:
        phrase: What was looked for.
        box: x1, y1, x2, y2 in pixels of the upright original.
        text: What an observer read there, or the class of the object it saw; may be empty.
        score: The observer's certainty, 0 to 1; None when the model alone found it.
        crop: Handle of the part cut out; empty when it is in no store.
    """

    phrase: str
    box: Box
    text: str = ""
    score: float | None = None
    crop: str = ""

    @property
    def point(self) -> tuple[float, float]:
        """The middle (x, y), for a click."""
        return self.box.center


class Located(VisionResult):
    """Where a phrase was found.

    Attributes:
        phrase: What was looked for.
        mode: How: by marks, by cells of a grid, or by coordinates that the model wrote.
        found: In the model's order; empty when nothing fits.
    """

    phrase: str
    mode: LocateMode
    found: tuple[LocatedBox, ...] = ()

    def to_supervision(self) -> Any:
        """Return the boxes as `supervision.Detections`.

        Raises:
            MissingExtraError: The library supervision is not installed.
        """
        from importlib import import_module

        try:
            np, supervision = import_module("numpy"), import_module("supervision")
        except ImportError:
            raise MissingExtraError("to_supervision()", package="supervision") from None
        boxes = np.array([place.box for place in self.found], dtype=float).reshape(-1, 4)
        names = np.array([place.text or place.phrase for place in self.found], dtype=str)
        scores = [place.score for place in self.found]
        known = np.array(scores, dtype=float) if None not in scores else None
        return supervision.Detections(xyxy=boxes, confidence=known, data={"class_name": names})


def locate(
    image: Any,
    phrase: str,
    *,
    llm: BaseChatModel,
    mode: LocateMode = "marks",
    observer: ObserverChoice = "default",
    convention: Convention = "thousandths",
    budget: SearchBudget | None = None,
    structured_output: bool = True,
) -> Located:
    """Find what a phrase means in a picture.

    Args:
        image: An `Image`, or anything that `Image.of` takes.
        phrase: Such as "the total", "the red cup", "the Save button".
        llm: Any chat model that takes images.
        mode: "marks" numbers what the observer finds and lets the model choose; where that is
            nothing, "grid" lets it choose cells of ever finer grids; "coordinates" lets it write
            numbers, for models that are good at it.
        observer: Finds candidates for marks; by default the embedded engine when it is installed.
        convention: What the numbers of "coordinates" count.
        budget: Of calls, tokens and money.
        structured_output: As in `Model`.

    Raises:
        BudgetError: Nothing was found within the budget.
        ReplyError: The model does not answer in the form asked for.
        ImageError: It is no image.
    """
    steps = locating(image, phrase, profile_of(llm), mode, observer, convention, budget)
    return run_steps(steps, Model(llm, structured_output))


async def alocate(
    image: Any,
    phrase: str,
    *,
    llm: BaseChatModel,
    mode: LocateMode = "marks",
    observer: ObserverChoice = "default",
    convention: Convention = "thousandths",
    budget: SearchBudget | None = None,
    structured_output: bool = True,
) -> Located:
    """Find without blocking the event loop; otherwise as `locate`."""
    steps = locating(image, phrase, profile_of(llm), mode, observer, convention, budget)
    return await arun_steps(steps, Model(llm, structured_output))


class LocateArguments(ImageArguments):
    """What a model says to find something."""

    phrase: str = Field(description="What to find, such as 'the total' or 'the red cup'.")


class Locate(VisionTool):
    """The tool `locate`.

    Attributes:
        mode: As in `locate`.
        convention: As in `locate`.
        budget: For one phrase.
    """

    name: str = "locate"
    description: str = (
        "Find where something is in an image. Returns boxes in pixels, and a handle of each part."
    )
    args_schema: type[BaseModel] = LocateArguments
    mode: LocateMode = "marks"
    convention: Convention = "thousandths"
    budget: SearchBudget = SearchBudget()

    def steps(self, image: str, phrase: str) -> Steps[tuple[str, Located]]:
        """Find; the artifact is a `Located`."""
        opened = self.open(image)
        sight = Sight(opened.image, self.profile)
        located = yield from locating(
            sight, phrase, self.profile, self.mode, self.observer, self.convention, self.budget
        )
        cropped = tuple(
            self._with_crop(place, sight, opened.handle) if number < _MOST_CROPS else place
            for number, place in enumerate(located.found)
        )
        located = located.model_copy(update={"image": opened.handle, "found": cropped})
        return _told(located), located

    def _with_crop(self, place: LocatedBox, sight: Sight, handle: str) -> LocatedBox:
        part = place.box.grown(_MARGIN).clamped(*sight.whole[2:]).rounded()
        crop = self.store.put_crop(handle, as_file(sight.picture.crop(part)), part)
        return place.model_copy(update={"crop": crop})


def locating(
    image: Any,
    phrase: str,
    profile: VisionProfile,
    mode: LocateMode,
    observer: ObserverChoice,
    convention: Convention,
    budget: SearchBudget | None,
) -> Steps[Located]:
    """Find what a phrase means, as `locate` does; for tools that find before they act."""
    sight = image if isinstance(image, Sight) else Sight(Image.of(image), profile)
    purse = Purse(budget or SearchBudget(), profile)
    found: list[Candidate] = []
    if mode == "coordinates":
        found = yield from write_boxes(sight, phrase, convention, purse)
    if mode == "marks":
        found = yield from _marked(sight, phrase, choose_observer(observer), purse)
    if mode != "coordinates" and not found:
        mode = "grid"
        found = yield from choose_cells(sight, phrase, purse)
    return Located(
        width=sight.image.width,
        height=sight.image.height,
        usage=purse.usage,
        phrase=phrase,
        mode=mode,
        found=tuple(_located(candidate, phrase) for candidate in found),
    )


def _marked(
    sight: Sight, phrase: str, observer: Observer | None, purse: Purse
) -> Steps[list[Candidate]]:
    for offered in split_by_phrase(find_candidates(sight, observer), phrase, observer):
        found = yield from choose_marks(sight, phrase, offered, purse)
        if found:
            return found
    return []


def _located(candidate: Candidate, phrase: str) -> LocatedBox:
    box = candidate.box.rounded()
    return LocatedBox(phrase=phrase, box=box, text=candidate.text, score=candidate.score)


def _told(located: Located) -> str:
    size = f"{located.width} x {located.height} pixels"
    if not located.found:
        return (
            f"Nothing in {located.image} ({size}) fits {located.phrase!r}. Try other words, or "
            "look closer with zoom_image."
        )
    listed = quote_picture_text("\n".join(map(_line, located.found)), located.image)
    return f"In {located.image} ({size}), as x1,y1,x2,y2:\n{listed}"


def _line(place: LocatedBox) -> str:
    text = f" {place.text!r}" if place.text else ""
    crop = f" (crop: {place.crop})" if place.crop else ""
    return f"- {write_region(place.box)}{text}{crop}"
