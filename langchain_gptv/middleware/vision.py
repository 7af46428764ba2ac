"""Agent middleware: state holds handles, the call holds pixels."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal, NotRequired, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, ToolMessage

from langchain_gptv.exceptions import BudgetError, MissingExtraError, UnknownImageError

try:
    from langchain.agents.middleware.types import (
        AgentMiddleware,
        AgentState,
        ExtendedModelResponse,
        ModelRequest,
        ModelResponse,
        PrivateStateAttr,
        ToolCallRequest,
    )
    from langgraph.types import Command
except ImportError as error:
    raise MissingExtraError("VisionMiddleware", "agents") from error

from langchain_gptv.messages import ToolImages, place_images
from langchain_gptv.middleware.budget import CallEstimate, RunBudget, Spent
from langchain_gptv.middleware.estimating import estimate_call, model_name
from langchain_gptv.middleware.filled_models import filled_model
from langchain_gptv.middleware.graphs import stored, with_stored_images
from langchain_gptv.middleware.references import astore_images, store_images
from langchain_gptv.middleware.views import (
    Sighting,
    fill,
    names_of,
    shown_sightings,
    sightings,
    view,
)
from langchain_gptv.middleware.window import ImageWindow
from langchain_gptv.middleware.wrapping import wrapped
from langchain_gptv.sources import NO_SOURCES, ImageSources
from langchain_gptv.store import ImageStore
from langchain_gptv.vision.images import Image

Agent = TypeVar("Agent")
ToolResult = ToolMessage | Command[Any]
ModelResult = ModelResponse[Any] | ExtendedModelResponse[Any]


class VisionState(AgentState[Any]):
    """The state of an agent, and what its run has spent on pictures."""

    vision_spent: NotRequired[Annotated[dict[str, Any], PrivateStateAttr]]


@dataclass(frozen=True)
class _Call:
    """A model call that is ready to be made, or what keeps it from being made."""

    request: ModelRequest[Any]
    estimate: CallEstimate
    problem: str | None


class VisionMiddleware(AgentMiddleware[VisionState, Any, Any]):
    """Keeps pictures in a store, `gptv://` references in state, and pixels in the call alone.

    For any chat model. Pictures of users, tools and the model go into the store as they come. For
    a model call, the newest are put in place of their references, each labelled with its handle,
    where the model looks at them; older ones become a note that names the handle. A trace, the
    LLM cache and a checkpoint see references only.

    Args:
        store: Where the pictures lie; in memory by default. With `ImageStore.on_disk`, a thread
            goes on in another process. Give every user a store with a `namespace` of their own.
        window: Which pictures are shown; `ImageWindow(images=10)` by default.
        budget: What a run may take; without limit by default.
        on_budget: "end" ends the run with a message that says why; "error" raises.
        tool_images: "relocate" moves the pictures of tools to the next user message, where every
            service looks at them; "keep" leaves them, for a provider that takes them there.
            `ChatGPTV` decides by its own setting.
        sources: Which paths in message content may be opened; by default none.
        model: Base model for counting tokens and prices; by default the chat model's own name.

    Raises:
        BudgetError: With `on_budget="error"`, before the call that would pass the budget.

    Example:
        >>> from langchain.agents import create_agent
        >>> from langchain_gptv import ChatGPTV, human_message
        >>> vision = VisionMiddleware()
        >>> agent = vision.wrap(create_agent(ChatGPTV(model="gptv-local"), middleware=[vision]))
        >>> question = human_message("What is the total?", "examples/images/receipt.png")
        >>> state = agent.invoke({"messages": [question]})
        >>> state["messages"][0].content[1]["image_url"]
        {'url': 'gptv://img_661a1bcc1ff2'}
    """

    state_schema = VisionState

    def __init__(
        self,
        store: ImageStore | None = None,
        *,
        window: ImageWindow | None = None,
        budget: RunBudget | None = None,
        on_budget: Literal["end", "error"] = "end",
        tool_images: ToolImages = "relocate",
        sources: ImageSources = NO_SOURCES,
        model: str | None = None,
    ) -> None:
        super().__init__()
        self.store = store if store is not None else ImageStore()
        self.window = window or ImageWindow()
        self.budget = budget or RunBudget()
        self.on_budget = on_budget
        self.tool_images: ToolImages = tool_images
        self.sources = sources
        self.model = model
        self.tools = []

    def wrap(self, agent: Agent) -> Agent:
        """Return the agent, with the pictures of its input stored before the run begins.

        Without it, LangGraph writes the input as it came: the first checkpoints of a run and its
        root trace hold the bytes, the later ones do not.

        Args:
            agent: What `create_agent(..., middleware=[self])` made, or a graph of your own,
                compiled.
        """
        return wrapped(agent, self)  # type: ignore[type-var]

    def wrap_model(self, model: BaseChatModel) -> BaseChatModel:
        """Return the model, with stored pictures put in place of references before each call.

        For a chain or graph of your own; `create_agent` needs only the middleware. Wrap first,
        then bind tools. The window holds, a budget does not: it counts over the run of an agent.

        Example:
            >>> from langchain_gptv import ChatGPTV, human_message
            >>> vision = VisionMiddleware()
            >>> model = vision.wrap_model(ChatGPTV(model="gptv-local"))
            >>> question = human_message("What is the total?", "examples/images/receipt.png")
            >>> [message] = vision.store_images([question])  # what the state of a graph keeps
            >>> print(model.invoke([message]).text)
            The total is 30.54.
        """
        if not self.budget.is_unbounded:
            raise ValueError(
                "wrap_model() keeps no budget: that counts over the run of an agent. Pass the "
                "middleware to create_agent, or set max_image_tokens in an ImagePolicy."
            )
        tool_images = None if hasattr(model, "image_policy") else self.tool_images
        shown = partial(
            with_stored_images, store=self.store, window=self.window, tool_images=tool_images
        )
        return filled_model(model, shown)

    def store_images(self, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        """Put the pictures of messages into the store and leave references to them."""
        return store_images(messages, self.store, self.sources)

    async def astore_images(self, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        """Put the pictures of messages into the store and leave references to them."""
        return await astore_images(messages, self.store, self.sources)

    def before_agent(self, state: VisionState, runtime: Any) -> dict[str, Any] | None:
        """Store the pictures of the input, and begin to count anew."""
        messages = state["messages"]
        return self._begun(messages, self.store_images(messages))

    async def abefore_agent(self, state: VisionState, runtime: Any) -> dict[str, Any] | None:
        """Store the pictures of the input, and begin to count anew."""
        messages = state["messages"]
        return self._begun(messages, await self.astore_images(messages))

    def wrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], ModelResponse[Any]],
    ) -> ModelResult:
        """Show the model the newest pictures, within the budget."""
        found, shown = self._sightings(request)
        images = {name: image for name in names_of(shown) if (image := stored(self.store, name))}
        call = self._call(request, found, shown, images)
        if call.problem is not None:
            return self._stopped(call.problem)
        response = handler(call.request)
        return self._answered(call, response, self.store_images(response.result))

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResult:
        """Show the model the newest pictures, within the budget."""
        found, shown = self._sightings(request)
        images = {name: image for name in names_of(shown) if (image := await self._aget(name))}
        call = await asyncio.to_thread(self._call, request, found, shown, images)
        if call.problem is not None:
            return self._stopped(call.problem)
        response = await handler(call.request)
        return self._answered(call, response, await self.astore_images(response.result))

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolResult]
    ) -> ToolResult:
        """Store the pictures that a tool returns."""
        result = handler(request)
        return _with_messages(result, self.store_images(_messages(result)))

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolResult]],
    ) -> ToolResult:
        """Store the pictures that a tool returns."""
        result = await handler(request)
        return _with_messages(result, await self.astore_images(_messages(result)))

    def _begun(
        self, messages: Sequence[BaseMessage], stored: Sequence[BaseMessage]
    ) -> dict[str, Any] | None:
        changed = [new for new, old in zip(stored, messages, strict=True) if new is not old]
        update: dict[str, Any] = {"messages": changed} if changed else {}
        if not self.budget.is_unbounded:
            update["vision_spent"] = Spent().to_state()
        return update or None

    def _sightings(self, request: ModelRequest[Any]) -> tuple[list[Sighting], list[Sighting]]:
        found = sightings(request.messages)
        return found, shown_sightings(found, request.messages, self.window)

    async def _aget(self, handle: str) -> Image | None:
        try:
            return await self.store.aget(handle)
        except UnknownImageError:
            return None

    def _call(
        self,
        request: ModelRequest[Any],
        found: Sequence[Sighting],
        shown: Sequence[Sighting],
        images: Mapping[str, Image],
    ) -> _Call:
        if not found:
            return _Call(request, CallEstimate((), 0), None)
        messages = view(request.messages, found, shown, images)
        if not hasattr(request.model, "image_policy"):
            messages = place_images(messages, tool_images=self.tool_images)
        name = self.model or model_name(request.model)
        estimate = estimate_call(request.model, name, self.budget, messages, shown, images)
        spent = Spent.of_state(request.state)
        problem = self.budget.problem(spent, estimate)
        model = filled_model(request.model, partial(fill, images=images))
        overridden = request.override(model=model, messages=_any_messages(messages))
        return _Call(overridden, estimate, problem)

    def _stopped(self, problem: str) -> ModelResult:
        if self.on_budget == "error":
            raise BudgetError(problem)
        return ModelResponse(result=[AIMessage(problem)])

    def _answered(
        self, call: _Call, response: ModelResponse[Any], stored: list[BaseMessage]
    ) -> ModelResult:
        response = replace(response, result=stored)
        if self.budget.is_unbounded:
            return response
        spent = Spent.of_state(call.request.state).plus(call.estimate, stored)
        return ExtendedModelResponse(response, Command(update={"vision_spent": spent.to_state()}))


def _names(shown: Sequence[Sighting]) -> list[str]:
    return list(dict.fromkeys(sighting.handle for sighting in shown))


def _any_messages(messages: Sequence[BaseMessage]) -> list[AnyMessage]:
    return list(messages)  # type: ignore[arg-type]


def _messages(result: ToolResult) -> list[BaseMessage]:
    if not isinstance(result, Command):
        return [result]
    update = result.update
    return list(update.get("messages", ())) if isinstance(update, dict) else []


def _with_messages(result: ToolResult, messages: Sequence[BaseMessage]) -> ToolResult:
    if not isinstance(result, Command):
        return messages[0]  # type: ignore[return-value]
    if not messages or not isinstance(result.update, dict):
        return result
    return replace(result, update={**result.update, "messages": list(messages)})
