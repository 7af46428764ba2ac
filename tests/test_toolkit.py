"""VisionToolkit, and LangChain's own suites over every tool in it."""

from itertools import repeat
from typing import Any

import pytest
from conftest import EXAMPLE_IMAGES
from langchain_core.language_models import BaseChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from pydantic import BaseModel

from langchain_gptv import ChatGPTV, ImageSources
from langchain_gptv.store import ImageStore
from langchain_gptv.tools import SearchBudget, VisionToolkit

NAMES = (
    "image_info",
    "look_again",
    "zoom_image",
    "locate",
    "ask_image",
    "describe_image",
    "read_text",
    "compare_images",
    "extract_data",
    "watch_video",
)
EXAMPLES: dict[str, dict[str, Any]] = {
    "image_info": {"image": "chart.png"},
    "look_again": {"image": "chart.png"},
    "zoom_image": {"image": "chart.png", "region": "0,0,450,300"},
    "locate": {"image": "chart.png", "phrase": "Winter"},
    "ask_image": {"image": "chart.png", "question": "What text is there?"},
    "describe_image": {"image": "chart.png"},
    "read_text": {"image": "chart.png", "region": "0,0,900,100"},
    "compare_images": {"first": "chart.png", "second": "chart.png"},
    "extract_data": {"image": "chart.png", "kind": "chart"},
}
NEVER = {"budget", "roots", "limit", "max_calls", "max_tokens", "detail", "store", "sources", "llm"}


@pytest.fixture(scope="module")
def toolkit(engine) -> VisionToolkit:
    """Over the example images."""
    sources = ImageSources(roots=[EXAMPLE_IMAGES])
    return VisionToolkit(ChatGPTV(model="gptv-local"), sources=sources, observer=engine)


def model_for(name: str) -> BaseChatModel:
    """The embedded engine, but for marks, among which it cannot choose."""
    if name == "locate":
        return GenericFakeChatModel(messages=repeat(AIMessage('{"numbers": [1]}')))
    return ChatGPTV(model="gptv-local")


def tool_named(name: str) -> BaseTool:
    """One tool of a toolkit."""
    sources = ImageSources(roots=[EXAMPLE_IMAGES])
    return VisionToolkit(model_for(name), sources=sources, include=[name]).get_tools()[0]


class _Suite:
    name: str

    @property
    def tool_constructor(self) -> BaseTool:
        return tool_named(self.name)

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return EXAMPLES[self.name]


@pytest.mark.usefixtures("engine")
class _Integration(_Suite):
    pass


# Videos need a library of their own; the suites over `watch_video` stand beside its tests.
for _name in EXAMPLES:
    _title = _name.title().replace("_", "")
    for _kind, _bases in (
        ("Unit", (_Suite, ToolsUnitTests)),
        ("Integration", (_Integration, ToolsIntegrationTests)),
    ):
        _class = f"Test{_title}{_kind}"
        globals()[_class] = type(_class, _bases, {"name": _name, "__module__": __name__})


def test_all_tools_share_what_the_toolkit_has(toolkit):
    """Every tool is there once, over one store, one door and one model."""
    tools = toolkit.get_tools()
    assert tuple(tool.name for tool in tools) == NAMES
    assert {id(tool.store) for tool in tools} == {id(toolkit.store)}
    assert {id(tool.llm) for tool in tools} == {id(toolkit.llm)}
    assert {id(tool.sources) for tool in tools} == {id(toolkit.sources)}


def test_no_argument_of_a_model_reaches_a_limit(toolkit):
    """Arguments are short strings and numbers; budgets, roots and the like are not among them."""
    for tool in toolkit.get_tools():
        arguments = tool.tool_call_schema.model_json_schema()["properties"]
        assert not NEVER & arguments.keys(), tool.name
        for name, part in arguments.items():
            kinds = {each.get("type") for each in part.get("anyOf", [part])}
            assert kinds <= {"string", "integer", "number", "boolean", "null"}, (tool.name, name)


def test_settings_go_to_the_tools_that_have_them():
    """A budget for questions, classes to extract, and a choice of tools."""

    class Badge(BaseModel):
        holder: str

    kit = VisionToolkit(
        budget=SearchBudget(max_calls=2),
        schemas={"badge": Badge},
        include=["extract_data", "ask_image"],
    )
    extract, ask = kit.get_tools()
    assert ask.budget.max_calls == 2
    assert extract.args_schema.model_json_schema()["properties"]["kind"]["const"] == "badge"


def test_an_unknown_tool_is_an_error_with_the_names():
    """So is a setting that there is not."""
    with pytest.raises(ValueError, match=r"include=\['fly'\]: no such tool. There are"):
        VisionToolkit(include=["fly"]).get_tools()
    with pytest.raises(ValueError, match="rooots"):
        VisionToolkit(rooots=["/"])


def test_two_toolkits_have_two_stores():
    """A handle of one user is unknown to another."""
    one, other = VisionToolkit(), VisionToolkit()
    handle = one.store.put(EXAMPLE_IMAGES / "chart.png")
    (look,) = VisionToolkit(store=other.store, include=["look_again"]).get_tools()
    message = look.invoke(
        {"name": "look_again", "args": {"image": handle}, "id": "1", "type": "tool_call"}
    )
    assert message.status == "error"
    assert isinstance(one.store, ImageStore)
