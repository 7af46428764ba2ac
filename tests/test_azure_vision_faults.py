"""What goes wrong beside a call of a model: told, or gone without, in every way of calling."""

from __future__ import annotations

import re

import pytest
from azure_sites import KEY, Reply, VisionSite, refused, serving
from leaving import Wire, make_model
from pictures import encoded, noise

from langchain_gptv import grounded_spans, human_message
from langchain_gptv.enhancements import AzureVision, Enhancements
from langchain_gptv.exceptions import (
    EnhancementTimeoutError,
    UnsuitableImageError,
    UnsupportedFeatureError,
    VisionAccessError,
    VisionConnectionError,
    VisionServiceError,
)

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

PHOTO = encoded(noise(400, 200), "PNG")
SMALL = encoded(noise(49, 200), "PNG")
CALLS = ["invoke", "ainvoke", "stream", "astream"]
NOWHERE = "http://127.0.0.1:9"
NO_CAPTIONS = refused("The feature 'Caption' is not supported in this region")

FAULTS = {
    "wrong endpoint": (
        {"endpoint": NOWHERE},
        {},
        PHOTO,
        VisionConnectionError,
        r"http://127\.0\.0\.1:9 cannot be reached.*Check the endpoint",
    ),
    "another service": (
        {},
        {"fault": Reply(404, b"<html>Not here</html>")},
        PHOTO,
        VisionServiceError,
        "answers 404: Not Found. Check the endpoint",
    ),
    "wrong key": ({"key": "f" * 32}, {}, PHOTO, VisionAccessError, "answers 401.*Check the key"),
    "no captions in the region": (
        {"features": ["read", "caption"]},
        {"fault": NO_CAPTIONS},
        PHOTO,
        UnsupportedFeatureError,
        r"not supported in this region\. Leave it out of features",
    ),
    "under 50 pixels": ({}, {}, SMALL, UnsuitableImageError, "49 x 200 pixels.*from 50 to"),
    "too slow": (
        {"timeout": 0.05},
        {"delay_s": 0.4},
        PHOTO,
        EnhancementTimeoutError,
        r"did not answer within 0\.05 s",
    ),
}


@pytest.fixture(params=FAULTS.values(), ids=FAULTS)
def faulty(request):
    """An observer that cannot look, the picture, and the error that says why."""
    settings, behaviour, image, error, match = request.param
    with serving(VisionSite()) as site:
        vars(site).update(behaviour)
        vision = AzureVision(**{"endpoint": site.endpoint, "key": KEY, **settings})
        yield vision, image, error, match


async def ask(model, how, image):
    """Ask in one of four ways; return the whole answer."""
    question = [human_message("What is it?", image)]
    if how == "invoke":
        return model.invoke(question)
    if how == "ainvoke":
        return await model.ainvoke(question)
    if how == "stream":
        chunks = list(model.stream(question))
    else:
        chunks = [chunk async for chunk in model.astream(question)]
    return sum(chunks[1:], chunks[0])


@pytest.mark.parametrize("how", CALLS)
async def test_a_fault_is_told_before_the_model_is_asked(faulty, how):
    """Its class and its way out are the service's; nothing goes to the model."""
    vision, image, error, match = faulty
    wire = Wire()
    model = make_model("azure", "chat", wire, enhancements=Enhancements(by=vision))
    with pytest.raises(error, match=match) as caught:
        await ask(model, how, image)
    assert 'on_enhancement_error="continue"' in "".join(caught.value.__notes__)
    assert wire.bodies == []


@pytest.mark.parametrize("how", CALLS)
async def test_a_fault_may_be_gone_without(faulty, how):
    """With "continue" the plain answer comes, and its metadata say why nothing was seen."""
    vision, image, error, match = faulty
    wire = Wire()
    wanted = Enhancements(by=vision, on_enhancement_error="continue")
    model = make_model("azure", "chat", wire, enhancements=wanted)
    answer = await ask(model, how, image)
    assert answer.text == "A cat."
    warning = answer.response_metadata["enhancements"]["warning"]
    assert re.match(rf"Not enhanced: {error.__name__}: .*{match}", warning)
    assert grounded_spans(answer) == []
    (body,) = wire.bodies
    assert [part["type"] for part in body["messages"][0]["content"]] == ["text", "image_url"]
