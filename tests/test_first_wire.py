"""Azure's API of 2023-24 with its enhancements, whole, as recorded from a server that speaks it."""

import pytest
from conftest import EXAMPLE_IMAGES
from langchain_core.messages import AIMessageChunk

from langchain_gptv import AzureChatGPTV, Enhancements, grounded_spans, human_message

VERSIONS = ("2023-12-01-preview", "2024-02-15-preview", "2024-03-01-preview")
STREET = EXAMPLE_IMAGES / "street.jpg"


def model_of(service, version: str) -> AzureChatGPTV:
    """Return a deployment under one generation of the API, which is asked for grounding."""
    if service.address is None or not service.is_engine:
        pytest.skip("no service answers enhancements since May 2025; `gptv serve` does")
    asked = Enhancements(by="service")
    settings = {**service.azure(), "api_version": version, "enhancements": asked}
    return AzureChatGPTV(base_model="gpt-4-vision-preview", **settings)


@pytest.mark.vcr
@pytest.mark.parametrize("version", VERSIONS)
def test_the_answer_is_grounded(service, version):
    """Every generation answers with phrases that are tied to polygons."""
    answer = model_of(service, version).invoke([human_message("Describe it.", STREET)])
    spans = grounded_spans(answer)
    assert {"1 truck", "1 car"} <= {span.text for span in spans}
    assert all(answer.text[s.offset : s.offset + s.length] == s.text for s in spans)
    assert answer.response_metadata["finish_reason"] == "stop"


@pytest.mark.vcr
async def test_grounding_comes_with_the_last_chunk(service):
    """A stream gives the text first, and what it is tied to at its end."""
    model, whole, grounded = model_of(service, VERSIONS[1]), None, []
    async for chunk in model.astream([human_message("Describe it.", STREET)]):
        assert isinstance(chunk, AIMessageChunk)
        whole = chunk if whole is None else whole + chunk
        grounded.append("enhancements" in chunk.response_metadata)
    assert len(grounded) > 3
    assert True not in grounded[: len(grounded) // 2]
    assert {"1 truck", "1 car"} <= {span.text for span in grounded_spans(whole)}
