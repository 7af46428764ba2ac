"""What a caller gets wrong, and the error of the real services for it."""

import base64
import struct
import zlib

import pytest
from wire_support import (
    FakeEngine,
    chat_image,
    data_url,
    encode,
    input_image,
    make_service,
    post,
    schema,
    user,
)

from langchain_gptv.exceptions import (
    CorruptImageError,
    LocalEngineError,
    MissingExtraError,
)
from langchain_gptv.local.wire import LocalService

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
AZURE = "/openai/deployments/d/chat/completions"
CLASSIC = {"api-version": "2024-10-21"}

URL = "messages[0].content[0].image_url.url"
TOOL = {"type": "function", "function": {"name": "save", "parameters": schema("total")}}


def chat(*content, **more):
    """A request for a completion."""
    return {"model": "gptv-local", "messages": [user(*content)], **more}


def url(value):
    """An image part with a raw url."""
    return {"type": "image_url", "image_url": {"url": value}}


def responses(*content, role="user", **more):
    """A request for a response."""
    return {"model": "gptv-local", "input": [{"role": role, "content": content}], **more}


def data(raw: bytes, kind="png"):
    """A data URL of any bytes."""
    return f"data:image/{kind};base64,{base64.b64encode(raw).decode()}"


def huge_png():
    """A PNG that declares 30,000 x 30,000 pixels and has none."""
    size = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", size), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    packed = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    return data(b"\x89PNG\r\n\x1a\n" + b"".join(packed))


CHAT_ERRORS = {
    "no model": ({"messages": [user("Hi")]}, 400, None, None, "must provide a model"),
    "unknown model": (chat("Hi", model="gpt-9"), 404, "model_not_found", None, "`gpt-9`"),
    "no messages": (
        {"model": "gptv-local"},
        400,
        "missing_required_parameter",
        "messages",
        "Missing required parameter: 'messages'",
    ),
    "empty messages": (
        {"model": "gptv-local", "messages": []},
        400,
        "empty_array",
        "messages",
        "minimum length 1",
    ),
    "messages as a string": (
        {"model": "gptv-local", "messages": "Hi"},
        400,
        "invalid_type",
        "messages",
        "expected an array of objects, but got a string",
    ),
    "null content": (
        {"model": "gptv-local", "messages": [{"role": "user", "content": None}]},
        400,
        "invalid_type",
        "messages[0].content",
        "expected one of a string or array of objects, but got null",
    ),
    "unknown role": (
        {"model": "gptv-local", "messages": [{"role": "robot", "content": "Hi"}]},
        400,
        "invalid_value",
        "messages[0].role",
        "Invalid value: 'robot'",
    ),
    "image_url as a string": (
        chat({"type": "image_url", "image_url": data_url()}),
        400,
        "invalid_type",
        "messages[0].content[0].image_url",
        "expected an object, but got a string",
    ),
    "null url": (chat(url(None)), 400, "invalid_type", URL, "but got null"),
    "no data prefix": (
        chat(url(encode())),
        400,
        "invalid_value",
        URL,
        "without the 'data:' prefix",
    ),
    "empty base64": (chat(url("data:image/png;base64,")), 400, "invalid_value", URL, "empty"),
    "bad base64": (
        chat(url("data:image/png;base64,@@@")),
        400,
        "invalid_value",
        URL,
        "Invalid base64 image_url.",
    ),
    "not base64": (chat(url("data:image/png,abc")), 400, "invalid_value", URL, "not base64"),
    "no image type": (
        chat(url("data:text/plain;base64,aGk=")),
        400,
        "invalid_image_format",
        None,
        "Only image types",
    ),
    "no image bytes": (
        chat(url(data(b"hello, I am text"))),
        400,
        "invalid_image_format",
        None,
        "unsupported image",
    ),
    "BMP": (
        chat(url(data_url(kind="BMP"))),
        400,
        "invalid_image_format",
        None,
        "['png', 'jpeg', 'gif', 'webp']",
    ),
    "too many pixels": (chat(url(huge_png())), 400, "image_too_large", URL, "178,956,970"),
    "web address": (
        chat(url("https://example.com/a.png")),
        400,
        "invalid_image_url",
        None,
        "fetches nothing from the network",
    ),
    "unknown detail": (
        chat(chat_image(detail="medium")),
        400,
        "invalid_value",
        "messages[0].content[0].image_url.detail",
        "Supported values are: 'auto', 'low', 'high', and 'original'.",
    ),
    "unknown part": (
        chat({"type": "image"}),
        400,
        "invalid_value",
        "messages[0].content[0].type",
        "Invalid value: 'image'",
    ),
    "part without type": (
        chat({"text": "Hi"}),
        400,
        "missing_required_parameter",
        "messages[0].content[0].type",
        "content[0].type'",
    ),
    "audio": (
        chat({"type": "input_audio", "input_audio": {}}),
        400,
        "invalid_value",
        "messages[0]",
        "either text or image_url",
    ),
    "bare string among the parts": (
        {"model": "gptv-local", "messages": [{"role": "user", "content": ["Hi"]}]},
        400,
        "invalid_type",
        "messages[0].content[0]",
        "expected an object",
    ),
    "too many choices": (chat("Hi", n=129), 400, "integer_above_max_value", "n", "<= 128"),
    "no tokens": (chat("Hi", max_tokens=0), 400, "integer_below_min_value", "max_tokens", ">= 1"),
    "stream as a string": (chat("Hi", stream="yes"), 400, "invalid_type", "stream", "a boolean"),
    "logprobs": (
        chat("Hi", logprobs=True),
        400,
        "unsupported_parameter",
        "logprobs",
        "no token probabilities",
    ),
    "functions": (
        chat("Hi", functions=[{"name": "f"}]),
        400,
        "unsupported_parameter",
        "functions",
        "Use 'tools'",
    ),
    "required without tools": (
        chat("Hi", tool_choice="required"),
        400,
        "invalid_value",
        "tool_choice",
        "only allowed when 'tools'",
    ),
    "unknown function": (
        chat("Hi", tools=[TOOL], tool_choice={"type": "function", "function": {"name": "x"}}),
        400,
        "invalid_value",
        "tool_choice",
        "no function named 'x'",
    ),
    "json_schema without a schema": (
        chat("Hi", response_format={"type": "json_schema", "json_schema": {"name": "x"}}),
        400,
        "missing_required_parameter",
        "response_format.json_schema.schema",
        "Missing required",
    ),
}

RESPONSES_ERRORS = {
    "no model": ({"input": "Hi"}, "missing_required_parameter", "model", "'model'"),
    "unknown model": (
        responses(model="gpt-9"),
        "model_not_found",
        "model",
        "The requested model 'gpt-9' does not exist.",
    ),
    "no input": ({"model": "gptv-local"}, "missing_required_parameter", "input", "'input'"),
    "part of the other API": (
        responses({"type": "text", "text": "Hi"}),
        "invalid_value",
        "input[0].content[0].type",
        "'input_text'",
    ),
    "web address": (
        responses({"type": "input_image", "image_url": "http://example.com/a.png"}),
        "invalid_value",
        "url",
        "Error while downloading http://example.com/a.png",
    ),
    "empty base64": (
        responses({"type": "input_image", "image_url": "data:image/png;base64,"}),
        "invalid_value",
        "input[0].content[0].image_url",
        "empty base64-encoded bytes",
    ),
    "no image bytes": (
        responses({"type": "input_image", "image_url": data(b"hello")}),
        "invalid_value",
        "input",
        "does not represent a valid image",
    ),
    "uploaded file": (
        responses({"type": "input_image", "file_id": "file-1"}),
        "invalid_value",
        "input[0].content[0].file_id",
        "keeps no files and fetches none",
    ),
    "document": (
        responses({"type": "input_file", "file_data": "x"}),
        "invalid_value",
        "input[0].content[0].type",
        "keeps no files and fetches none",
    ),
    "image of the assistant": (
        responses(input_image(), role="assistant"),
        "invalid_value",
        "input[0]",
        "with role 'assistant' contains an image",
    ),
    "unknown item": (
        {"model": "gptv-local", "input": [{"type": "computer_call_output"}]},
        "invalid_value",
        "input[0].type",
        "Invalid value: 'computer_call_output'",
    ),
    "previous response": (
        {"model": "gptv-local", "input": "Hi", "previous_response_id": "resp_1"},
        "previous_response_not_found",
        "previous_response_id",
        "'resp_1' not found",
    ),
    "background": (
        {"model": "gptv-local", "input": "Hi", "background": True},
        "unsupported_parameter",
        "background",
        "wait for the answer",
    ),
}


@pytest.mark.parametrize(
    ("body", "status", "code", "param", "fragment"), CHAT_ERRORS.values(), ids=CHAT_ERRORS
)
def test_chat_names_the_fault(body, status, code, param, fragment):
    """A bad completion request gets the status, code, parameter and message of OpenAI."""
    got, reply = post(make_service(), CHAT, body)
    error = reply["error"]
    assert (got, error["code"], error["param"]) == (status, code, param)
    assert error["type"] == "invalid_request_error"
    assert fragment in error["message"]


@pytest.mark.parametrize(
    ("body", "code", "param", "fragment"), RESPONSES_ERRORS.values(), ids=RESPONSES_ERRORS
)
def test_responses_names_the_fault(body, code, param, fragment):
    """A bad request of Responses gets a 400 with the code and parameter of OpenAI."""
    status, reply = post(make_service(), RESPONSES, body)
    error = reply["error"]
    assert (status, error["code"], error["param"]) == (400, code, param)
    assert fragment in error["message"]


@pytest.mark.parametrize("role", ["tool", "assistant", "system", "developer"])
def test_chat_takes_images_from_users_alone(role):
    """An image in another role is refused in the words of the recorded reply."""
    message = {"role": role, "content": [chat_image()], "tool_call_id": "call_1"}
    body = {"model": "gptv-local", "messages": [user("Hi"), message]}
    status, reply = post(make_service(), CHAT, body)
    assert status == 400
    assert reply["error"] == {
        "message": "Invalid 'messages[1]'. Image URLs are only allowed for messages with role "
        f"'user', but this message with role '{role}' contains an image URL.",
        "type": "invalid_request_error",
        "param": "messages[1]",
        "code": "invalid_value",
    }


def test_all_images_together_have_a_limit(monkeypatch):
    """The sum of all images is limited, as it is on OpenAI."""
    monkeypatch.setattr("langchain_gptv.local.wire.conversation.MAX_IMAGE_BYTES", 100)
    status, reply = post(make_service(), CHAT, chat(chat_image(), chat_image()))
    assert status == 400
    assert "Total image size" in reply["error"]["message"]


@pytest.mark.parametrize(
    ("body", "fragment"),
    [(b"{", "not valid JSON"), (b"[]", "must be a JSON object"), (b"\xff", "not valid JSON")],
)
def test_a_body_that_is_no_json_object_is_refused(body, fragment):
    """Anything but a JSON object is a 400 that says so."""
    status, reply = post(make_service(), CHAT, body)
    assert status == 400
    assert fragment in reply["error"]["message"]


def test_a_body_of_another_content_type_is_refused():
    """A form of a web page, which needs no leave of the browser, is no request."""
    status, reply = post(make_service(), CHAT, chat("Hi"), content_type="text/plain")
    assert (status, reply["error"]["code"]) == (400, "unsupported_content_type")


def test_an_unknown_path_is_not_found():
    """A path without /v1 is the commonest slip of base_url."""
    status, reply = post(make_service(), "/chat/completions", chat("Hi"))
    assert status == 404
    assert reply["error"]["message"] == "Invalid URL (POST /chat/completions)"


def test_another_method_is_not_allowed():
    """A known path answers its own method alone."""
    status, reply = post(make_service(), CHAT, b"", method="GET")
    assert (status, reply["error"]["code"]) == (405, "method_not_supported")


def test_an_unknown_model_cannot_be_retrieved():
    """The list of models knows what it has."""
    status, reply = post(make_service(), "/v1/models/gpt-9", b"", method="GET")
    assert (status, reply["error"]["code"]) == (404, "model_not_found")


def test_an_alias_is_accepted_and_the_engine_named():
    """A name given at the start is accepted; the reply says what answered."""
    service = make_service(models=("gpt-4o", "gptv-local"))
    status, reply = post(service, CHAT, chat("Hi", model="gpt-4o"))
    assert (status, reply["model"]) == (200, "gptv-local")


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        (AZURE, CLASSIC, 404, "DeploymentNotFound"),
        ("/openai/responses", CLASSIC, 404, "DeploymentNotFound"),
        ("/openai/v1/chat/completions", {}, 400, "unknown_model"),
        (AZURE, {}, 404, "404"),
        ("/openai/deployments/d/responses", CLASSIC, 404, "404"),
    ],
)
def test_azure_does_not_find(path, query, status, code):
    """A deployment, a path or an api-version that is not there has the body of Azure's gateway."""
    service = make_service(deployments=("mine",))
    got, reply = post(service, path, chat("Hi", model="d", input="Hi"), query=query)
    assert (got, reply["error"]["code"]) == (status, code)
    assert "type" not in reply["error"]


@pytest.mark.parametrize(
    ("sent", "fragment"),
    [
        ("https://example.com/a.png", "The provided image url is not accessible."),
        (data(b"hello"), "Invalid image data."),
        ("abc", "Invalid image URL"),
    ],
)
def test_azure_refuses_images_in_its_own_words(sent, fragment):
    """A bad image in a chat on Azure is a BadRequest, which has no parameter."""
    status, reply = post(make_service(), AZURE, chat(url(sent)), query=CLASSIC)
    assert (status, reply["error"]["code"], reply["error"]["param"]) == (400, "BadRequest", None)
    assert fragment in reply["error"]["message"]


OLD_FORMS = {
    "bare string and image": ["What is it?", {"image": data_url()}],
    "image as bare base64": [{"type": "text", "text": "What is it?"}, {"image": encode()}],
    "image_url as a string": ["What is it?", {"type": "image_url", "image_url": data_url()}],
}


@pytest.mark.parametrize("content", OLD_FORMS.values(), ids=OLD_FORMS)
@pytest.mark.parametrize("version", ["2023-12-01-preview", "2024-02-15-preview"])
def test_old_azure_versions_take_the_first_forms(content, version):
    """The forms of Azure's first how-to are read where they were published."""
    engine = FakeEngine()
    body = {"messages": [{"role": "user", "content": content}]}
    status, _ = post(LocalService(engine), AZURE, body, query={"api-version": version})
    assert (status, engine.question, engine.images) == (200, "What is it?", [20])


@pytest.mark.parametrize("content", OLD_FORMS.values(), ids=OLD_FORMS)
def test_new_azure_versions_refuse_the_first_forms(content):
    """A newer api-version refuses them, as the service did."""
    body = {"messages": [{"role": "user", "content": content}]}
    status, _ = post(make_service(), AZURE, body, query=CLASSIC)
    assert status == 400


class BrokenEngine(FakeEngine):
    """Raises what it is given."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def answer(self, images, question):
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "code", "fragment"),
    [
        (CorruptImageError("truncated"), 400, "invalid_image_format", "unsupported image"),
        (MissingExtraError("Reading", "local"), 500, "missing_extra", "pip install"),
        (LocalEngineError("No memory."), 500, "local_engine_error", "No memory."),
        (KeyError("secret"), 500, "local_engine_error", "see the log"),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_fault_of_the_engine_is_a_status(error, status, code, fragment, stream):
    """What goes wrong in the engine is a status before the first byte, never a broken stream."""
    service = LocalService(BrokenEngine(error))
    got, reply = post(service, CHAT, chat("Hi", chat_image(), stream=stream))
    assert (got, reply["error"]["code"]) == (status, code)
    assert fragment in reply["error"]["message"]
    assert "secret" not in reply["error"]["message"]


def test_clients_are_told_not_to_retry_a_fault():
    """A fault of the engine would only come again."""
    service = LocalService(BrokenEngine(LocalEngineError("No memory.")))
    body = b'{"model": "gptv-local", "messages": [{"role": "user", "content": "Hi"}]}'
    reply = service.handle("POST", CHAT, {}, {"content-type": "application/json"}, body)
    assert reply.headers["x-should-retry"] == "false"
