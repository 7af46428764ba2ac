"""What others recorded of the real services: the same images leave, and the same answers come."""

from __future__ import annotations

import base64
import io
import json

import httpx2
import openai
import PIL.Image
import PIL.ImageChops
import pytest
from langchain_openai import ChatOpenAI
from leaving import Wire, leaving, make_model
from recorded import answer_of, api_of, images_of, load, messages_of, names, service_of

from langchain_gptv import ImagePolicy
from langchain_gptv.exceptions import MessageError
from langchain_gptv.vision.profiles import known_models

pytestmark = pytest.mark.skipif(not names(), reason="the recordings are not here")

WITH_IMAGES = [name for name in names() if images_of(load(name)["request"]["body"])]

REFUSED = {
    "69_azure_resp_b64_gpt4o_go": r"content\[1\].*is no image",  # "ELIDED" by who published it
    "80_err400_unsupported_format_chat": r"content\[1\].*is no image",
    "82_err400_bad_url_chat_llmrb": r"content\[0\].*outside the allowed roots",
    "83_err400_null_url_chat": r"content\[1\].*names no image",
}
"""Requests that the service answered with 400, or could not have read: ours never leave."""

FLATTENED = "06 10 13 15 16 21 22 31 36 45 47 71 73 75 76 85".split()
"""Partly transparent: models differ in what they see there, so it becomes white, in WebP or PNG."""

FIRST_FRAME = ["09"]
"""An animation, of which only the first frame is looked at; not every service takes the others."""

STRIPPED = "18 19 39".split()
"""With EXIF data, which is private; the rest of the file is the same."""

SCREENSHOT = ["57"]
"""`computer_screenshot` has no `detail` in the schema."""


def sent(name: str) -> list[tuple[str, str | None]]:
    """Return the images that leave for a recorded request, sizes kept."""
    recording, wire = load(name), Wire()
    model = recording["request"]["body"].get("model")
    chat = make_model(
        service_of(recording),
        api_of(recording),
        wire,
        model=model if model in known_models() else "gpt-4o",
        image_policy=ImagePolicy(resize="never"),
    )
    chat.invoke(messages_of(recording))
    return images_of(leaving(wire.take()[0]))


def picture(url: str) -> PIL.Image.Image:
    """Return the pixels of a data URL on white, as an independent reader sees them."""
    with PIL.Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as opened:
        pixels = opened.convert("RGBA")
    white = PIL.Image.new("RGBA", pixels.size, "white")
    return PIL.Image.alpha_composite(white, pixels).convert("RGB")


def distance(first: str, second: str) -> float:
    """Return how far apart two pictures are on average, of 255; they have the same size."""
    one, other = picture(first), picture(second)
    assert one.size == other.size
    histogram = PIL.ImageChops.difference(one, other).convert("L").histogram()
    return sum(value * count for value, count in enumerate(histogram)) / sum(histogram)


@pytest.mark.parametrize("name", [name for name in WITH_IMAGES if name not in REFUSED])
def test_the_images_of_a_recorded_request_leave_identical(name):
    """URL, file id or data are the recorded ones; where they differ, it is stated why."""
    recorded, ours = images_of(load(name)["request"]["body"]), sent(name)
    assert len(ours) == len(recorded)
    changed = name[:2] in (*FLATTENED, *FIRST_FRAME, *STRIPPED)
    for (url, _), (our_url, _) in zip(recorded, ours, strict=True):
        assert (our_url != url) == changed
        if changed:
            assert distance(url, our_url) <= (0 if name[:2] in STRIPPED else 3)


@pytest.mark.parametrize("name", [name for name in WITH_IMAGES if name not in REFUSED])
def test_the_detail_of_a_recorded_request_is_kept_or_stated(name):
    """What was said is kept; what was left to the service is decided and said."""
    recorded, ours = images_of(load(name)["request"]["body"]), sent(name)
    for (_, detail), (_, our_detail) in zip(recorded, ours, strict=True):
        if name[:2] in SCREENSHOT:
            assert our_detail is None
        elif detail in (None, "auto"):
            assert our_detail in ("low", "high")
        else:
            assert our_detail == detail


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_the_service_refused_does_not_leave(name):
    """The error says before the call what the service said after it."""
    with pytest.raises(MessageError, match=rf"messages\[0\].{REFUSED[name]}"):
        sent(name)


def test_images_in_a_tools_role_go_to_the_user():
    """36, 38, 75 and 85 were refused, or accepted and not looked at; ours leave as a user's."""
    for number in ("36", "38", "75", "85"):
        (name,) = (name for name in names() if name.startswith(number))
        recording, wire = load(name), Wire()
        chat = make_model(service_of(recording), "chat", wire, model="gpt-4o")
        chat.invoke(messages_of(recording))
        (body,) = wire.take()
        assert [m["role"] for m in body["messages"] if images_of(m)] == ["user"]
        assert body["messages"][-2]["role"] == "tool"


ANSWERED = [name for name in names("responses") if "_err" not in name]
STREAMED = [name for name in ANSWERED if "_stream_" in name]


class Replay(Wire):
    """Answers with a recording."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.recording = load(name)

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as the service did."""
        return answer_of(self.recording)

    def model(self):
        """Return the chat model that asks."""
        return make_model(service_of(self.recording), "responses", self, model="gpt-4o")

    def truth(self) -> dict:
        """Return the response as it was recorded, of a stream the last one."""
        if "body" in self.recording["response"]:
            return self.recording["response"]["body"]
        lines = self.recording["response"]["sse"].splitlines()
        events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
        done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
        (last,) = (event for event in events if event["type"] == "response.completed")
        return {**last["response"], "output": last["response"]["output"] or done}


def check_answer(message, truth: dict) -> None:
    """Compare a message with the recorded response."""
    parts = [part for item in truth["output"] for part in item.get("content") or ()]
    assert message.text == "".join(part["text"] for part in parts)
    usage = message.usage_metadata
    assert usage["input_tokens"] == truth["usage"]["input_tokens"]
    assert usage["output_tokens"] == truth["usage"]["output_tokens"]
    details = truth["usage"]["output_tokens_details"]
    assert usage["output_token_details"]["reasoning"] == details["reasoning_tokens"]
    calls = [item for item in truth["output"] if item["type"] == "function_call"]
    assert [(call["name"], call["id"], call["args"]) for call in message.tool_calls] == [
        (call["name"], call["call_id"], json.loads(call["arguments"])) for call in calls
    ]


@pytest.mark.parametrize("name", [name for name in ANSWERED if name not in STREAMED])
async def test_a_recorded_answer_of_responses_is_read(name):
    """Text, usage, reasoning tokens and tool calls are the recorded ones, sync and async."""
    replay = Replay(name)
    check_answer(replay.model().invoke("?"), replay.truth())
    check_answer(await replay.model().ainvoke("?"), replay.truth())


@pytest.mark.parametrize("name", STREAMED)
async def test_a_recorded_stream_of_responses_is_read(name):
    """The chunks add up to the recorded answer, from `stream` and from `astream`."""
    replay = Replay(name)
    chunks = list(replay.model().stream("?"))
    check_answer(sum(chunks[1:], chunks[0]), replay.truth())
    chunks = [chunk async for chunk in replay.model().astream("?")]
    check_answer(sum(chunks[1:], chunks[0]), replay.truth())


def test_a_recorded_computer_call_is_kept():
    """57: what the model wants to click on is in the message, to be acted on."""
    answer = Replay("57_resp_computer_use_screenshot_dotnet").model().invoke("?")
    (call,) = (block for block in answer.content if block["type"] == "computer_call")
    assert call["call_id"].startswith("call_")
    assert "type" in call["action"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("91_err400_responses_model_not_found", "model_not_found"),
        ("97_err400_context_length_responses", "context_length_exceeded"),
    ],
)
async def test_a_recorded_error_of_responses_keeps_its_class(name, code):
    """The class is the one that langchain-openai raises, with the service's code and message."""
    replay = Replay(name)
    match = replay.truth()["error"]["message"].split(".")[0]
    theirs = ChatOpenAI(model="gpt-4o", use_responses_api=True, **replay.clients())
    with pytest.raises(openai.BadRequestError, match=match) as expected:
        theirs.invoke("?")
    with pytest.raises(openai.BadRequestError, match=match) as caught:
        replay.model().invoke("?")
    assert type(caught.value) is type(expected.value)
    assert (caught.value.code, caught.value.status_code) == (code, 400)
    with pytest.raises(type(caught.value), match=match):
        await replay.model().ainvoke("?")
