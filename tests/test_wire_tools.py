"""The rule by which the embedded engine calls a tool of its own accord."""

import pytest
from conftest import EXAMPLE_IMAGES
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_gptv import ChatGPTV, human_message
from langchain_gptv.local.wire.arguments import find_arguments, is_named

ZOOM = {
    "type": "function",
    "function": {
        "name": "zoom_image",
        "description": "Look closer.",
        "parameters": {
            "type": "object",
            "properties": {
                "image": {"type": "string"},
                "scale": {"type": "number", "default": 2},
            },
            "required": ["image"],
        },
    },
}


@pytest.mark.parametrize(
    ("function", "question", "named"),
    [
        ("zoom_image", "Use zoom_image on it.", True),
        ("zoom_image", "Please zoom image img_1", True),
        ("get_weather", "What is the weather in Oslo?", True),
        ("get_weather", "What is in the picture?", False),
        ("cat", "Concatenate them", False),
    ],
)
def test_a_function_is_called_when_it_is_named(function, question, named):
    """Its name stands in the question as words, a leading verb apart."""
    assert is_named(function, question) is named


@pytest.mark.parametrize(
    ("question", "kinds", "found"),
    [
        ("square(3)", {"x": "integer"}, {"x": 3}),
        ("zoom x=2.5, y: 4", {"y": "integer", "x": "number"}, {"x": 2.5, "y": 4}),
        ('search for "red bus"', {"query": "string"}, {"query": "red bus"}),
        ("the weather in San Francisco, CA?", {"place": "string"}, {"place": "San Francisco, CA"}),
        ("do it deep=true", {"deep": "boolean"}, {"deep": True}),
        ("nothing here", {"x": "integer"}, {}),
    ],
)
def test_arguments_stand_in_the_question(question, kinds, found):
    """By name, else numbers in order, quoted texts, and names after a preposition."""
    schema = {"properties": {name: {"type": kind} for name, kind in kinds.items()}}
    assert find_arguments("f", question, {**schema, "required": list(kinds)}) == (
        found,
        [name for name in kinds if name not in found],
    )


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("responses", [False, True], ids=["chat", "responses"])
def test_an_agents_loop_runs_without_a_model(responses):
    """Question, call, the tool's answer, and an answer that rests on it."""
    model = ChatGPTV(model="gptv-local", use_responses_api=responses).bind_tools([ZOOM])
    history = [HumanMessage('Use zoom_image with "img_3f9a".')]
    call = model.invoke(history)
    assert [(c["name"], c["args"]) for c in call.tool_calls] == [
        ("zoom_image", {"image": "img_3f9a"})
    ]
    answered = ToolMessage("It says EXIT.", tool_call_id=call.tool_calls[0]["id"])
    answer = model.invoke([*history, call, answered])
    assert isinstance(answer, AIMessage)
    assert not answer.tool_calls
    assert answer.text == "The tool says: It says EXIT."


@pytest.mark.usefixtures("engine")
def test_a_question_that_names_no_tool_is_answered(truth):
    """Tools that are merely offered do not get in the way."""
    model = ChatGPTV(model="gptv-local").bind_tools([ZOOM])
    answer = model.invoke([human_message("What is the total?", EXAMPLE_IMAGES / "receipt.png")])
    assert truth["receipt.png"]["total"]["text"] in answer.text
    assert not answer.tool_calls


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("responses", [False, True], ids=["chat", "responses"])
def test_a_tool_that_answers_by_a_picture_has_answered(responses, truth):
    """Its picture is looked at, and the tool is not called again, wherever the picture moved."""
    model = ChatGPTV(model="gptv-local", use_responses_api=responses).bind_tools([ZOOM])
    history = [HumanMessage('What is the total? Use zoom_image with "img_3f9a".')]
    call = model.invoke(history)
    picture = human_message("", EXAMPLE_IMAGES / "receipt.png").content[-1:]
    result = ToolMessage(picture, tool_call_id=call.tool_calls[0]["id"])
    answer = model.invoke([*history, call, result])
    assert not answer.tool_calls
    assert "30.54" in answer.text
