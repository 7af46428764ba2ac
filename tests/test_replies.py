"""What answers say beside their text, in every generation of the API."""

import re

import httpx2
import openai
import pytest
from langchain_core.messages import AIMessage

from langchain_gptv import AzureChatGPTV, ChatGPTV, human_message
from langchain_gptv.replies import EMPTY

CHOICE = {"index": 0, "message": {"role": "assistant", "content": "A cat."}}
USAGE = {
    "prompt_tokens": 300,
    "completion_tokens": 4,
    "total_tokens": 304,
    "prompt_tokens_details": {"cached_tokens": 0, "image_tokens": 255},
}


def ask(reply: dict, *, status: int = 200, azure: bool = False, images=()) -> AIMessage:
    """Ask a model whose service answers `reply`."""
    transport = httpx2.MockTransport(lambda request: httpx2.Response(status, json=reply))
    settings = {"api_key": "x", "http_client": httpx2.Client(transport=transport), "max_retries": 0}
    if azure:
        model = AzureChatGPTV(
            azure_deployment="d",
            base_model="gpt-4o",
            api_version="2023-12-01-preview",
            azure_endpoint="https://a.invalid",
            **settings,
        )
    else:
        model = ChatGPTV(model="gpt-4o", **settings)
    return model.invoke([human_message("What is it?", *images)])


def completion(**choice) -> dict:
    """Return a response with one choice."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o",
        "choices": [{**CHOICE, "finish_reason": "stop", **choice}],
        "usage": USAGE,
    }


def test_billed_image_tokens_are_in_usage():
    """`input_token_details` has the image tokens where the service reports them."""
    answer = ask(completion())
    assert answer.usage_metadata["input_token_details"]["image"] == 255


@pytest.mark.parametrize(
    ("said", "finish_reason"),
    [
        ({"finish_reason": "stop"}, "stop"),
        ({"finish_reason": None, "finish_details": {"type": "stop", "stop": "<|x|>"}}, "stop"),
        ({"finish_reason": None, "finish_details": {"type": "max_tokens"}}, "length"),
        ({"finish_reason": {"type": "stop", "stop": "<|fim_suffix|>"}}, "stop"),
    ],
)
def test_every_spelling_of_the_finish_is_read(said, finish_reason):
    """The early Azure preview said `finish_details`, and some an object."""
    answer = ask(completion(**said), azure=True)
    assert answer.response_metadata["finish_reason"] == finish_reason


def test_content_filter_results_are_read_in_either_spelling():
    """Azure spells the key in the singular in answers and in the plural in streams."""
    reply = completion(content_filter_results={"hate": {"filtered": False}})
    reply["prompt_filter_results"] = [
        {"prompt_index": 0, "content_filter_result": {"jailbreak": {"filtered": False}}}
    ]
    metadata = ask(reply, azure=True).response_metadata
    (entry,) = metadata["prompt_filter_results"]
    assert entry["content_filter_results"] == {"jailbreak": {"filtered": False}}
    assert metadata["content_filter_results"] == {"hate": {"filtered": False}}


def test_an_empty_answer_that_was_cut_carries_a_warning():
    """A reasoning model may use up its tokens before it says a word."""
    answer = ask(completion(finish_reason="length", message={"role": "assistant", "content": ""}))
    assert answer.response_metadata["warning"] == EMPTY


def test_the_plan_is_told_with_the_answer():
    """What was sent stands beside what was billed."""
    image = b"GIF89a\x10\0\x10\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x10\0\x10\0\0\x02\x0e\x84\x8f"
    image += b"\xa9\xcb\xed\x0f\xa3\x9c\xb4\xda\x8b\xb3>\x05\0;"
    plan = ask(completion(), images=[image]).response_metadata["vision_plan"]
    assert plan["images"][0]["detail"] in ("low", "high")
    assert plan["tokens"] in (85, 255)


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (
            {"message": "Timeout while downloading https://a.invalid/b.png.",
             "code": "invalid_image_url"},
            "Image 2 of 2, messages\\[0\\]\\.content\\[2\\]\\. The service could not load it",
        ),
        (
            {"message": "Invalid image.", "param": "messages[0].content[1].image_url.url",
             "code": None},
            "Image 1 of 2, messages\\[0\\]\\.content\\[1\\]",
        ),
    ],
)  # fmt: skip
def test_an_error_about_an_image_says_which(error, note):
    """The class is upstream's; a note has the image's place and the way out."""
    urls = ["https://a.invalid/a.png", "https://a.invalid/b.png"]
    with pytest.raises(openai.BadRequestError, match="downloading|Invalid") as caught:
        ask({"error": {"type": "invalid_request_error", **error}}, status=400, images=urls)
    assert any(re.match(note, line) for line in caught.value.__notes__)


def test_an_error_about_something_else_gets_no_note():
    """A rate limit is not an image's fault."""
    error = {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}
    with pytest.raises(openai.RateLimitError, match="Rate limit") as caught:
        ask(error, status=429, images=["https://a.invalid/a.png"])
    assert not getattr(caught.value, "__notes__", [])
