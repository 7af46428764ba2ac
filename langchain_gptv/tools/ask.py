"""`ask_image`: an answer to a question about a picture, looking closer where text is small."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import BaseModel, Field

from langchain_gptv.tools.base import ImageArguments, VisionResult, VisionTool, profile_of
from langchain_gptv.tools.quoting import quote_picture_text
from langchain_gptv.tools.regions import write_region
from langchain_gptv.tools.search import Search, ask_at_once, search_parts
from langchain_gptv.tools.spending import Purse, SearchBudget
from langchain_gptv.tools.steps import Model, Steps, arun_steps, run_steps
from langchain_gptv.tools.views import Sight
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.profiles import VisionProfile

_UNSEEN = (
    "(Not all of the picture was seen closer: {why}. Unseen regions, in pixels: {regions}. "
    "Answer from this, or look at one of them with zoom_image.)"
)
_NOTHING = "The parts that were seen closer hold no answer."


class ImageAnswer(VisionResult):
    """An answer about a picture.

    Attributes:
        answer: In the model's words, a line for each call that found something; empty when the
            parts that were seen hold nothing of it.
        seen: Parts that were shown closer, in pixels; empty when the whole was readable at once.
        unseen: Parts that the budget did not allow to show.
        stopped: Why the search ended early, or ''.
    """

    answer: str
    seen: tuple[Box, ...] = ()
    unseen: tuple[Box, ...] = ()
    stopped: str = ""


def ask_image(
    image: Any,
    question: str,
    *,
    llm: BaseChatModel,
    search: bool = False,
    budget: SearchBudget | None = None,
    structured_output: bool = True,
) -> ImageAnswer:
    """Ask a chat model about a picture.

    Args:
        image: An `Image`, or anything that `Image.of` takes.
        question: In words.
        llm: Any chat model that takes images.
        search: Whether to look closer when the text is too small for the model: an overview, then
            the parts that matter. A picture whose text is readable takes one call either way.
        budget: Of the search.
        structured_output: As in `Model`.

    Raises:
        BudgetError: Not even one call fits the budget.
        ReplyError: The model does not answer in the form asked for.
        ImageError: It is no image.

    Example:
        >>> from langchain_gptv import ChatGPTV
        >>> llm = ChatGPTV(model="gptv-local")
        >>> ask_image("examples/images/receipt.png", "What is the total?", llm=llm).answer
        'The total is 30.54.'
    """
    steps = _asking(image, question, profile_of(llm), search, budget)
    return run_steps(steps, Model(llm, structured_output))


async def aask_image(
    image: Any,
    question: str,
    *,
    llm: BaseChatModel,
    search: bool = False,
    budget: SearchBudget | None = None,
    structured_output: bool = True,
) -> ImageAnswer:
    """Ask without blocking the event loop; otherwise as `ask_image`."""
    steps = _asking(image, question, profile_of(llm), search, budget)
    return await arun_steps(steps, Model(llm, structured_output))


class AskImageArguments(ImageArguments):
    """What a model says to ask about a picture."""

    question: str = Field(description="What you want to know about the picture.")


class AskImage(VisionTool):
    """The tool `ask_image`.

    Attributes:
        search: As in `ask_image`.
        budget: Of the search for one question.
    """

    name: str = "ask_image"
    description: str = (
        "Ask a question about an image and get the answer as text. Small text is looked at closer."
    )
    args_schema: type[BaseModel] = AskImageArguments
    search: bool = True
    budget: SearchBudget = SearchBudget()

    def steps(self, image: str, question: str) -> Steps[tuple[str, ImageAnswer]]:
        """Ask; the artifact is an `ImageAnswer`."""
        opened = self.open(image)
        asked = _asking(opened.image, question, self.profile, self.search, self.budget)
        answer = (yield from asked).model_copy(update={"image": opened.handle})
        return _told(answer), answer


def _asking(
    image: Any,
    question: str,
    profile: VisionProfile,
    search: bool,
    budget: SearchBudget | None,
) -> Steps[ImageAnswer]:
    sight = Sight(Image.of(image), profile)
    purse = Purse(budget or SearchBudget(), profile)
    parts = _parts(sight) if search else []
    if parts:
        found = yield from search_parts(sight, question, parts, purse)
        text = found.answer
    else:
        found = Search()
        text = yield from ask_at_once(sight, question, purse)
    return ImageAnswer(
        width=sight.image.width,
        height=sight.image.height,
        usage=purse.usage,
        answer=text,
        seen=tuple(box.rounded() for box in found.seen),
        unseen=tuple(box.rounded() for box in found.unseen) if found.stopped else (),
        stopped=found.stopped,
    )


def _parts(sight: Sight) -> list[Box]:
    """Return the parts to look at closer; none when the whole can be read."""
    if sight.is_seen_whole or sight.text_height is None:
        return []
    return [] if sight.reads(sight.text_height, sight.whole) else sight.tiles()


def _told(answer: ImageAnswer) -> str:
    # What a model says of a picture may be what somebody wrote in it.
    said = quote_picture_text(answer.answer, answer.image) if answer.answer else _NOTHING
    if not answer.stopped:
        return said
    regions = " ".join(map(write_region, answer.unseen))
    return f"{said}\n{_UNSEEN.format(why=answer.stopped, regions=regions)}"
