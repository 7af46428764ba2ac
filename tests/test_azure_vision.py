"""Azure AI Vision's Image Analysis 4.0 as an observer, over HTTP to a server on loopback."""

from __future__ import annotations

import asyncio
import io
import json
import time

import numpy as np
import PIL.Image
import pytest
from azure_sites import KEY, MODEL, TOKEN, Reply, VisionSite, refused, seen, serving
from pictures import encoded, noise
from wire_schema import Schemas

from langchain_gptv.enhancements.azure_vision import FEATURES, AzureVision
from langchain_gptv.exceptions import (
    EnhancementError,
    EnhancementTimeoutError,
    ImageError,
    MissingKeyError,
    PlanError,
    UnsuitableImageError,
    UnsupportedFeatureError,
    VisionAccessError,
    VisionConnectionError,
    VisionServiceError,
)
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.images import Image

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

PHOTO = encoded(noise(400, 200), "PNG")


@pytest.fixture
def site():
    """A server of its own for each test."""
    with serving(VisionSite()) as running:
        yield running


@pytest.fixture
def vision(site):
    """An observer with a good key."""
    return AzureVision(site.endpoint, key=KEY)


@pytest.fixture(scope="module")
def spec(shared):
    """The published description of the service."""
    return json.loads((shared / "specs" / "unifiedvision_stable_2024-02-01.json").read_text())


def sent_picture(site) -> PIL.Image.Image:
    """Return the picture that arrived last."""
    return PIL.Image.open(io.BytesIO(site.asked[-1].body))


def test_an_observation_has_lines_objects_and_certain_people(vision):
    """Text, objects and people come as the embedded engine gives them, in pixels."""
    observation = vision.observe(Image(PHOTO))
    assert (observation.width, observation.height) == (400, 200)
    (line,) = observation.lines
    assert (line.text, line.box) == ("NO ENTRY", Box(40, 20, 360, 40))
    assert line.score == pytest.approx(0.8)
    assert [word.text for word in line.words] == ["NO", "ENTRY"]
    assert [(found.label, found.box) for found in observation.objects] == [
        ("person", Box(200, 100, 300, 150)),
        ("cup", Box(100, 100, 200, 150)),
    ]


async def test_async_sees_the_same(vision):
    """`aobserve` gives what `observe` gives."""
    assert await vision.aobserve(Image(PHOTO)) == vision.observe(Image(PHOTO))


def test_captions_tags_and_uncertain_people_stand_in_the_analysis(site):
    """What an observation has no place for is in `analyze`."""
    analysis = AzureVision(site.endpoint, key=KEY, features=FEATURES).analyze(PHOTO)
    assert [(caption.text, caption.box) for caption in analysis.captions] == [
        ("a cup at a sign", Box(0, 0, 400, 200)),
        ("a red cup", Box(100, 100, 200, 150)),
    ]
    assert [tag.name for tag in analysis.tags] == ["indoor", "cup"]
    assert [person.score for person in analysis.people] == [0.95, 0.002]
    assert analysis.model_version == MODEL


def test_a_person_among_the_objects_is_not_named_twice(site):
    """The two detectors of the service often find the same person."""
    data = seen(400, 200, ["objects", "people"])
    person = data["peopleResult"]["values"][0]
    named = {"id": "2", "tags": [{"name": "person", "confidence": 0.8}]}
    data["objectsResult"]["values"] = [{**named, "boundingBox": person["boundingBox"]}]
    site.fault = Reply(200, data)
    observation = AzureVision(site.endpoint, key=KEY).observe(Image(PHOTO))
    assert [found.score for found in observation.objects] == [0.8]


def test_without_detectors_nothing_is_said_about_objects(site):
    """Objects are None, not an empty list, when nobody looked for any."""
    observation = AzureVision(site.endpoint, key=KEY, features=["read"]).observe(Image(PHOTO))
    assert observation.objects is None


def test_the_request_is_the_documented_one(site, vision):
    """Method, path, query, headers and body are those of the REST reference."""
    vision.observe(Image(PHOTO))
    (asked,) = site.asked
    assert (asked.method, asked.path) == ("POST", "/computervision/imageanalysis:analyze")
    assert asked.query == {"api-version": "2024-02-01", "features": "read,objects,people"}
    assert asked.headers["content-type"] == "application/octet-stream"
    assert asked.headers["ocp-apim-subscription-key"] == KEY
    assert asked.body == PHOTO


def test_requests_and_answers_are_those_of_the_published_spec(spec, site):
    """Every query parameter, the URL body and the answers keep to the published description."""
    vision = AzureVision(site.endpoint, key=KEY, features=FEATURES, language="en")
    vision.analyze("https://example.com/cat.jpg")
    (asked,) = site.asked
    path = asked.path.removeprefix("/computervision")
    operation = spec["paths"][path][asked.method.lower()]
    named = {p["name"]: p for p in operation["parameters"] if p.get("in") == "query"}
    assert asked.query.keys() <= {*named, spec["parameters"]["ApiVersion"]["name"]}
    assert set(asked.query["features"].split(",")) <= set(named["features"]["items"]["enum"])
    assert asked.query["api-version"] == spec["info"]["version"]
    schemas = Schemas(spec["definitions"])
    assert schemas.problems(asked.json, {"$ref": "ImageUrl"}) == []
    answer = seen(400, 200, list(FEATURES))
    assert schemas.problems(answer, {"$ref": "ImageAnalysisResult"}) == []
    error = refused("Analyze query is invalid.", "NotSupportedVisualFeature").body
    assert schemas.problems(error, {"$ref": "ErrorResponse"}) == []


def test_a_url_is_left_to_the_service(site, vision):
    """A URL goes as JSON, and boxes are in pixels of what the service fetched."""
    analysis = vision.analyze("https://example.com/cat.jpg")
    assert site.asked[0].json == {"url": "https://example.com/cat.jpg"}
    assert (analysis.observation.width, analysis.observation.height) == (400, 200)


def test_language_is_sent(site):
    """The language of captions is the caller's."""
    AzureVision(site.endpoint, key=KEY, language="ja").observe(Image(PHOTO))
    assert site.asked[0].query["language"] == "ja"


@pytest.mark.parametrize("is_async", [False, True])
async def test_entra_id_signs_with_a_fresh_token(site, is_async):
    """The provider is asked before each call, and no key is sent."""
    tokens = iter([TOKEN, TOKEN])
    vision = AzureVision(site.endpoint, credential=lambda: next(tokens))
    for _ in range(2):
        await vision.aobserve(Image(PHOTO)) if is_async else vision.observe(Image(PHOTO))
    assert all(asked.headers["authorization"] == f"Bearer {TOKEN}" for asked in site.asked)
    assert not any("ocp-apim-subscription-key" in asked.headers for asked in site.asked)
    assert next(tokens, None) is None


def test_the_environment_names_the_resource(site, monkeypatch):
    """`from_env` reads two variables, and says which one is missing."""
    monkeypatch.delenv("AZURE_VISION_ENDPOINT", raising=False)
    monkeypatch.setenv("AZURE_VISION_KEY", KEY)
    with pytest.raises(MissingKeyError, match="AZURE_VISION_ENDPOINT is not set"):
        AzureVision.from_env()
    monkeypatch.setenv("AZURE_VISION_ENDPOINT", site.endpoint)
    assert AzureVision.from_env(features=["read"]).observe(Image(PHOTO)).lines
    monkeypatch.delenv("AZURE_VISION_KEY")
    assert AzureVision.from_env(credential=lambda: TOKEN).observe(Image(PHOTO)).lines
    with pytest.raises(MissingKeyError, match="AZURE_VISION_KEY is not set"):
        AzureVision.from_env()


def test_a_turned_photo_is_sent_upright(site, vision):
    """Boxes are those of the upright picture, whatever the service does with EXIF."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    noise(400, 200).save(buffer, "JPEG", exif=exif)
    observation = vision.observe(Image(buffer.getvalue()))
    assert (observation.width, observation.height) == sent_picture(site).size == (200, 400)
    assert observation.lines[0].box == Box(20, 40, 180, 80)


def test_too_wide_a_picture_is_made_smaller_and_boxes_come_back(site, vision):
    """Over 16,000 pixels it is scaled; boxes are in pixels of the original."""
    wide = Image.from_array(np.zeros((100, 20_000), np.uint8))
    observation = vision.observe(wide)
    assert sent_picture(site).size == (16_000, 80)
    assert (observation.width, observation.height) == (20_000, 100)
    assert observation.lines[0].box == Box(2000, 10, 18_000, 20)


def test_too_heavy_a_file_is_packed_below_the_limit(site, vision):
    """A file of over 20 MB is sent as one that the service takes, at its full size."""
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (3000, 2500), "navy").save(buffer, "BMP")
    assert len(buffer.getvalue()) > 20_971_520
    vision.observe(Image(buffer.getvalue()))
    assert len(site.asked[0].body) <= 20_971_520
    assert sent_picture(site).size == (3000, 2500)


@pytest.mark.parametrize("size", [(49, 400), (400, 49), (40_000, 100)])
def test_too_small_a_picture_does_not_leave(site, vision, size):
    """Under 50 pixels, or when it would be once it is made to fit, it is an error before."""
    picture = Image.from_array(np.zeros(size[::-1], np.uint8))
    with pytest.raises(UnsuitableImageError, match=f"{size[0]} x {size[1]} pixels.*from 50 to"):
        vision.observe(picture)
    assert site.asked == []
    assert issubclass(UnsuitableImageError, ImageError)


def test_fifty_pixels_are_enough(vision):
    """The limit itself is taken."""
    assert vision.observe(Image.from_array(np.zeros((50, 50), np.uint8))).width == 50


def test_a_wrong_key_is_a_permission_error(site):
    """The error says which endpoint refused, and what to check."""
    with pytest.raises(VisionAccessError, match="answers 401.*Check the key") as caught:
        AzureVision(site.endpoint, key="wrong").observe(Image(PHOTO))
    assert isinstance(caught.value, PermissionError)
    assert caught.value.status_code == 401
    assert "wrong" not in str(caught.value).replace("wrong API endpoint", "")


@pytest.mark.parametrize(
    ("fault", "error", "match"),
    [
        (
            refused("The feature 'Caption' is not supported in this region"),
            UnsupportedFeatureError,
            r"not supported in this region\. Leave it out of features",
        ),
        (
            refused("Specified feature type is not valid", "NotSupportedVisualFeature"),
            UnsupportedFeatureError,
            "NotSupportedVisualFeature",
        ),
        (
            refused("Image format is not valid", "InvalidImageFormat"),
            VisionServiceError,
            "400 InvalidImageFormat: Image format is not valid",
        ),
        (
            Reply(404, {"error": {"code": "404", "message": "Resource not found"}}),
            VisionServiceError,
            "Resource not found. Check the endpoint",
        ),
        (
            Reply(429, {"error": {"code": "429", "message": "Slow"}}, {"retry-after": "7"}),
            VisionServiceError,
            "Try again in 7 s",
        ),
        (Reply(502, b"<html>"), VisionServiceError, "502: Bad Gateway"),
        (
            Reply(200, b"<html>", {"Content-Type": "text/html"}),
            VisionConnectionError,
            "text/html, not JSON",
        ),
        (Reply(200, {"hello": 1}), VisionConnectionError, "not that of Image Analysis"),
        (Reply(200, []), VisionConnectionError, "not that of Image Analysis"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_each_fault_has_a_class_and_a_way_out(site, vision, fault, error, match):
    """Refusals are typed by what the caller can do, sync and async alike."""
    site.fault = fault
    with pytest.raises(error, match=match) as caught:
        vision.observe(Image(PHOTO))
    assert isinstance(caught.value, EnhancementError)
    with pytest.raises(error, match=match):
        await vision.aobserve(Image(PHOTO))


async def test_too_slow_an_answer_is_a_timeout(site):
    """It is a TimeoutError that names the limit, sync and async alike."""
    site.delay_s = 0.5
    vision = AzureVision(site.endpoint, key=KEY, timeout=0.05)
    for look in (vision.observe, lambda image: asyncio.run(vision.aobserve(image))):
        with pytest.raises(EnhancementTimeoutError, match=r"within 0\.05 s") as caught:
            await asyncio.to_thread(look, Image(PHOTO))
        assert isinstance(caught.value, TimeoutError)


def test_nobody_there_is_a_connection_error(site):
    """An endpoint that does not exist is told from one that refuses."""
    site.shutdown()
    site.server_close()
    with pytest.raises(VisionConnectionError, match="cannot be reached") as caught:
        AzureVision(site.endpoint, key=KEY).observe(Image(PHOTO))
    assert isinstance(caught.value, ConnectionError)


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"endpoint": "eyes.example.com", "key": KEY}, VisionConnectionError, "is no URL"),
        ({"endpoint": "https://e.example.com"}, MissingKeyError, "There is no key"),
        (
            {"endpoint": "https://e.example.com", "key": KEY, "features": ["faces"]},
            PlanError,
            "must be one or more of read, objects",
        ),
        (
            {"endpoint": "https://e.example.com", "key": KEY, "features": []},
            PlanError,
            "must be one or more of",
        ),
    ],
)
def test_wrong_settings_are_told_at_once(settings, error, match):
    """What can never work is an error when the observer is made."""
    with pytest.raises(error, match=match):
        AzureVision(**settings)


def test_an_endpoint_may_have_the_path_and_a_slash(site):
    """The address that a chat request calls `computerVisionBaseUrl` is taken too."""
    AzureVision(f"{site.endpoint}/computervision/", key=KEY).observe(Image(PHOTO))
    assert site.asked[0].path == "/computervision/imageanalysis:analyze"


def test_the_key_is_not_shown(vision):
    """A log or a notebook shows the endpoint, and no key."""
    assert KEY not in repr(vision) + repr(vision.resource)


async def test_waiting_does_not_stop_the_event_loop(site, vision):
    """While the service thinks, other tasks of the loop run."""
    site.delay_s = 0.3
    looking = asyncio.create_task(vision.aobserve(Image(PHOTO)))
    longest, last = 0.0, time.monotonic()
    while not looking.done():
        await asyncio.sleep(0.005)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert longest < 0.2
