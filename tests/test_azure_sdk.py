"""Image Analysis 4.0 through Azure's own SDK: the same requests, results and errors as by REST."""

from __future__ import annotations

import sys

import pytest
from azure_sites import KEY, AzureSite, Reply, VisionSite, refused, serving
from conftest import EXAMPLE_IMAGES
from leaving import Wire, make_model
from pictures import encoded, noise

from langchain_gptv import human_message
from langchain_gptv.enhancements import AzureVision, Enhancements, azure_sdk
from langchain_gptv.enhancements.azure_vision import FEATURES
from langchain_gptv.exceptions import (
    EnhancementTimeoutError,
    MissingExtraError,
    PlanError,
    UnsupportedFeatureError,
    VisionAccessError,
    VisionConnectionError,
    VisionServiceError,
)

pytest.importorskip("azure.ai.vision.imageanalysis", reason="Azure's SDK is not installed")

from azure.ai.vision import imageanalysis as sdk
from azure.ai.vision.imageanalysis import aio
from azure.core.credentials import AzureKeyCredential

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

PHOTO = encoded(noise(400, 200), "PNG")
STREET = EXAMPLE_IMAGES / "street.jpg"
SENT = ("content-type", "ocp-apim-subscription-key")


@pytest.fixture
def site():
    """A server of its own for each test."""
    with serving(VisionSite()) as running:
        yield running


def client_of(site: AzureSite, key: str = KEY, package=sdk, **settings):
    """Return the SDK's client of a site, which asks once."""
    settings = {"retry_total": 0, "api_version": "2024-02-01", **settings}
    return package.ImageAnalysisClient(site.endpoint, AzureKeyCredential(key), **settings)


@pytest.mark.parametrize("image", [PHOTO, "https://example.com/cat.png"], ids=["bytes", "url"])
def test_both_ways_send_and_read_the_same(site, image):
    """An analysis by the SDK is the one by REST, and so are request and query."""
    settings = {"features": FEATURES, "language": "en"}
    with client_of(site) as client:
        by_sdk = AzureVision(client=client, **settings).analyze(image)
    assert by_sdk == AzureVision(site.endpoint, key=KEY, **settings).analyze(image)
    ours, theirs = site.asked
    assert (ours.path, ours.query) == (theirs.path, theirs.query)
    assert [ours.headers[name] for name in SENT] == [theirs.headers[name] for name in SENT]
    assert ours.body == theirs.body or ours.json == theirs.json


@pytest.mark.parametrize("package", [sdk, aio], ids=["sync", "async"])
async def test_either_client_serves_async_calls(site, package):
    """The sync client works in a thread, the one of `aio` on the loop."""
    expected = AzureVision(site.endpoint, key=KEY).analyze(PHOTO)
    client = client_of(site, package=package)
    assert await AzureVision(client=client).aanalyze(PHOTO) == expected
    await client.close() if package is aio else client.close()


async def test_the_async_client_serves_no_sync_call(site):
    """It is an error that says which client does, and nothing leaves."""
    async with client_of(site, package=aio) as client:
        with pytest.raises(PlanError, match="is the async one. Call aanalyze"):
            AzureVision(client=client).analyze(PHOTO)
    assert site.asked == []


def test_it_is_an_observer_like_the_others(site):
    """What the SDK saw goes beside the image."""
    wire = Wire()
    with client_of(site) as client:
        wanted = Enhancements(by=AzureVision(client=client))
        make_model("azure", "chat", wire, enhancements=wanted).invoke([human_message("?", PHOTO)])
    assert "1. NO ENTRY" in wire.bodies[0]["messages"][0]["content"][2]["text"]


@pytest.mark.parametrize(
    ("fault", "error", "match"),
    [
        (
            refused("The feature 'Caption' is not supported in this region"),
            UnsupportedFeatureError,
            r"http://127.0.0.1:\d+ answers 400 .*Leave it out of features",
        ),
        (
            refused("Image format is not valid", "InvalidImageFormat"),
            VisionServiceError,
            "400 InvalidImageFormat",
        ),
        (
            Reply(404, {"error": {"code": "404", "message": "Resource not found"}}),
            VisionServiceError,
            "answers 404.*Resource not found. Check the endpoint",
        ),
        (
            Reply(429, {"error": {"code": "429", "message": "Slow"}}, {"retry-after": "7"}),
            VisionServiceError,
            "Try again in 7 s",
        ),
        (Reply(502, b"<html>"), VisionServiceError, "502: Bad Gateway"),
        (Reply(200, {"hello": 1}), VisionConnectionError, "not that of Image Analysis"),
    ],
    ids=["region", "format", "address", "rate", "gateway", "other"],
)
async def test_its_errors_become_ours(site, fault, error, match):
    """A refusal has the class and the way out that it has by REST, sync and async."""
    site.fault = fault
    with client_of(site) as client, pytest.raises(error, match=match):
        AzureVision(client=client).analyze(PHOTO)
    async with client_of(site, package=aio) as client:
        with pytest.raises(error, match=match):
            await AzureVision(client=client).aanalyze(PHOTO)


async def test_a_wrong_key_is_a_permission_error(site):
    """The SDK's own class for it is the cause; the key is not shown."""
    with client_of(site, "f" * 32) as client:
        with pytest.raises(VisionAccessError, match="answers 401.*Check the key") as caught:
            AzureVision(client=client).analyze(PHOTO)
        assert type(caught.value.__cause__).__name__ == "ClientAuthenticationError"
        assert "f" * 32 not in str(caught.value)
    async with client_of(site, "f" * 32, package=aio) as client:
        with pytest.raises(VisionAccessError, match="answers 401"):
            await AzureVision(client=client).aanalyze(PHOTO)


async def test_too_slow_and_nobody_there_are_told_apart(site):
    """A timeout is a TimeoutError, an address without a server a ConnectionError."""
    site.delay_s = 0.5
    for package in (sdk, aio):
        client = client_of(site, package=package, read_timeout=0.05)
        with pytest.raises(EnhancementTimeoutError, match="did not answer in time"):
            await AzureVision(client=client).aanalyze(PHOTO)
        await client.close() if package is aio else client.close()
    site.shutdown()
    site.server_close()
    for package in (sdk, aio):
        client = client_of(site, package=package)
        with pytest.raises(VisionConnectionError, match="cannot be reached"):
            await AzureVision(client=client).aanalyze(PHOTO)
        await client.close() if package is aio else client.close()


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({}, "endpoint with a key or credential, or client=... alone, not neither"),
        ({"client": 1, "key": "k"}, "not client and key"),
        ({"client": 1, "endpoint": "https://e.example.com"}, "not client and endpoint"),
        ({"client": 1}, "client=int cannot analyze pictures. Pass an ImageAnalysisClient"),
    ],
)
def test_what_cannot_work_is_told_at_once(settings, match):
    """One of two ways to the service, and a client that is one."""
    with pytest.raises(PlanError, match=match):
        AzureVision(**settings)


def test_without_the_sdk_it_is_said_what_to_install(site, monkeypatch):
    """Where azure-core is gone, the error has the command."""
    monkeypatch.setitem(sys.modules, "azure.core.exceptions", None)
    with client_of(site) as client, pytest.raises(MissingExtraError, match="pip install azure-ai-"):
        azure_sdk.SDKResource(client)


@pytest.mark.vcr
def test_the_sdk_is_replayed(request, vcr):
    """Its exchanges are recorded as ours are: the picture as a digest, and no key."""
    is_replay = vcr is not None and vcr.write_protected
    site = VisionSite()
    with serving(site):
        endpoint = "http://127.0.0.1" if is_replay else site.endpoint
        client = sdk.ImageAnalysisClient(endpoint, AzureKeyCredential(KEY), retry_total=0)
        with client:
            seen = AzureVision(client=client).analyze(STREET).observation
    assert (seen.width, seen.height) == (1024, 576)
