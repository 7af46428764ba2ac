"""What leaves for each generation of Azure OpenAI's API, and what is refused before it leaves."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field

import httpx2
import PIL.Image
import pytest
from azure_specs import azure_spec
from langchain_core.messages import HumanMessage
from langchain_openai import AzureChatOpenAI
from leaving import Wire
from pictures import encoded, noise
from wire_schema import check_body

from langchain_gptv import AzureChatGPTV, ChatGPTV, human_message
from langchain_gptv.azure_wire import Generation, body_for, check_video_prompt, path_for
from langchain_gptv.enhancements import Enhancements
from langchain_gptv.enhancements.video_index import VideoIndex
from langchain_gptv.exceptions import (
    ImageError,
    ImageTooLargeError,
    LimitError,
    MessageError,
    PlanError,
)

ENDPOINT = "https://example.openai.azure.com"
SMALL = encoded(noise(64, 64), "PNG")
LARGE = encoded(noise(200, 200), "PNG")
VISION = {"type": "AzureComputerVision", "parameters": {"endpoint": "https://v", "key": "k"}}
SEARCH = {
    "type": "azure_search",
    "parameters": {
        "endpoint": "https://s.example.com",
        "index_name": "photos",
        "authentication": {"type": "api_key", "key": "k"},
    },
}
OCR = Enhancements(by="service", grounding=False)
BOTH = {"ocr": {"enabled": True}, "grounding": {"enabled": True}}
VIDEO_URL = "https://store.example.com/clip.mp4?sig=secret"

OLD = ["2023-12-01-preview", "2024-02-15-preview", "2024-03-01-preview"]
CALLS = ["invoke", "ainvoke", "stream", "astream"]

KNOWN = {
    # The client sends the deployment beside the messages too; every generation ignores it there.
    "2023-12-01-preview": [
        r"^\$: 'model' is not named",
        # The extensions' messages are described as text, which only the how-to puts right.
        r"^\$\.messages\[0\]\.content: .* is no string",
        r"^\$\.enhancements: 'video' is not named",
    ],
    "2024-02-15-preview": [
        r"^\$: 'model' is not named",
        # An image part is described as flat; later versions have it as the service wanted it.
        r"^\$\.messages\[0\]\.content.*'(image_url|url|text)' is (not named|missing)",
        # The schema never had the vision sources, and the how-to kept the images' old field.
        r"^\$: 'dataSources' is not named",
        r"^\$\.enhancements: 'video' is not named",
    ],
    "2024-10-21": [r"^\$: 'model' is not named"],
}


@dataclass
class Requests(Wire):
    """Keeps the whole requests."""

    requests: list[httpx2.Request] = field(default_factory=list)

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        self.requests.append(request)
        return super().handle(request)

    @property
    def path(self) -> str:
        """The path of the one request."""
        (request,) = self.requests
        return request.url.path

    @property
    def body(self) -> dict:
        """The body of the one request."""
        (body,) = self.bodies
        return body


@pytest.fixture
def wire() -> Requests:
    """Where requests end."""
    return Requests()


def make(wire, api_version="2023-12-01-preview", **settings) -> AzureChatGPTV:
    """Make a model of one generation before a wire."""
    named = {"azure_endpoint": ENDPOINT, "azure_deployment": "eyes", "base_model": "gpt-4o"}
    return AzureChatGPTV(**{**named, "api_version": api_version, **wire.clients(), **settings})


def ask(image=SMALL) -> list[HumanMessage]:
    """Return a question about an image."""
    return [human_message("Describe this picture:", image)]


async def call(model, how, messages, **settings) -> None:
    """Call a model in one of four ways."""
    if how == "invoke":
        model.invoke(messages, **settings)
    elif how == "ainvoke":
        await model.ainvoke(messages, **settings)
    elif how == "stream":
        list(model.stream(messages, **settings))
    else:
        _ = [chunk async for chunk in model.astream(messages, **settings)]


def check(wire, shared, api_version) -> None:
    """See that the one request is what the published description of its generation allows."""
    spec = azure_spec(shared / "specs", api_version)
    wrong = spec.problems(wire.path, wire.body)
    assert [one for one in wrong if not any(re.search(p, one) for p in KNOWN[api_version])] == []


@pytest.mark.parametrize("image", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("how", CALLS)
async def test_2023_12_asks_for_enhancements_under_extensions(wire, how, image):
    """The documented path, query, key and body leave, however long the image is."""
    model = make(wire, enhancements=Enhancements(by="service"), max_tokens=100, stream_usage=True)
    await call(model, how, ask(image), extra_body={"data_sources": [VISION]})
    (request,) = wire.requests
    assert wire.path == "/openai/deployments/eyes/extensions/chat/completions"
    assert dict(request.url.params) == {"api-version": "2023-12-01-preview"}
    assert request.headers["api-key"] == "sk-test"
    assert request.headers["content-type"] == "application/json"
    body = wire.body
    assert (body["enhancements"], body["dataSources"]) == (BOTH, [VISION])
    assert body["max_tokens"] == 100
    unknown = {"max_completion_tokens", "stream_options", "data_sources"}
    assert not unknown & body.keys()


@pytest.mark.parametrize("how", CALLS)
@pytest.mark.parametrize("version", OLD[1:])
async def test_2024_02_and_03_ask_for_enhancements_under_the_plain_path(wire, version, how):
    """The images' own data source keeps its old name there, as the how-to had it to the end."""
    model = make(wire, version, enhancements=Enhancements(by="service"))
    await call(model, how, ask(), extra_body={"dataSources": [VISION]})
    assert wire.path == "/openai/deployments/eyes/chat/completions"
    assert dict(wire.requests[0].url.params) == {"api-version": version}
    assert (wire.body["enhancements"], wire.body["dataSources"]) == (BOTH, [VISION])


@pytest.mark.parametrize("version", ["2023-12-01-preview", "2024-02-15-preview"])
def test_enhanced_requests_keep_to_the_published_description(wire, shared, version):
    """Nothing else leaves than what the schema names, save what it is known to lack."""
    model = make(wire, version, enhancements=OCR, max_tokens=100)
    model.invoke(ask(), extra_body={"dataSources": [VISION]})
    check(wire, shared, version)


@pytest.mark.parametrize("version", ["2024-02-15-preview", "2024-10-21"])
@pytest.mark.parametrize("spelling", ["dataSources", "data_sources"])
def test_plain_requests_keep_to_the_published_description(wire, shared, version, spelling):
    """Data sources of a later date leave as `data_sources`, whichever way they were written."""
    model = make(wire, version, max_tokens=100)
    model.invoke([HumanMessage("Which photos?")], extra_body={spelling: [SEARCH]})
    assert wire.path == "/openai/deployments/eyes/chat/completions"
    assert wire.body["data_sources"] == [SEARCH]
    check(wire, shared, version)


@pytest.mark.parametrize("how", CALLS)
async def test_todays_dated_versions_stay_as_langchain_openai_has_them(wire, shared, how):
    """Since 2024-09-01 the new words are known, and leave."""
    model = make(wire, "2024-10-21", max_tokens=100, stream_usage=True)
    await call(model, how, ask())
    assert wire.path == "/openai/deployments/eyes/chat/completions"
    assert wire.body["max_completion_tokens"] == 100
    assert ("stream_options" in wire.body) == ("stream" in how)
    check(wire, shared, "2024-10-21")


def test_2023_12_without_enhancements_takes_the_plain_path(wire):
    """`/extensions` is for enhancements and data sources alone."""
    make(wire).invoke(ask())
    assert wire.path == "/openai/deployments/eyes/chat/completions"


def test_data_sources_alone_take_the_path_of_extensions(wire, shared):
    """Text with a data source goes to the extensions of 2023 as well."""
    make(wire).invoke([HumanMessage("Which?")], extra_body={"data_sources": [SEARCH]})
    assert wire.path == "/openai/deployments/eyes/extensions/chat/completions"
    assert wire.body["dataSources"] == [SEARCH]
    check(wire, shared, "2023-12-01-preview")


@pytest.mark.parametrize(
    "named",
    [
        {"azure_deployment": None, "model": "eyes"},
        {"azure_endpoint": None, "azure_deployment": None, "model": "eyes", "base": ""},
        {"azure_endpoint": None, "azure_deployment": None, "model": "eyes", "base": "/extensions"},
    ],
    ids=["endpoint", "base-url", "base-url-of-the-sdk"],
)
def test_extensions_are_found_from_every_way_to_name_a_deployment(wire, named):
    """The deployment may be in the model, in the base URL, or there with the extensions."""
    if "base" in named:
        named = {**named, "base_url": f"{ENDPOINT}/openai/deployments/eyes{named['base']}"}
    named.pop("base", None)
    make(wire, enhancements=OCR, **named).invoke(ask())
    assert wire.path == "/openai/deployments/eyes/extensions/chat/completions"


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("version", ["2023-12-01-preview", "2024-10-21", "v1"])
async def test_entra_id_signs_in_place_of_a_key(wire, version, is_async):
    """A token leaves as a bearer token, on every generation and on extensions too."""
    settings = {} if version != "2023-12-01-preview" else {"enhancements": OCR}
    model = make(wire, version, api_key=None, azure_ad_token_provider=lambda: "entra", **settings)
    await call(model, "ainvoke" if is_async else "invoke", ask())
    (request,) = wire.requests
    assert request.headers["authorization"] == "Bearer entra"
    assert "api-key" not in request.headers


async def test_an_async_provider_of_tokens_signs_on_v1(wire):
    """A coroutine function gives the token of async calls."""

    async def provide() -> str:
        return "entra"

    model = make(wire, "v1", api_key=None, azure_ad_async_token_provider=provide)
    await model.ainvoke(ask())
    assert wire.requests[0].headers["authorization"] == "Bearer entra"


V1 = [
    {"api_version": "v1"},
    {"api_version": "preview"},
    {"azure_endpoint": None, "azure_deployment": None, "base_url": f"{ENDPOINT}/openai/v1/"},
]


@pytest.mark.parametrize("how", CALLS)
@pytest.mark.parametrize("named", V1, ids=["v1", "preview", "base-url"])
async def test_v1_has_the_deployment_in_the_body(wire, how, named):
    """`/openai/v1/chat/completions` with the deployment as the model, and no date."""
    named = {"model": "eyes", **named}
    if "base_url" in named:
        named["api_version"] = None
    await call(make(wire, **named), how, ask())
    (request,) = wire.requests
    assert wire.path == "/openai/v1/chat/completions"
    is_preview = named["api_version"] == "preview"
    assert dict(request.url.params) == ({"api-version": "preview"} if is_preview else {})
    assert request.headers["authorization"] == "Bearer sk-test"
    assert wire.body["model"] == "eyes"
    check_body(wire.body)


@pytest.mark.parametrize("named", V1, ids=["v1", "preview", "base-url"])
def test_responses_go_to_v1_too(wire, named):
    """`use_responses_api=True` takes the same base URL."""
    named = {"model": "eyes", "api_version": "v1", **named}
    make(wire, use_responses_api=True, **named).invoke(ask())
    assert wire.path == "/openai/v1/responses"
    assert wire.body["model"] == "eyes"
    check_body(wire.body)


def test_v1_keeps_settings_of_the_client_and_of_a_copy(wire):
    """Headers, queries and retries are those of the model."""
    model = make(
        wire, "v1", default_headers={"x-team": "eyes"}, default_query={"trace": "1"}, max_retries=7
    )
    model.with_structured_output({"title": "A", "type": "object", "properties": {}})
    model.model_copy().invoke(ask())
    (request,) = wire.requests
    assert request.headers["x-team"] == "eyes"
    assert dict(request.url.params) == {"trace": "1"}
    assert model.root_client.max_retries == model.root_async_client.max_retries == 7


def test_a_copy_speaks_v1_too(wire):
    """A deep copy makes its clients anew, of the same kind."""
    copy.deepcopy(make(wire, "v1")).invoke(ask())
    assert wire.path == "/openai/v1/chat/completions"


def test_langchain_openai_asks_v1_for_a_path_that_it_does_not_have(wire):
    """The reason for clients of our own there; when it goes, they may go."""
    plain = {"model": "eyes", "api_version": "preview", "base_url": f"{ENDPOINT}/openai/v1/"}
    AzureChatOpenAI(**plain, **wire.clients()).invoke("Hello")
    assert wire.path == "/openai/v1/deployments/eyes/chat/completions"


def test_the_plain_model_reaches_v1_by_its_base_url(wire):
    """`ChatGPTV` needs nothing but the base URL, as `openai.OpenAI` does."""
    ChatGPTV(model="eyes", base_url=f"{ENDPOINT}/openai/v1/", **wire.clients()).invoke("Hello")
    assert wire.path == "/openai/v1/chat/completions"


@pytest.mark.parametrize("version", ["2024-02-01", "2024-04-01-preview", "2024-10-21", "v1"])
def test_enhancements_of_the_service_are_refused_where_it_has_none(wire, version):
    """The error names the versions that had them; nothing leaves."""
    with pytest.raises(PlanError, match=r"has no enhancements.*2023-12-01-preview, 2024-02"):
        make(wire, version).invoke(ask(), extra_body={"enhancements": BOTH})
    assert wire.requests == []


def index(**settings) -> VideoIndex:
    """Return a video index that is never asked."""
    return VideoIndex("https://vision.example.com", "gate", **{"key": "k", **settings})


def video_message(*parts) -> list[HumanMessage]:
    """Return the documented question about a video."""
    return [HumanMessage([index().part("clip-1"), *parts, {"type": "text", "text": "What?"}])]


@pytest.mark.parametrize("how", CALLS)
async def test_a_video_prompt_leaves_as_documented(wire, how):
    """One document of an index, the index as a data source, and the video enhancement."""
    await call(make(wire), how, video_message(), extra_body=index().request_fields(VIDEO_URL))
    assert wire.path == "/openai/deployments/eyes/extensions/chat/completions"
    assert wire.body["messages"][0]["content"][0] == {
        "type": "acv_document_id",
        "acv_document_id": "clip-1",
    }
    assert wire.body["enhancements"] == {"video": {"enabled": True}}
    assert wire.body["dataSources"] == index().request_fields(VIDEO_URL)["dataSources"]


def test_a_video_prompt_keeps_to_the_published_description(wire, shared):
    """The request is the schema's, save what it never described."""
    make(wire).invoke(video_message(), extra_body=index().request_fields(VIDEO_URL))
    check(wire, shared, "2023-12-01-preview")


def test_a_video_prompt_of_2024_has_the_new_spelling(wire):
    """The how-to changed the field for videos, and only for them."""
    fields = index().request_fields(VIDEO_URL)
    make(wire, "2024-02-15-preview").invoke(video_message(), extra_body=fields)
    assert wire.path == "/openai/deployments/eyes/chat/completions"
    assert wire.body["data_sources"] == fields["dataSources"]


IMAGE_PART = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}


@pytest.mark.parametrize(
    ("parts", "fields", "error", "match"),
    [
        ([IMAGE_PART], True, LimitError, "1 images beside a video.*in two calls"),
        ([index().part("clip-2")], True, LimitError, "2 videos in one prompt"),
        ([], False, MessageError, "no data source of type 'AzureComputerVisionVideoIndex'"),
    ],
    ids=["image", "two-videos", "no-index"],
)
def test_a_video_prompt_has_one_video_and_nothing_else(wire, parts, fields, error, match):
    """What the service would refuse in the middle of a stream is told before it is asked."""
    extra = index().request_fields(VIDEO_URL) if fields else {}
    with pytest.raises(error, match=match):
        make(wire).invoke(video_message(*parts), extra_body=extra)
    assert wire.requests == []


def test_videos_in_two_messages_are_counted_together():
    """The limit is that of the prompt, not of the message."""
    video = {"role": "user", "content": [{"type": "video", "url": "https://e/clip.mp4"}]}
    check_video_prompt([video, {"role": "assistant", "content": "A car."}])
    with pytest.raises(LimitError, match="2 videos in one prompt"):
        check_video_prompt([video, video])


def photos(count) -> list[HumanMessage]:
    """Return a question about many images."""
    return [human_message("?", *[SMALL] * count)]


LIMITS = [
    ("2023-12-01-preview", 10),
    ("2024-02-15-preview", 10),
    ("2024-03-01-preview", 10),
    ("2024-10-21", 50),
    ("v1", 50),
]


@pytest.mark.parametrize(("version", "limit"), LIMITS)
def test_the_number_of_images_is_that_of_the_generation(wire, version, limit):
    """As many as the limit leave; one more is an error before anything does."""
    model = make(wire, version, detail="low")
    model.invoke(photos(limit))
    with pytest.raises(LimitError, match=f"1 of {limit + 1} images over the limit of {limit} per"):
        model.invoke(photos(limit + 1))
    assert len(wire.requests) == 1


def test_on_limit_says_what_happens(wire):
    """`drop_oldest` leaves out what is over the generation's limit, and says so in its place."""
    make(wire, image_policy={"on_limit": "drop_oldest"}).invoke(photos(11))
    parts = wire.body["messages"][0]["content"]
    assert [part["type"] for part in parts].count("image_url") == 10
    assert "left out" in parts[1]["text"]


@pytest.fixture(scope="module")
def heavy() -> bytes:
    """A photo of 4.4 MB that neither service sees smaller."""
    bands = [PIL.Image.effect_noise((1250, 1200), 90) for _ in range(3)]
    return encoded(PIL.Image.merge("RGB", bands), "PNG", compress_level=0)


@pytest.mark.parametrize("policy", [{}, {"resize": "never", "on_limit": "fit"}])
def test_a_photo_over_4_megabytes_is_packed_for_the_service_of_2023(wire, heavy, policy):
    """It keeps its pixels where it can, and its text stays below the limit."""
    make(wire, image_policy=policy).invoke(ask(heavy))
    url = wire.body["messages"][0]["content"][1]["image_url"]["url"]
    assert len(url) <= 4_000_000


def test_a_file_over_the_limit_that_must_go_as_it_is_does_not_leave(wire, heavy):
    """4 MB in 2023-12, 20 MB from 2024-01 on: the error names size, limit and the way out."""
    never = {"image_policy": {"resize": "never"}}
    with pytest.raises(ImageTooLargeError, match=r"over the limit of 4,000,000.*resize=\"auto\""):
        make(wire, **never).invoke(ask(heavy))
    assert wire.requests == []
    make(wire, "2024-02-15-preview", **never).invoke(ask(heavy))
    url = wire.body["messages"][0]["content"][1]["image_url"]["url"]
    assert len(url) > len(heavy)


def test_tokens_are_counted_by_the_rule_of_the_generation(wire):
    """GPT-4 Turbo with Vision cost 65 tokens at low detail in 2023-12, and 85 from 2024-01 on."""
    counted = {
        version: make(wire, version, base_model="gpt-4-vision-preview", detail="low")
        .invoke(ask())
        .response_metadata["vision_plan"]["tokens"]
        for version in OLD[:2]
    }
    assert counted == {"2023-12-01-preview": 65, "2024-02-15-preview": 85}


def test_a_file_that_is_no_image_is_told_before_the_call(wire):
    """Accepted types are checked by content."""
    with pytest.raises((ImageError, MessageError), match="is no image|not an image|unknown"):
        make(wire).invoke([HumanMessage([{"type": "image", "base64": "aGVsbG8gd29ybGQ="}])])
    assert wire.requests == []


@pytest.mark.parametrize("version", ["gateway-7", None, "v1", "latest", "2099-01-01"])
def test_an_unknown_version_is_taken_for_a_new_one(version):
    """A gateway may have names of its own; nothing is rewritten for them."""
    generation = Generation.of(version)
    assert generation.has_completion_tokens
    assert not generation.has_extensions
    assert generation.limits_as_of is None
    assert generation.is_v1 == (version in (None, "v1", "latest"))


def test_a_payload_is_not_changed_in_place():
    """The same arguments may be sent again to another generation."""
    payload = {
        "messages": [],
        "max_completion_tokens": 9,
        "extra_body": {"data_sources": [VISION], "enhancements": BOTH},
    }
    before = json.dumps(payload)
    assert body_for(Generation.of(OLD[0]), payload)["extra_body"]["dataSources"] == [VISION]
    assert json.dumps(payload) == before


def test_a_strange_deployment_is_quoted():
    """A name cannot lead to another path."""
    body = {"model": "my eyes/../x", "enhancements": BOTH}
    path = path_for(Generation.of(OLD[0]), body)
    assert path == "/deployments/my%20eyes%2F..%2Fx/extensions/chat/completions"
