"""Which question the engine is asked, and of which images."""

import pytest
from wire_support import FakeEngine, chat_image, data_url, input_image, post, user

from langchain_gptv.local.wire import LocalService

CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1"}]}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "See below."}
REPLY = {"role": "assistant", "content": "It is 12.50."}

CHATS = {
    "one message": ([user("Total?", chat_image(1), chat_image(2))], "Total?", [1, 2]),
    "no image": ([user("Hello")], "Hello", []),
    "parts joined": ([user("Total?", chat_image(1), "In euros.")], "Total?\nIn euros.", [1]),
    "labels are no question": (
        [
            user(
                "Total?",
                "Video 'till.mp4', 2 frames from 00:00.8 to 01:02.4. What is said is quoted.",
                "00:00.8",
                chat_image(1),
                "1:01:02.4 Good morning!",
                chat_image(2),
                "[Image img_3f9a2c0b71de: 60 x 40 pixels]",
                chat_image(3),
            )
        ],
        "Total?",
        [1, 2, 3],
    ),
    "a question that begins with a time": (
        [user(chat_image(1), "00:12.5 What happens here?")],
        "00:12.5 What happens here?",
        [1],
    ),
    "question before the image": ([user("Total?"), user(chat_image(1))], "Total?", [1]),
    "newest image": (
        [user("Total?", chat_image(1)), REPLY, user("And this?", chat_image(2))],
        "And this?",
        [2],
    ),
    "earlier image": ([user("Total?", chat_image(1)), REPLY, user("Date?")], "Date?", [1]),
    "after a tool": ([user("Total?", chat_image(1)), CALL, RESULT], "Total?", [1]),
    "image of a tool, carried by a user message": (
        [user("Total?", chat_image(1)), CALL, RESULT, user("img_1:", chat_image(2))],
        "Total?",
        [1, 2],
    ),
    "image of a tool alone": (
        [user("Total?"), CALL, RESULT, user("img_1:"), user(chat_image(2))],
        "Total?",
        [2],
    ),
    "question right after a tool": (
        [user("Total?", chat_image(1)), CALL, RESULT, user("Date?")],
        "Date?",
        [1],
    ),
    "next question after a tool": (
        [user("Total?", chat_image(1)), CALL, RESULT, user(chat_image(2)), REPLY, user("Date?")],
        "Date?",
        [1, 2],
    ),
}


def output(*parts):
    """The result of a tool."""
    return {"type": "function_call_output", "call_id": "call_1", "output": list(parts) or "Done."}


def asked(*parts):
    """A message of the user."""
    return {"role": "user", "content": list(parts)}


CALL_ITEM = {"type": "function_call", "call_id": "call_1", "name": "zoom", "arguments": "{}"}
TOTAL = {"type": "input_text", "text": "Total?"}

INPUTS = {
    "a string": ("Hello", "Hello", []),
    "one message": ([asked(TOTAL, input_image(1))], "Total?", [1]),
    "images of tools": (
        [asked(TOTAL, input_image(1)), CALL_ITEM, output(input_image(2), input_image(3))],
        "Total?",
        [1, 2, 3],
    ),
    "result in words": ([asked(TOTAL, input_image(1)), CALL_ITEM, output()], "Total?", [1]),
    "newer message": (
        [asked(TOTAL, input_image(1)), CALL_ITEM, output(input_image(2)), asked(TOTAL)],
        "Total?",
        [1, 2],
    ),
    "system and reasoning": (
        [{"role": "developer", "content": "Be terse."}, asked(TOTAL), {"type": "reasoning"}],
        "Total?",
        [],
    ),
}


@pytest.mark.parametrize(("messages", "question", "widths"), CHATS.values(), ids=CHATS)
def test_chat_asks_the_newest_question_of_the_newest_images(messages, question, widths):
    """The newest words of a user count, with the newest pictures shown and those of tools since."""
    engine = FakeEngine()
    body = {"model": "gptv-local", "messages": messages}
    status, _ = post(LocalService(engine), "/v1/chat/completions", body)
    assert (status, engine.question, engine.images) == (200, question, widths)


@pytest.mark.parametrize(("items", "question", "widths"), INPUTS.values(), ids=INPUTS)
def test_responses_asks_the_newest_question_of_the_newest_images(items, question, widths):
    """The same holds for the items of Responses, where tools return pictures themselves."""
    engine = FakeEngine()
    body = {"model": "gptv-local", "input": items}
    status, _ = post(LocalService(engine), "/v1/responses", body)
    assert (status, engine.question, engine.images) == (200, question, widths)


def test_usage_counts_the_whole_conversation():
    """Every image and text that was sent is counted, not only what was looked at."""
    body = {"model": "gptv-local", "messages": CHATS["newest image"][0]}
    _, reply = post(LocalService(FakeEngine()), "/v1/chat/completions", body)
    assert reply["usage"]["prompt_tokens_details"]["image_tokens"] == 2


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_the_types_of_the_services_are_read(kind):
    """The four types that the real services take are told by content."""
    engine = FakeEngine()
    part = {"type": "image_url", "image_url": {"url": data_url(7, kind=kind)}}
    body = {"model": "gptv-local", "messages": [user("Total?", part)]}
    status, _ = post(LocalService(engine), "/v1/chat/completions", body)
    assert (status, engine.images) == (200, [7])
