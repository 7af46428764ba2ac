"""The contract, for images in tool, assistant and system messages (rows T, I, S and R)."""

from __future__ import annotations

import pytest
from contract_rows import BASE64, DATA, PDF64, PNG, URL, image, image_url
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from leaving import Wire, make_model, send
from wire_schema import check_body

from langchain_gptv import human_message
from langchain_gptv.exceptions import MessageError

SEEN = {"type": "image_url", "image_url": {"url": URL, "detail": "low"}}
SEEN_ITEM = {"type": "input_image", "image_url": URL, "detail": "low"}
LOW = image(url=URL, extras={"detail": "low"})
PDF = {"type": "file", "base64": PDF64, "mime_type": "application/pdf", "filename": "a.pdf"}
PDF_DATA = {"file_data": f"data:application/pdf;base64,{PDF64}", "filename": "a.pdf"}


class Recorded:
    """A chat model and the wire it ends in."""

    def __init__(self, service: str, api: str, **settings) -> None:
        self.api = api
        self.wire = Wire()
        self.model = make_model(service, api, self.wire, **settings)

    def send(self, *messages, **call):
        """Return what left for the messages."""
        return send(self.model, self.wire, list(messages), **call)


@pytest.fixture(scope="module", params=["openai", "azure"])
def chat(request):
    """Chat Completions on each service."""
    return Recorded(request.param, "chat")


@pytest.fixture(scope="module", params=["openai", "azure"])
def responses(request):
    """Responses on each service."""
    return Recorded(request.param, "responses")


def call(*ids: str) -> AIMessage:
    """Make a turn that calls a tool once for each id."""
    return AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": one} for one in ids])


def answer(*blocks, to: str = "call_1", **fields) -> ToolMessage:
    """Make a tool's answer."""
    return ToolMessage(list(blocks), tool_call_id=to, **fields)


def text(value: str) -> dict[str, str]:
    """Make a text part of Chat Completions."""
    return {"type": "text", "text": value}


def note(label: str) -> dict[str, str]:
    """Make the note that stands where an image was."""
    return text(f"({label}: see the next user message.)")


def user(*parts) -> dict:
    """Make a user message of Chat Completions."""
    return {"role": "user", "content": list(parts)}


def tool(*parts, to: str = "call_1") -> dict:
    """Make a tool message of Chat Completions."""
    return {"role": "tool", "tool_call_id": to, "content": list(parts)}


def output(value, to: str = "call_1") -> dict:
    """Make a tool's output of Responses."""
    return {"type": "function_call_output", "call_id": to, "output": value}


LABEL = "Image from tool call call_1"


@pytest.mark.parametrize(
    "block",
    [LOW, image_url({"url": URL, "detail": "low"})],
    ids=["T2 standard", "T1 legacy"],
)
def test_an_image_from_a_tool_moves_to_the_user_on_chat(chat, block):
    """T1, T2: the tool message keeps a note, the image follows in a labelled user message."""
    left = chat.send(HumanMessage("?"), call("call_1"), answer(block, text("Found.")))
    assert left[2:] == [tool(text("Found."), note(LABEL)), user(text(f"{LABEL}:"), SEEN)]


@pytest.mark.parametrize("block", [LOW, image_url({"url": URL, "detail": "low"})])
def test_an_image_from_a_tool_stays_on_responses(responses, block):
    """T1, T2: Responses has a place for it, and the `detail` goes along."""
    left = responses.send(HumanMessage("?"), call("call_1"), answer(block, text("Found.")))
    assert left[2] == output([SEEN_ITEM, {"type": "input_text", "text": "Found."}])


def test_answers_of_several_calls_stay_together(chat):
    """The answers to one turn stand in a row; their images follow in one message, each labelled."""
    left = chat.send(
        HumanMessage("?"),
        call("call_1", "call_2", "call_3"),
        answer(LOW, name="look"),
        answer(text("None."), to="call_2"),
        answer(LOW, to="call_3"),
        HumanMessage("Compare."),
    )
    third = "Image from tool call call_3"
    assert left[2:] == [
        tool(note(f"{LABEL} (look)")),
        tool(text("None."), to="call_2"),
        tool(note(third), to="call_3"),
        user(text(f"{LABEL} (look):"), SEEN, text(f"{third}:"), SEEN, text("Compare.")),
    ]


def test_an_image_does_not_pass_the_next_turn(chat):
    """Before the assistant goes on, the images of its tools are shown."""
    left = chat.send(HumanMessage("?"), call("call_1"), answer(LOW), AIMessage("A cat."))
    assert [message["role"] for message in left] == [
        "user",
        "assistant",
        "tool",
        "user",
        "assistant",
    ]


def test_two_rounds_of_tools(chat):
    """Each round's image comes before the next call."""
    left = chat.send(
        *(HumanMessage("?"), call("call_1"), answer(LOW)),
        *(call("call_2"), answer(LOW, to="call_2")),
    )
    roles = ["user", "assistant", "tool", "user", "assistant", "tool", "user"]
    assert [message["role"] for message in left] == roles


def test_an_uploaded_file_from_a_tool(chat, responses):
    """T3: Responses takes it; Chat Completions can't, and says so before anything leaves."""
    messages = [HumanMessage("?"), call("call_1"), answer(image(file_id="file-1"))]
    left = responses.send(*messages)
    file = {"type": "input_image", "file_id": "file-1", "detail": "high"}
    assert left[2] == output([file])
    match = r"messages\[2\].content\[0\] is the uploaded file 'file-1'.*use_responses_api=True"
    with pytest.raises(MessageError, match=match):
        chat.send(*messages)
    assert chat.wire.bodies == []


def test_a_string_beside_an_image(chat, responses):
    """T5: langchain-openai turns the whole list into text; here it stays text and image."""
    messages = [HumanMessage("?"), call("call_1"), answer("Found.", SEEN)]
    assert chat.send(*messages)[2:] == [
        tool(text("Found."), note(LABEL)),
        user(text(f"{LABEL}:"), SEEN),
    ]
    found = {"type": "input_text", "text": "Found."}
    assert responses.send(*messages)[2] == output([found, SEEN_ITEM])


def test_a_pdf_from_a_tool(chat, responses):
    """T6: a file moves like an image on Chat Completions, and stays on Responses."""
    messages = [HumanMessage("?"), call("call_1"), answer(PDF)]
    assert chat.send(*messages)[2:] == [
        tool(note(LABEL)),
        user(text(f"{LABEL}:"), {"type": "file", "file": PDF_DATA}),
    ]
    assert responses.send(*messages)[2] == output([{"type": "input_file", **PDF_DATA}])


def test_an_artifact_is_not_sent(chat):
    """T7: an artifact is for the program, not for the model."""
    left = chat.send(
        HumanMessage("?"), call("call_1"), answer(text("Found."), artifact={"image": PNG})
    )
    assert left[2:] == [tool(text("Found."))]


def test_bytes_that_became_text_are_refused(chat):
    """T8: `str(bytes)` is no picture; the error says what the tool should return."""
    messages = [HumanMessage("?"), call("call_1"), ToolMessage(PNG, tool_call_id="call_1")]
    with pytest.raises(MessageError, match=r"messages\[2\].*Return \[image_block\(data\)\]"):
        chat.send(*messages)
    assert chat.wire.bodies == []


@pytest.mark.parametrize("content", [[LOW], [text("Here."), LOW]], ids=["I3", "I1"])
def test_an_image_of_the_assistants_moves_to_the_user(chat, responses, content):
    """I1, I3: neither API takes one in the assistant's turn, and langchain-openai loses it."""
    messages = [HumanMessage("?"), AIMessage(content), HumanMessage("And now?")]
    label = "Image from the assistant"
    left = chat.send(*messages)
    assert left[1]["content"] == [*content[:-1], note(label)]
    assert left[2] == user(text(f"{label}:"), SEEN, text("And now?"))
    items = responses.send(*messages)
    assert items[-1]["content"][1] == SEEN_ITEM
    assert items[-2]["role"] == "assistant"


def test_a_generated_image_goes_back_by_its_id(responses):
    """I2: Responses keeps what the model painted, and takes the id for it."""
    painted = AIMessage([image(base64=BASE64, mime_type="image/png", id="ig_1")])
    left = responses.send(HumanMessage("Paint."), painted, HumanMessage("Again."))
    assert left[1] == {"type": "image_generation_call", "id": "ig_1"}


@pytest.mark.parametrize(
    "block",
    [
        image(base64=BASE64, mime_type="image/png", id="ig_1"),
        {"type": "image_generation_call", "id": "ig_1", "result": BASE64},
    ],
    ids=["I2", "I2 native"],
)
def test_a_generated_image_is_shown_to_chat(chat, block):
    """I2: Chat Completions knows no ids, so it gets the picture itself."""
    left = chat.send(HumanMessage("Paint."), AIMessage([block]), HumanMessage("Again."))
    painted = {"type": "image_url", "image_url": {"url": DATA, "detail": "high"}}
    assert left[2] == user(text("Image from the assistant:"), painted, text("Again."))


@pytest.mark.parametrize("role", [SystemMessage, lambda c: ChatMessage(c, role="system")])
def test_an_image_in_the_system_message(chat, responses, role):
    """S1, S2: Chat Completions takes only text there; Responses takes the image."""
    messages = [role([text("Know this."), LOW]), HumanMessage("?")]
    assert chat.send(*messages) == [
        {"role": "system", "content": [text("Know this."), note("Image for reference")]},
        user(text("Image for reference:"), SEEN, text("?")),
    ]
    assert responses.send(*messages)[0]["content"][1] == SEEN_ITEM


def test_content_blocks_can_be_sent_again(chat):
    """R1: what LangChain makes of a message keeps its `detail`."""
    legacy = HumanMessage([image_url({"url": URL, "detail": "low"})])
    assert chat.send(HumanMessage(content_blocks=legacy.content_blocks)) == [user(SEEN)]


@pytest.mark.parametrize("service", ["openai", "azure"])
def test_error_refuses_what_would_have_to_move(service):
    """`tool_images="error"` names the message and the ways out, and nothing leaves."""
    chat = Recorded(service, "chat", tool_images="error")
    with pytest.raises(MessageError, match=r'messages\[2\].*tool message.*tool_images="relocate"'):
        chat.send(HumanMessage("?"), call("call_1"), answer(LOW))
    assert chat.wire.bodies == []
    assert chat.send(human_message("?", URL, detail="low"))[0]["content"][1] == SEEN


def test_keep_moves_nothing():
    """`tool_images="keep"` is for models that do look there."""
    chat = Recorded("openai", "chat", tool_images="keep")
    left = chat.send(HumanMessage("?"), call("call_1"), answer(text("Found."), LOW))
    assert left[2:] == [tool(text("Found."), SEEN)]


def test_keep_never_loses_an_image():
    """langchain-openai drops the assistant's images on Responses, so keeping is refused there."""
    responses = Recorded("openai", "responses", tool_images="keep")
    with pytest.raises(MessageError, match=r'messages\[0\].*ai message.*tool_images="relocate"'):
        responses.send(AIMessage([LOW]), HumanMessage("?"))
    assert responses.wire.bodies == []


SCREEN = {"type": "computer_call_output"}


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "input_image", "image_url": DATA}],
        [{"type": "computer_screenshot", "image_url": DATA}],
        [image(base64=BASE64, mime_type="image/png")],
        [image_url({"url": DATA, "detail": "low"})],
        DATA,
    ],
    ids=["input_image", "computer_screenshot", "standard", "legacy", "string"],
)
def test_a_screenshot_of_computer_use(responses, content):
    """Every form leaves as the schema's `computer_screenshot`, with its pixels untouched."""
    shot = ToolMessage(content, tool_call_id="call_1", additional_kwargs=SCREEN)
    (left,) = responses.send(shot)
    screenshot = {"type": "computer_screenshot", "image_url": DATA}
    assert left == {"type": "computer_call_output", "call_id": "call_1", "output": screenshot}


def test_a_screenshot_keeps_its_safety_checks(responses):
    """What was acknowledged goes along, and an uploaded file will do."""
    checks = [{"id": "cu_1", "code": "malicious_instructions", "message": "Look out."}]
    shot = answer(
        {"type": "input_image", "file_id": "file-1"},
        additional_kwargs={**SCREEN, "acknowledged_safety_checks": checks},
    )
    before = shot.model_copy(deep=True)
    (left,) = responses.send(shot)
    assert left["output"] == {"type": "computer_screenshot", "file_id": "file-1"}
    assert left["acknowledged_safety_checks"] == checks
    assert shot == before


def test_a_screenshot_in_a_conversation_that_went_to_chat(chat):
    """Chat Completions knows no computer use, so the picture is shown like any other."""
    shot = answer({"type": "input_image", "image_url": DATA}, additional_kwargs=SCREEN)
    left = chat.send(HumanMessage("?"), call("call_1"), shot)
    shown = {"type": "image_url", "image_url": {"url": DATA, "detail": "high"}}
    assert left[2:] == [tool(note(LABEL)), user(text(f"{LABEL}:"), shown)]


CONVERSATION = [
    SystemMessage([text("Know this."), LOW]),
    human_message("?", PNG, URL),
    call("call_1", "call_2"),
    answer("Found.", LOW),
    answer(PDF, to="call_2"),
    AIMessage([text("Here."), LOW]),
    HumanMessage("Go on."),
]


@pytest.mark.parametrize("service", ["openai", "azure"])
@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_whole_conversation_is_what_the_schema_allows(service, api):
    """All roles together leave a body in which no key is unknown and none is missing."""
    recorded = Recorded(service, api)
    recorded.model.invoke(CONVERSATION)
    # An assistant's turn without its id is not in the schema; langchain-openai sends it so, and
    # the service takes it.
    check_body(recorded.wire.take()[0], but=("'output_text'", "'annotations'"))
