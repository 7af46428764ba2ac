"""What all vision tools share: the store, the door, the observer, and errors a model can act on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool, ToolException
from pydantic import BaseModel, Field, SkipValidation, ValidationError

from langchain_gptv.chat_hooks import VisionHooks
from langchain_gptv.exceptions import (
    BudgetError,
    GPTVError,
    ImageError,
    ImageFetchError,
    RegionError,
    ReplyError,
    SourceNotAllowedError,
    UnknownImageError,
    VideoError,
)
from langchain_gptv.messages import image_block
from langchain_gptv.sources import NO_SOURCES, ImageSources
from langchain_gptv.store import ImageStore
from langchain_gptv.tools.references import IMAGE_HELP, OpenedImage, open_reference
from langchain_gptv.tools.steps import Model, Steps, Usage, arun_steps, run_steps
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.observations import Observer
from langchain_gptv.vision.profile_data import LOCAL_MODEL
from langchain_gptv.vision.profiles import VisionProfile, get_profile

Content = str | list[str | dict[str, Any]]
"""What a tool says to the model: text, or text and image blocks."""

_NO_PROFILE = "gpt-4o"
"""Stands in for a model of which nothing is known, as it sees the least of a large picture."""

_NEXT: tuple[tuple[type[GPTVError], str], ...] = (
    (SourceNotAllowedError, "You cannot change that: use the handle of an image you were given."),
    (UnknownImageError, "Use a handle that you were given, or ask the user for the image."),
    (ImageFetchError, "Try once more, or ask the user for the image."),
    (VideoError, "Check what you called it and the times, or use another video."),
    (ImageError, "Check what you called it, or use another image."),
    (RegionError, "Call the tool again with a region inside the picture."),
    (BudgetError, "Answer from what you have seen, or say that it cannot be read."),
    (ReplyError, "Ask again in simpler words, or look at the picture with zoom_image."),
)


class ImageArguments(BaseModel):
    """The argument that every tool for one image has."""

    image: str = Field(description=IMAGE_HELP)


class VisionResult(BaseModel):
    """The typed artifact of a tool.

    Attributes:
        image: Handle of the image; empty when it is in no store.
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        usage: What the model's calls took.
    """

    image: str = ""
    width: int
    height: int
    usage: Usage = Usage()


ObserverChoice = Observer | Literal["default"] | None
"""Who looks without a model: "default" is the embedded engine when it is installed; None nobody."""


def choose_observer(choice: ObserverChoice) -> Observer | None:
    """Return who looks, or None for nobody."""
    return default_observer() if choice == "default" else choice


def default_observer() -> Observer | None:
    """Return the embedded engine of this process, or None without the extra "local"."""
    from importlib.util import find_spec

    if find_spec("rapidocr") is None:
        return None
    from langchain_gptv.local.transport import default_service

    engine: Any = default_service().engine
    return engine if hasattr(engine, "observe") else None


class VisionTool(BaseTool):
    """A tool that looks at images which the model names.

    A subclass has `name`, `description`, `args_schema`, and `steps`, which is run by `invoke` and
    `ainvoke` alike. Budgets, roots and limits are fields here; a model can reach none of them.

    Attributes:
        store: Where handles lead, and where opened images and crops go.
        sources: Which files and URLs a model may name; by default none.
        observer: Whatever finds text and objects without a model; by default the embedded engine
            when the extra "local" is installed.
        llm: Any chat model that takes images.
        structured_output: As in `Model`.
    """

    store: ImageStore = Field(default_factory=ImageStore, exclude=True)
    sources: ImageSources = Field(default=NO_SOURCES, exclude=True)
    observer: Annotated[Observer | None, SkipValidation] = Field(
        default_factory=default_observer, exclude=True
    )
    llm: BaseChatModel | None = Field(default=None, exclude=True)
    structured_output: bool = True

    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    handle_tool_error: bool | str | Callable[[ToolException], str] | None = True
    handle_validation_error: Any = Field(default_factory=lambda: explain_arguments)

    @abstractmethod
    def steps(self, *args: Any, **kwargs: Any) -> Steps[tuple[Content, Any]]:
        """Do the work for the arguments of `args_schema`; return what to say, and the artifact.

        May take files, pixels and network: it never runs on the event loop.
        """

    def _run(self, *args: Any, **kwargs: Any) -> tuple[Content, Any]:
        with _told_to_the_model():
            return run_steps(self.steps(*args, **kwargs), self._model)

    async def _arun(self, *args: Any, **kwargs: Any) -> tuple[Content, Any]:
        with _told_to_the_model():
            return await arun_steps(self.steps(*args, **kwargs), self._model)

    def open(self, reference: str) -> OpenedImage:
        """Open what the model named; see `open_reference`."""
        return open_reference(reference, self.store, self.sources)

    @property
    def profile(self) -> VisionProfile:
        """How the model takes images."""
        return profile_of(self.llm)

    @property
    def _model(self) -> Model:
        return Model(self.llm, self.structured_output)


def show(text: str, *images: Image) -> Content:
    """Return text and images for the model to see."""
    return [{"type": "text", "text": text}, *map(image_block, images)]


def profile_of(llm: BaseChatModel | None) -> VisionProfile:
    """Return how a chat model takes images, whoever made it."""
    if isinstance(llm, VisionHooks):
        return llm._profile() or get_profile(LOCAL_MODEL)
    named = getattr(llm, "model_name", None) or getattr(llm, "model", None)
    profile = get_profile(named) if isinstance(named, str) else None
    return profile if profile and profile.known else get_profile(_NO_PROFILE)


def explain_arguments(error: Any) -> str:
    """Return what is wrong with the arguments that a model wrote."""
    if not isinstance(error, ValidationError):
        return f"The arguments are wrong: {error}"
    wrong = (f"{'.'.join(map(str, e['loc'])) or 'all'}: {e['msg']}" for e in error.errors())
    return f"The arguments are wrong. {'; '.join(wrong)}. Call the tool again with them put right."


def what_next(error: GPTVError) -> str:
    """Return the error as a model is told it: what is wrong, and what it can do about it.

    The rest of our messages is for developers: a model cannot add a root. A reply that is no answer
    may repeat what is written in the picture, so it is not repeated.
    """
    told = 2 if isinstance(error, UnknownImageError) else 1  # its second says which there are
    rule = ". ".join(str(error).split(". ")[:told]).rstrip(".")
    if isinstance(error, ReplyError) and error.reply:
        rule = "The model that looked at it gave no answer in the form asked for"
    advice = next((advice for kind, advice in _NEXT if isinstance(error, kind)), "")
    if isinstance(error, RegionError | BudgetError):
        return f"{error} {advice}"
    return f"{rule}. {advice}".strip()


@contextmanager
def _told_to_the_model() -> Iterator[None]:
    try:
        yield
    except GPTVError as error:
        raise ToolException(what_next(error)) from error
