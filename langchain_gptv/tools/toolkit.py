"""All vision tools of an agent, sharing one store, one door, one observer and one model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool, BaseToolkit
from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from langchain_gptv import tools
from langchain_gptv.sources import NO_SOURCES, ImageSources
from langchain_gptv.store import ImageStore
from langchain_gptv.tools.base import VisionTool, default_observer
from langchain_gptv.tools.extraction.models import READY
from langchain_gptv.tools.read import ReadBy
from langchain_gptv.tools.spending import SearchBudget
from langchain_gptv.tools.watch import Watching
from langchain_gptv.vision.observations import Observer

TOOLS = (
    "ImageInfo",
    "LookAgain",
    "ZoomImage",
    "Locate",
    "AskImage",
    "DescribeImage",
    "ReadText",
    "CompareImages",
    "ExtractData",
    "WatchVideo",
)
"""The classes by their names in `langchain_gptv.tools`; one more tool is one more line."""


class VisionToolkit(BaseToolkit):
    """Vision as tools for an agent.

    Each tool takes the settings it has fields for. All of them are the developer's: no argument
    that a model writes reaches a limit, a budget or a root.

    Args:
        llm: Any chat model that takes images; tools that need none work without it.
        store: Where handles lead; share it with `VisionMiddleware`.
        sources: Which files and URLs a model may name; by default none.
        observer: What reads and finds without a model; by default the embedded engine when the
            extra "local" is installed.
        budget: Of `ask_image`, for one question.
        structured_output: False for a model that has neither tools nor structured output.
        schemas: The classes that `extract_data` may fill, by the name that the model uses.
        read_by: Who reads for `read_text`.
        watching: How `watch_video` chooses frames and shows them.
        include: Names of the tools to make, such as ["zoom_image", "read_text"]; None makes all.

    Example:
        >>> from langchain_gptv import ChatGPTV
        >>> toolkit = VisionToolkit(ChatGPTV(model="gptv-local"), include=["read_text"])
        >>> [tool.name for tool in toolkit.get_tools()]
        ['read_text']
    """

    llm: BaseChatModel | None = None
    store: ImageStore = Field(default_factory=ImageStore)
    sources: ImageSources = NO_SOURCES
    observer: Annotated[Observer | None, SkipValidation] = Field(default_factory=default_observer)
    budget: SearchBudget = SearchBudget()
    structured_output: bool = True
    schemas: Annotated[Mapping[str, type[BaseModel]], SkipValidation] = Field(
        default_factory=lambda: dict(READY)
    )
    read_by: ReadBy = "observer"
    watching: Annotated[Watching, SkipValidation] = Watching()
    include: tuple[str, ...] | None = None

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    def __init__(self, llm: BaseChatModel | None = None, **settings: Any) -> None:
        super().__init__(llm=llm, **settings)

    def get_tools(self) -> list[BaseTool]:
        """Return the tools.

        Raises:
            ValueError: `include` names a tool that there is not.
        """
        made: dict[str, BaseTool] = {tool.name: tool for tool in self._make()}
        if self.include is None:
            return list(made.values())
        unknown = [name for name in self.include if name not in made]
        if unknown:
            raise ValueError(f"include={unknown}: no such tool. There are {list(made)}.")
        return [made[name] for name in self.include]

    def _make(self) -> Iterator[VisionTool]:
        for name in TOOLS:
            kind: type[VisionTool] = getattr(tools, name)
            settings = type(self).model_fields.keys() & kind.model_fields.keys()
            yield kind(**{setting: getattr(self, setting) for setting in settings})
