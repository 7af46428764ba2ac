"""`zoom_image`: a part of a picture, cut from the original's own pixels and shown to the model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables.config import ensure_config
from pydantic import BaseModel, Field, PrivateAttr

from langchain_gptv._bounded import BoundedStore
from langchain_gptv.exceptions import BudgetError, RegionError, UnknownImageError
from langchain_gptv.messages import image_block
from langchain_gptv.store import ImageStore, root_of
from langchain_gptv.tools.base import (
    Content,
    ImageArguments,
    ObserverChoice,
    VisionResult,
    VisionTool,
    choose_observer,
    profile_of,
)
from langchain_gptv.tools.locating import Located, locating
from langchain_gptv.tools.references import OpenedImage
from langchain_gptv.tools.regions import Region, parse_region, write_region
from langchain_gptv.tools.spending import SearchBudget
from langchain_gptv.tools.steps import Model, Steps, Usage, arun_steps, run_steps
from langchain_gptv.tools.views import Sight, View
from langchain_gptv.vision.boxes import Box, grid_cells
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.observations import Observer

COLUMNS, ROWS = 4, 3
_CELL = re.compile(r"\s*([A-D])\s*([1-3])\s*", re.IGNORECASE)
_FORGET_S = 600
_CONVERSATIONS = 1000
_MARGIN = 0.25  # around a target, of its longer side
_OVERLAP = 0.05  # around a cell, of the picture's sides
_CHOOSE_ONE = (
    'Say what to zoom into, in one way: region="x1,y1,x2,y2", or target="the words or thing to '
    'see", or cell="A1" to "D3" of a grid of 4 columns and 3 rows.'
)


class ZoomArguments(ImageArguments):
    """What a model says to see a part larger: one of region, target and cell."""

    region: Region | None = None
    target: str | None = Field(None, description="What to look at, such as 'the total'.")
    cell: str | None = Field(
        None, description='A cell of a grid of 4 columns and 3 rows: "A1" top left to "D3".'
    )


class Zoomed(VisionResult):
    """A part of a picture that was shown.

    Attributes:
        crop: Handle of the part.
        region: x1, y1, x2, y2 in pixels of the whole picture, which `image` names.
        scale: How large it is shown, as a part of the original's size.
    """

    crop: str
    region: Box
    scale: float


@dataclass(frozen=True)
class _Whole:
    """What a handle stands for: a part of a whole picture.

    Attributes:
        opened: The picture that has the most pixels of it.
        part: In pixels of that picture.
    """

    opened: OpenedImage
    part: Box


class ZoomImage(VisionTool):
    """The tool `zoom_image`. It needs a model only to find a target.

    Attributes:
        max_zooms: Into one picture in one conversation (`thread_id`), within ten minutes of each
            other. One more is told to answer from what was seen.
        budget: To find one target.
    """

    name: str = "zoom_image"
    description: str = (
        "See a part of an image larger: small text, details. Name a region, a target or a cell. "
        "The part comes back as an image, with a handle of its own."
    )
    args_schema: type[BaseModel] = ZoomArguments
    max_zooms: int = 20
    budget: SearchBudget = SearchBudget()

    _counts: BoundedStore[tuple[str, str], int] = PrivateAttr(
        default_factory=lambda: BoundedStore(_CONVERSATIONS, max_age_s=_FORGET_S)
    )

    def steps(
        self,
        image: str,
        region: str | None = None,
        target: str | None = None,
        cell: str | None = None,
    ) -> Steps[tuple[Content, Zoomed]]:
        """Cut the part out; the artifact is a `Zoomed`."""
        opened = self.open(image)
        self._count(root_of(opened.handle))
        part = yield from _choosing_part(
            Sight(opened.image, self.profile), region, target, cell, self.observer, self.budget
        )
        return self._shown(_whole(opened, part.box, self.store), part.usage)

    def _shown(self, whole: _Whole, usage: Usage) -> tuple[Content, Zoomed]:
        opened = whole.opened
        view = Sight(opened.image, self.profile).view(whole.part, enlarge=True)
        file = view.image
        crop = self.store.put_crop(opened.handle, file, view.box)
        zoomed = Zoomed(
            image=opened.handle,
            width=opened.image.width,
            height=opened.image.height,
            usage=usage,
            crop=crop,
            region=view.box,
            scale=round(view.scale, 3),
        )
        block = image_block(file, detail=view.detail)
        return [{"type": "text", "text": _told(zoomed, file.width, file.height)}, block], zoomed

    def _count(self, root: str) -> None:
        thread = str(ensure_config().get("configurable", {}).get("thread_id", ""))
        count = (self._counts.get((thread, root)) or 0) + 1
        if count > self.max_zooms:
            raise BudgetError(f"You have zoomed into {root} {self.max_zooms} times; that is all.")
        self._counts.put((thread, root), count)


def zoom_image(
    image: Any,
    region: str | None = None,
    *,
    target: str | None = None,
    cell: str | None = None,
    llm: BaseChatModel | None = None,
    observer: ObserverChoice = "default",
    budget: SearchBudget | None = None,
) -> View:
    """Return a part of a picture as the model sees it best; `view.image` is the file to show it.

    Args:
        image: An `Image`, or anything that `Image.of` takes.
        region: As in `parse_region`.
        target: A phrase, which the model finds as `locate` does.
        cell: As in `parse_cell`.
        llm: The chat model that will look; its profile says how large it sees the part.
        observer: As in `locate`.
        budget: To find a target.

    Raises:
        RegionError: None or several of region, target and cell, or no such part.
        BudgetError: The target was not found within the budget.

    Example:
        >>> view = zoom_image("examples/images/receipt.png", "0,0,300,250")
        >>> view.scale, view.picture.size
        (2.56, (768, 640))
    """
    steps = _zooming(image, region, target, cell, llm, observer, budget)
    return run_steps(steps, Model(llm))


async def azoom_image(
    image: Any,
    region: str | None = None,
    *,
    target: str | None = None,
    cell: str | None = None,
    llm: BaseChatModel | None = None,
    observer: ObserverChoice = "default",
    budget: SearchBudget | None = None,
) -> View:
    """Return a part without blocking the event loop; otherwise as `zoom_image`."""
    steps = _zooming(image, region, target, cell, llm, observer, budget)
    return await arun_steps(steps, Model(llm))


def parse_cell(cell: str, width: int, height: int) -> Box:
    """Return a cell of a grid of 4 columns (A to D) and 3 rows, a little larger on every side.

    Args:
        cell: "A1" is the top left one, "D3" the bottom right one.
        width: Pixels of the picture.
        height: Pixels of the picture.

    Raises:
        RegionError: There is no such cell.

    Example:
        >>> parse_cell("A1", 400, 300)
        Box(x1=0, y1=0, x2=120, y2=115)
    """
    found = _CELL.fullmatch(cell)
    if found is None:
        raise RegionError(
            f'There is no cell {cell!r}. The columns are A to D, the rows 1 to 3: "B2".'
        )
    column, row = "ABCD".index(found[1].upper()), int(found[2]) - 1
    x1, y1, x2, y2 = grid_cells(width, height, COLUMNS, ROWS)[row * COLUMNS + column]
    across, down = _OVERLAP * width, _OVERLAP * height
    return Box(x1 - across, y1 - down, x2 + across, y2 + down).clamped(width, height).rounded()


@dataclass(frozen=True)
class _Part:
    box: Box
    usage: Usage


def _zooming(
    image: Any,
    region: str | None,
    target: str | None,
    cell: str | None,
    llm: BaseChatModel | None,
    observer: ObserverChoice,
    budget: SearchBudget | None,
) -> Steps[View]:
    eyes = choose_observer(observer)
    sight = Sight(Image.of(image), profile_of(llm))
    part = yield from _choosing_part(sight, region, target, cell, eyes, budget)
    return sight.view(part.box, enlarge=True)


def _choosing_part(
    sight: Sight,
    region: str | None,
    target: str | None,
    cell: str | None,
    observer: Observer | None,
    budget: SearchBudget | None,
) -> Steps[_Part]:
    if sum(way is not None for way in (region, target, cell)) != 1:
        raise RegionError(_CHOOSE_ONE)
    width, height = sight.image.width, sight.image.height
    if region is not None:
        return _Part(parse_region(region, width, height), Usage())
    if cell is not None:
        return _Part(parse_cell(cell, width, height), Usage())
    located = yield from locating(
        sight, target or "", sight.profile, "marks", observer, "thousandths", budget
    )
    if not located.found:
        raise RegionError(f"Nothing in the picture fits {target!r}. {_CHOOSE_ONE}")
    return _Part(_around(located), located.usage)


def _around(located: Located) -> Box:
    box = Box.union(place.box for place in located.found)
    grown = box.grown(_MARGIN * max(box.width, box.height))
    return grown.clamped(located.width, located.height).rounded()


def _whole(opened: OpenedImage, box: Box, store: ImageStore) -> _Whole:
    """Go back from a crop to the picture it was cut from, which has all the pixels."""
    crop = store.crop_of(opened.handle)
    if crop is None:
        return _Whole(opened, box)
    try:
        return _Whole(OpenedImage(crop.root, store.get(crop.root)), crop.to_root(box))
    except UnknownImageError:
        return _Whole(opened, box)


def _told(zoomed: Zoomed, width: int, height: int) -> str:
    region = write_region(zoomed.region)
    return (
        f"{zoomed.crop} shows {region} of {zoomed.image} ({zoomed.width} x {zoomed.height} "
        f"pixels), at {zoomed.scale:.2g} of its size. It is {width} x {height} pixels itself: to "
        "zoom further, name a region of either."
    )
