"""The video index of Azure AI Vision, and the prompt about one of its videos, over HTTP."""

from __future__ import annotations

import pytest
from azure_sites import KEY, TOKEN, Reply, VideoSite, serving

from langchain_gptv.enhancements.video_index import (
    Ingestion,
    VideoDocument,
    VideoHit,
    VideoIndex,
)
from langchain_gptv.exceptions import (
    EnhancementTimeoutError,
    MissingKeyError,
    PlanError,
    VisionAccessError,
    VisionConnectionError,
    VisionServiceError,
)

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

URL = "https://store.example.com/clip.mp4?sig=secret"
CLIP = VideoDocument("clip-1", URL, {"cameraId": "gate"})
FIELD = {"name": "cameraId", "searchable": False, "filterable": True, "type": "string"}
HIT = VideoHit("clip-1", "VideoFrame", 118.0, 129.5, 123.0, 0.24)


@pytest.fixture
def site():
    """A server of its own for each test."""
    with serving(VideoSite()) as running:
        yield running


@pytest.fixture
def index(site):
    """An index that does not exist yet."""
    return VideoIndex(site.endpoint, "my-video-index", key=KEY)


def exchanged(site) -> list[tuple[str, str]]:
    """Return method and path of every request."""
    root = "/computervision/retrieval/indexes/my-video-index"
    return [(asked.method, asked.path.removeprefix(root)) for asked in site.asked]


EXCHANGES = [
    ("PUT", ""),
    ("PUT", "/ingestions/first"),
    ("GET", "/ingestions"),
    ("GET", "/ingestions"),
    ("POST", ":queryByText"),
    ("DELETE", ""),
]


def test_an_index_from_its_making_to_its_end(site, index):
    """Create, ingest, wait, search and delete are the documented exchanges, in typed results."""
    index.create(metadata_fields=[FIELD])
    assert index.ingest([CLIP], "first") == Ingestion("first", "Running")
    assert index.wait("first", every=0.01) == Ingestion("first", "Completed")
    assert index.search("a man", where={"cameraId": ["gate"]}) == [HIT]
    index.delete()
    assert exchanged(site) == EXCHANGES
    assert {asked.query["api-version"] for asked in site.asked} == {"2023-05-01-preview"}
    assert {asked.headers["ocp-apim-subscription-key"] for asked in site.asked} == {KEY}


async def test_the_same_async(site, index):
    """The async calls make the same requests."""
    await index.acreate(metadata_fields=[FIELD])
    assert await index.aingest([CLIP], "first") == Ingestion("first", "Running")
    assert await index.await_ingestion("first", every=0.01) == Ingestion("first", "Completed")
    assert await index.asearch("a man", where={"cameraId": ["gate"]}) == [HIT]
    await index.adelete()
    assert exchanged(site) == EXCHANGES


def test_the_bodies_are_the_documented_ones(site, index):
    """What is sent to create, to ingest and to search has the how-to's fields."""
    index.create(["vision"], metadata_fields=[FIELD])
    index.ingest([CLIP], "first")
    index.search("a man", features=["vision", "speech"], where={"cameraId": ["gate"]})
    created, ingested, searched = (asked.json for asked in site.asked)
    assert created == {"features": [{"name": "vision"}], "metadataSchema": {"fields": [FIELD]}}
    assert ingested == {
        "videos": [
            {
                "mode": "add",
                "documentId": "clip-1",
                "documentUrl": URL,
                "metadata": {"cameraId": "gate"},
            }
        ]
    }
    assert searched == {
        "queryText": "a man",
        "filters": {
            "featureFilters": ["vision", "speech"],
            "stringFilters": [{"fieldName": "cameraId", "values": ["gate"]}],
        },
    }


@pytest.mark.parametrize(
    ("ingestion", "match"), [("broken", "'broken' failed"), ("other", "'other' is not known")]
)
async def test_a_batch_that_fails_is_an_error(index, ingestion, match):
    """Waiting ends at once when there is nothing to wait for."""
    index.create()
    index.ingest([CLIP], "broken")
    with pytest.raises(VisionServiceError, match=match):
        index.wait(ingestion, timeout=2, every=0.01)
    with pytest.raises(VisionServiceError, match=match):
        await index.await_ingestion(ingestion, timeout=2, every=0.01)


async def test_waiting_ends(index):
    """What is not in by the deadline is a timeout."""
    index.create()
    index.ingest([CLIP], "first")
    with pytest.raises(EnhancementTimeoutError, match=r"not complete after 0\.01 s"):
        index.wait("first", timeout=0.01, every=1)
    index.ingest([CLIP], "second")
    with pytest.raises(EnhancementTimeoutError, match=r"not complete after 0\.01 s"):
        await index.await_ingestion("second", timeout=0.01, every=1)


def test_faults_of_the_service_are_typed(site, index):
    """A wrong key, an index that is not there, and an answer of another kind."""
    with pytest.raises(VisionAccessError, match="Check the key"):
        VideoIndex(site.endpoint, "gate", key="wrong").create()
    with pytest.raises(VisionServiceError, match="No index my-video-index.*names of the index"):
        index.search("a man")
    site.fault = Reply(200, {"value": [{"documentId": "clip-1"}]})
    with pytest.raises(VisionConnectionError, match="not that of Video Retrieval"):
        index.search("a man")
    with pytest.raises(VisionConnectionError, match="not that of Video Retrieval"):
        index.wait("first")


@pytest.mark.parametrize("name", ["", "a" * 25, "-a", "a-", "a--b", "a/b", "über", "a\n"])
def test_a_name_that_the_service_refuses(name):
    """Names are checked before they become part of a path."""
    with pytest.raises(PlanError, match="is no name of a video index"):
        VideoIndex("https://e.example.com", name, key=KEY)


@pytest.mark.parametrize("name", ["a", "a" * 24, "a-1-b", "02a504c9-cd28-296a-8b74-394ed7488045"])
def test_a_name_that_the_service_takes(name):
    """Up to 24 letters and digits, or a GUID."""
    assert VideoIndex("https://e.example.com", name, key=KEY).name == name


def test_features_are_checked(index):
    """An unknown feature is an error here, before the service is asked."""
    with pytest.raises(PlanError, match="must be one or more of vision, speech"):
        index.create(["smell"])
    with pytest.raises(MissingKeyError, match="There is no key"):
        VideoIndex("https://e.example.com", "gate")


def parameters(index, url) -> dict:
    """Return the parameters of the data source of a prompt."""
    fields = index.request_fields(url)
    assert fields["enhancements"] == {"video": {"enabled": True}}
    (source,) = fields["dataSources"]
    assert source["type"] == "AzureComputerVisionVideoIndex"
    return source["parameters"]


def test_a_prompt_names_the_index_in_the_three_documented_ways(index):
    """With a key; with a signed URL alone; with a managed identity."""
    assert parameters(index, URL) == {
        "computerVisionBaseUrl": f"{index.resource.endpoint}/computervision",
        "computerVisionApiKey": KEY,
        "indexName": "my-video-index",
        "videoUrls": [URL],
    }
    keyless = VideoIndex("https://e.example.com", "gate", credential=lambda: TOKEN)
    assert parameters(keyless, URL) == {"indexName": "gate", "videoUrls": [URL]}
    assert parameters(keyless, None) == {
        "indexName": "gate",
        "documentAuthenticationKind": "managedidentity",
    }


def test_a_prompt_takes_mp4_and_mov(index):
    """Other files are refused by their name; the signature is not shown."""
    assert parameters(index, "https://e.example.com/clip.MOV")["videoUrls"]
    with pytest.raises(PlanError, match=r"'https://e.example.com/clip.avi' must be one of .mp4"):
        index.request_fields("https://e.example.com/clip.avi?sig=secret.mp4")
    with pytest.raises(PlanError, match=r"needs video_url"):
        index.request_fields()
