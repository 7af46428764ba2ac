"""The contract: what leaves for each form of image, on both APIs and both services."""

from __future__ import annotations

import re

import pytest
from contract_rows import ROWS, Refusal, message_of
from leaving import Wire, leaving, make_model
from wire_schema import check_body

from langchain_gptv.exceptions import GPTVError

KINDS = [(service, api) for service in ("openai", "azure") for api in ("chat", "responses")]


@pytest.fixture(scope="module")
def wire() -> Wire:
    """Where every request of this module ends."""
    return Wire()


@pytest.fixture(scope="module")
def models(wire):
    """One chat model for each service and API."""
    return {kind: make_model(*kind, wire) for kind in KINDS}


@pytest.fixture(params=KINDS, ids="-".join)
def kind(request):
    """A service and an API."""
    return request.param


def applies(row, service: str, api: str) -> bool:
    """Tell whether a row is about this service and API."""
    return row.only in ("", service, api)


CASES = [
    pytest.param(row, kind, id=f"{row.name}-{'-'.join(kind)}")
    for row in ROWS
    for kind in KINDS
    if applies(row, *kind)
]


def check_left(row, api: str, bodies) -> None:
    """Compare what left with the row."""
    (body,) = bodies
    # The guide allows it on both APIs since gpt-5.4; the schema of Chat Completions lags behind.
    check_body(body, but=("detail: 'original'",) if api == "chat" else ())
    (left,) = leaving(body)
    kind_of_text = "text" if api == "chat" else "input_text"
    assert left["content"] == [{"type": kind_of_text, "text": "?"}, row.expected(api).on(api)]


def check_refused(row, api: str, error: GPTVError, bodies) -> None:
    """See that the error names the block and the fix, and that nothing left."""
    refusal = row.expected(api)
    assert isinstance(error, refusal.error)
    assert re.search(refusal.match, str(error), re.DOTALL)
    assert "messages[0].content[1]" in str(error)
    assert bodies == []


@pytest.mark.parametrize(("row", "kind"), CASES)
def test_a_form_leaves_as_it_must(row, kind, models, wire):
    """The HTTP body holds exactly the part that the row states, or nothing leaves at all."""
    message, expected = message_of(row), row.expected(kind[1])
    wire.take()
    if isinstance(expected, Refusal):
        with pytest.raises(GPTVError, match=expected.match) as caught:
            models[kind].invoke([message])
        check_refused(row, kind[1], caught.value, wire.take())
        return
    models[kind].invoke([message])
    check_left(row, kind[1], wire.take())


@pytest.mark.parametrize(("row", "kind"), CASES)
async def test_a_form_leaves_as_it_must_async(row, kind, models, wire):
    """`ainvoke` sends what `invoke` sends."""
    message, expected = message_of(row), row.expected(kind[1])
    wire.take()
    if isinstance(expected, Refusal):
        with pytest.raises(GPTVError, match=expected.match) as caught:
            await models[kind].ainvoke([message])
        check_refused(row, kind[1], caught.value, wire.take())
        return
    await models[kind].ainvoke([message])
    check_left(row, kind[1], wire.take())
