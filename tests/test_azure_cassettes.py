"""Azure AI Vision and the video index through cassettes, recorded from servers on loopback.

`--record-from=service` records Image Analysis from the resource that `AZURE_VISION_ENDPOINT` and
`AZURE_VISION_KEY` name; nobody answers for the video index any more.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from urllib.parse import urlsplit

import numpy as np
import pytest
from azure_sites import KEY, TOKEN, VIDEO_ANSWER, VideoChatSite, VisionSite, serving
from conftest import CASSETTES, EXAMPLE_IMAGES
from langchain_core.messages import HumanMessage
from wire_schema import Schemas

from langchain_gptv import AzureChatGPTV, grounded_spans, human_message
from langchain_gptv.enhancements import AzureVision, Enhancements, VideoDocument, VideoIndex
from langchain_gptv.enhancements.azure_vision import FEATURES
from langchain_gptv.exceptions import VisionAccessError, VisionServiceError
from langchain_gptv.vision.images import Image

pytest.importorskip("vcr", reason="the extra 'test' is not installed")

from vcr.errors import CannotOverwriteExistingCassetteException as NotInCassette

from langchain_gptv.testing import make_vcr, serializer
from langchain_gptv.testing.checking import check_cassettes
from langchain_gptv.testing.files import read_interactions

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

STREET = EXAMPLE_IMAGES / "street.jpg"
CLIP_URL = "https://store.example.com/clip.mp4?sv=2022-11-02&sig=a-signature"
LONG = 3600.0
"""Seconds between two looks, which nobody could wait."""


def address_of(request, recording, site):
    """Return where a test sends: to a site that it starts, or where its cassette was recorded."""
    if recording is not None and recording.write_protected:
        url = urlsplit(recording.requests[0].uri) if recording.requests else urlsplit("http://")
        return f"{url.scheme}://{url.netloc or '127.0.0.1'}"
    running = serving(site)
    request.addfinalizer(lambda: running.__exit__(None, None, None))
    return running.__enter__().endpoint


def is_real(request) -> bool:
    """Whether cassettes are recorded from Azure."""
    return request.config.getoption("--record-from") == "service"


@pytest.fixture
def resource(request, vcr):
    """The endpoint and key of a resource with Image Analysis."""
    if is_real(request):
        return {
            "endpoint": os.environ["AZURE_VISION_ENDPOINT"],
            "key": os.environ["AZURE_VISION_KEY"],
        }
    return {"endpoint": address_of(request, vcr, VisionSite()), "key": KEY}


@pytest.fixture
def videos(request, vcr):
    """The endpoint of a resource with Video Retrieval, and of a deployment that knows it."""
    if is_real(request):
        pytest.skip("Video Retrieval ended on 2025-06-30")
    return address_of(request, vcr, VideoChatSite())


@pytest.mark.vcr
def test_an_analysis_is_replayed(resource):
    """Lines, objects, people, captions and tags come back typed, in pixels of the picture."""
    analysis = AzureVision(**resource, features=FEATURES, language="en").analyze(STREET)
    seen = analysis.observation
    assert (seen.width, seen.height) == (1024, 576)
    assert seen.objects
    assert all(found.box.clamped(1024, 576) == found.box for found in seen.objects)
    assert analysis.captions[0].box == (0, 0, 1024, 576)
    assert analysis.tags


@pytest.mark.vcr
async def test_an_async_analysis_is_replayed(resource):
    """The same request, so the same answer."""
    vision = AzureVision(**resource)
    assert await vision.aanalyze(STREET) == vision.analyze(STREET)


@pytest.mark.vcr
def test_a_picture_by_its_url_is_replayed(resource):
    """A URL is text, and the service says how large what it fetched is."""
    analysis = AzureVision(**resource).analyze(
        "https://learn.microsoft.com/azure/ai-services/sample.png"
    )
    assert analysis.observation.width > 0


@pytest.mark.vcr
async def test_entra_id_is_replayed(request, resource):
    """A token is asked for before each call, and no token is in the cassette."""
    if is_real(request):
        pytest.skip("the tests have no identity")
    tokens = []
    vision = AzureVision(resource["endpoint"], credential=lambda: tokens.append(1) or TOKEN)
    assert await vision.aobserve(Image.of(STREET)) == vision.observe(Image.of(STREET))
    assert len(tokens) == 2


@pytest.mark.vcr
def test_what_was_seen_goes_beside_the_image_in_a_replay(request, vcr, resource):
    """Analysis and answer are one cassette, and the question holds what the analysis says."""
    if is_real(request):
        pytest.skip("the model is none of the service's")
    wanted = Enhancements(by=AzureVision(**resource))
    model = deployment(resource["endpoint"], "2024-10-21", enhancements=wanted)
    answer = model.invoke([human_message("What is there?", STREET)])
    cup, sign = grounded_spans(answer)
    assert (cup.text, sign.text) == ("A cup", "NO ENTRY")
    assert cup.polygon[0] == pytest.approx((0.25, 0.5), abs=0.001)
    if vcr is not None:
        analysed, asked = vcr.requests
        assert analysed.body.startswith(b"data:image/jpeg;digest,1024x576;")
        assert b"1. NO ENTRY" in asked.body


@pytest.mark.vcr
async def test_a_wrong_key_is_replayed(resource):
    """A refusal is typed as it was when it was recorded, sync and async."""
    vision = AzureVision(resource["endpoint"], key="f" * 32)
    with pytest.raises(VisionAccessError, match="answers 401.*Check the key"):
        vision.observe(Image.of(STREET))
    with pytest.raises(VisionAccessError, match="answers 401.*Check the key"):
        await vision.aobserve(Image.of(STREET))


def deployment(address, version, **settings) -> AzureChatGPTV:
    """Return a deployment there."""
    named = {"azure_deployment": "eyes", "base_model": "gpt-4o", "azure_endpoint": address}
    return AzureChatGPTV(**named, api_key=KEY, api_version=version, **settings)


def asked_of(endpoint, name="gate") -> VideoIndex:
    """Return an index of the resource."""
    return VideoIndex(endpoint, name, key=KEY)


@pytest.mark.vcr
def test_an_index_is_replayed_from_its_making_to_its_end(vcr, videos):
    """Running comes before Completed, each once, and nobody waits for what is over."""
    index, start = asked_of(videos), time.monotonic()
    index.create(["vision"])
    assert index.ingest([VideoDocument("clip-1", CLIP_URL)], "first").state == "Running"
    every = LONG if vcr is not None and vcr.write_protected else 0.01
    assert index.wait("first", timeout=2 * LONG, every=every).state == "Completed"
    (hit,) = index.search("a man with a black hoodie")
    assert (hit.document_id, hit.start_s, hit.best_s, hit.end_s) == ("clip-1", 118, 123, 129.5)
    index.delete()
    assert time.monotonic() - start < 30


@pytest.mark.vcr
async def test_an_index_is_replayed_async(vcr, videos):
    """The same through the async calls; one that could not be read is an error in its turn."""
    index, start = asked_of(videos), time.monotonic()
    await index.acreate(["vision", "speech"])
    every = LONG if vcr is not None and vcr.write_protected else 0.01
    for name in ("first", "broken"):
        await index.aingest([VideoDocument("clip-1", CLIP_URL)], name)
    assert (await index.await_ingestion("first", timeout=2 * LONG, every=every)).name == "first"
    with pytest.raises(VisionServiceError, match="'broken' failed"):
        await index.await_ingestion("broken", timeout=2 * LONG, every=every)
    assert [hit.relevance for hit in await index.asearch("a man")] == [0.24]
    await index.adelete()
    assert time.monotonic() - start < 30


@pytest.mark.vcr
@pytest.mark.parametrize("version", ["2023-12-01-preview", "2024-02-15-preview"])
async def test_a_question_about_a_video_of_an_index_is_replayed(videos, version):
    """The prompt with `acv_document_id` and its index is answered as documented."""
    index = asked_of(videos)
    index.create(["vision"])
    model = deployment(videos, version)
    question = [HumanMessage([index.part("clip-1"), {"type": "text", "text": "Who comes?"}])]
    fields = index.request_fields(CLIP_URL)
    for answer in (
        model.invoke(question, extra_body=fields),
        await model.ainvoke(question, extra_body=fields),
    ):
        assert answer.text == VIDEO_ANSWER
        assert answer.response_metadata["finish_reason"] == "stop"
        assert answer.usage_metadata["input_tokens"] == 663


@pytest.mark.parametrize("path", sorted((CASSETTES / "test_azure_cassettes").glob("*.yaml")))
def test_what_was_recorded_is_what_the_service_is_published_to_say(shared, path):
    """Every analysis and every refusal in the cassettes has the schema's form."""
    spec = json.loads((shared / "specs" / "unifiedvision_stable_2024-02-01.json").read_text())
    schemas = Schemas(spec["definitions"])
    for exchange in read_interactions(path, serializer):
        if "imageanalysis:analyze" in exchange["request"]["uri"]:
            succeeded = exchange["response"]["status"]["code"] == 200
            body = json.loads(exchange["response"]["body"]["string"])
            kind = "ImageAnalysisResult" if succeeded else "ErrorResponse"
            assert schemas.problems(body, {"$ref": kind}) == []


# What a replay does not let pass -------------------------------------------------------------


def picture(first_pixel=0) -> Image:
    """Return a picture whose first pixel is given."""
    pixels = np.full((60, 80, 3), 200, np.uint8)
    pixels[0, 0] = first_pixel
    return Image.from_array(pixels)


@pytest.fixture
def recorded(tmp_path):
    """An analysis and a video prompt that were recorded, and the sites that are gone."""
    folder = tmp_path / "cassettes"
    recorder = make_vcr(cassette_library_dir=str(folder), record_mode="once")
    with serving(VisionSite()) as site, recorder.use_cassette("analysis"):
        AzureVision(site.endpoint, key=KEY, features=["read"]).analyze(picture())
    with serving(VideoChatSite()) as site, recorder.use_cassette("video"):
        asked_of(site.endpoint).create()
        ask_about_video(site.endpoint)
    return folder


def ask_about_video(address, document="clip-1", url=CLIP_URL):
    """Ask a deployment there about a video."""
    index = asked_of(address)
    question = [HumanMessage([index.part(document)])]
    deployment(address, "2023-12-01-preview").invoke(question, extra_body=index.request_fields(url))


def replaying(folder, name):
    """Replay a cassette; nothing is recorded."""
    return make_vcr(cassette_library_dir=str(folder)).use_cassette(name)


def test_a_recorded_picture_is_a_line_and_a_thumbnail(recorded):
    """Raw bytes become a digest as base64 does, and the folder passes its check."""
    (small,) = (recorded / "images").iterdir()
    assert Image.of(small).to_pil().size == (80, 60)
    line = rf"body: data:image/\w+;digest,80x60;\d+;sha256-{small.stem}"
    assert re.search(line, (recorded / "analysis.yaml").read_text())
    assert check_cassettes(recorded) == []


def test_no_key_is_recorded(recorded):
    """Neither one in a header nor the one that a video prompt carries in its body."""
    text = "".join(path.read_text() for path in recorded.glob("*.yaml"))
    assert "computerVisionApiKey: REDACTED" in text
    for secret in (KEY, "a-signature", "ocp-apim", "api-key"):
        assert secret not in text


@pytest.mark.parametrize(
    ("settings", "first_pixel", "fails"),
    [
        ({}, 0, None),
        ({}, 1, r"image 1: 80x60 \w{8}\.\.\. recorded, 80x60 \w{8}\.\.\. sent"),
        ({"features": ["read", "tags"]}, 0, "query"),
        ({"language": "de"}, 0, "query"),
    ],
    ids=["same", "pixel", "features", "language"],
)
async def test_one_pixel_or_one_parameter_fails_the_replay(recorded, settings, first_pixel, fails):
    """What differs from the recorded request is not answered, sync or async."""
    vision = AzureVision("http://127.0.0.1", key="other", **{"features": ["read"], **settings})
    sent = picture(first_pixel)
    expected = pytest.raises(NotInCassette, match=fails) if fails else contextlib.nullcontext()
    with replaying(recorded, "analysis"), expected:
        vision.analyze(sent)
    with replaying(recorded, "analysis"), expected:
        await vision.aanalyze(sent)


@pytest.mark.parametrize(
    ("changed", "fails"),
    [
        ({}, None),
        ({"document": "clip-2"}, "prompt differs at messages"),
        ({"url": "https://store.example.com/other.mp4"}, "videoUrls"),
    ],
    ids=["same", "document", "url"],
)
def test_another_video_fails_the_replay(recorded, changed, fails):
    """The document and its address are part of the question; the signature of the day is not."""
    with replaying(recorded, "video") as cassette:
        asked_of("http://127.0.0.1:9").create()
        if fails is None:
            ask_about_video("http://127.0.0.1:9", url=CLIP_URL.replace("a-signature", "another"))
            assert cassette.all_played
            return
        with pytest.raises(NotInCassette, match=fails):
            ask_about_video("http://127.0.0.1:9", **changed)
