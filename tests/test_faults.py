"""Services, gateways and networks that fail: every call ends in time, and says what happened."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import openai
import pytest
from fault_calls import (
    APIS,
    CELLS,
    PAIRS,
    QUESTION,
    Cell,
    Clients,
    complaint,
    make,
    outcome,
    outcomes,
    renewing,
)
from faulty import FAULTS, FRESH, TEXT, UNREAD, faulty
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from pictures import encoded, noise
from web import site

from langchain_gptv import AzureChatGPTV, ChatGPTV, human_message
from langchain_gptv.endings import check_ended
from langchain_gptv.enhancements.settings import Enhancements
from langchain_gptv.exceptions import ReplyError
from langchain_gptv.sources import ImageSources

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])


@pytest.fixture(scope="module")
def server():
    """The server that fails."""
    with faulty() as running:
        yield running


@pytest.fixture(scope="module")
async def clients():
    """The HTTP clients of all models."""
    shared = Clients()
    yield shared
    await shared.close()


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_call_ends_as_it_should(server, clients, fault):
    """Both classes, both APIs and all four modes end in time, as langchain-openai's or better."""
    ended = await outcomes(server, fault, clients)
    assert [wrong for met in ended if (wrong := complaint(fault, *met))] == []


@pytest.mark.parametrize("cell", [cell for cell in CELLS if "stream" in cell.mode], ids=str)
async def test_half_a_stream_is_no_answer(server, clients, cell):
    """What came before a silent cut is given out, and then an error says that more was to come."""
    ours, theirs = PAIRS[cell.service]
    cut = await outcome(server, "ended in an event", cell, ours, clients)
    assert cut.text == TEXT[:2]
    assert "is not whole" in str(cut.error)
    passed = await outcome(server, "ended in an event", cell, theirs, clients)
    assert (passed.text, passed.error) == (TEXT[:2], None)


def test_half_a_stream_of_a_client_of_the_callers_own_is_told_too():
    """A model that was given its `client`, and has no other, still says what is wrong."""
    model = ChatGPTV(model="gpt-4o", api_key="none", client=object(), async_client=object())
    half = ChatGenerationChunk(message=AIMessageChunk(TEXT[:2]))
    with pytest.raises(openai.APIConnectionError, match="is not whole"):
        check_ended([half], model)


@pytest.mark.parametrize("mode", ["stream", "astream"])
async def test_a_page_in_place_of_a_stream_says_where_to_look(server, clients, mode):
    """Where no event comes at all, the error names the address as what to check."""
    met = await outcome(server, "log-in page", Cell("OpenAI", "chat", mode), ChatGPTV, clients)
    assert isinstance(met.error, ReplyError)
    assert "check base_url" in str(met.error)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("fault", "note"),
    [
        ("log-in page", "check base_url"),
        ("malformed JSON", "25 bytes of application/json with status 200"),
        ("empty body", "0 bytes of application/json with status 200"),
        ("413 as HTML", "image_policy=ImagePolicy(max_bytes=...)"),
        ("expired token", "A token provider is asked again by the next call"),
    ],
)
async def test_the_error_carries_a_note(server, clients, fault, note, api):
    """The class is langchain-openai's, and a note says what to do."""
    met = await outcome(server, fault, Cell("Azure", api, "ainvoke"), AzureChatGPTV, clients)
    assert note in met.notes


@pytest.mark.parametrize("service", PAIRS)
@pytest.mark.parametrize("api", APIS)
async def test_the_next_call_renews_an_expired_token(server, clients, service, api):
    """A call that fails for its token leaves the model usable: the provider is asked again."""
    base = server.base("expired token")
    model = make(PAIRS[service][0], base, api, clients)
    with pytest.raises(openai.AuthenticationError, match="has expired"):
        await model.ainvoke(QUESTION)
    assert (await model.ainvoke(QUESTION)).text == TEXT


async def test_an_async_provider_renews_too(server, clients):
    """Azure's async token provider is asked for each call."""
    provide = renewing()

    async def aprovide() -> str:
        return provide()

    base = server.base("expired token")
    model = make(AzureChatGPTV, base, "chat", clients, azure_ad_async_token_provider=aprovide)
    with pytest.raises(openai.AuthenticationError, match="has expired"):
        await model.ainvoke(QUESTION)
    assert (await model.ainvoke(QUESTION)).text == TEXT
    assert provide() == FRESH


@pytest.fixture(scope="module")
def large():
    """A question of 2 MB, which an async call sends in pieces."""
    return [human_message("What is the total?", encoded(noise(900, 700), "PNG"))]


@pytest.mark.parametrize("cls", [ChatGPTV, AzureChatGPTV])
@pytest.mark.parametrize("fault", ["429, retry-after-ms", "reset once", "503 as HTML, once"])
async def test_a_large_request_is_sent_again(server, clients, large, cls, fault):
    """A body that is encoded while it is sent starts again from its beginning."""
    base = server.base(fault)
    answer = await make(cls, base, "chat", clients).ainvoke(large)
    assert (answer.text, server.count(base)) == (TEXT, 2)


@pytest.mark.parametrize("cls", [ChatGPTV, AzureChatGPTV])
async def test_a_large_request_that_is_refused_unread_is_an_error(server, clients, large, cls):
    """A gateway that hangs up while the body is on its way ends the call in the API's error."""
    model = make(cls, server.base(UNREAD), "chat", clients)
    with pytest.raises(openai.APIError, match=r"413|Connection error"):
        await model.ainvoke(large)


# Nothing stays open


def descriptors() -> int:
    """Count the open files and sockets of the process."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def settled(count: Callable[[], int], before: int) -> int:
    """Return a count once it is back, or as it is after 3 s; the server takes a moment."""
    deadline = time.monotonic() + 3
    while count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    return count()


async def cancel(ask: Coroutine, wait_s: float = 0.25) -> None:
    """Cancel a call under way, and see that no task of it is left."""
    before = asyncio.all_tasks()
    task = asyncio.create_task(ask)
    await asyncio.sleep(wait_s)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError, match="^$|[Cc]ancel"):
        await task
    assert asyncio.all_tasks() <= before


async def read(model, question=QUESTION) -> None:
    """Read a stream to its end."""
    async for _ in model.astream(question):
        pass


def assert_leaves_nothing(calls: Callable[[Clients], Iterable[Coroutine]]) -> None:
    """Assert that cancelled calls leave no task, thread, file or socket.

    Args:
        calls: Makes the calls; each is cancelled in turn.
    """

    async def run() -> None:
        clients = Clients()
        for ask in calls(clients):
            open_before = descriptors()
            await cancel(ask)
            # While the client still lives: its pool holds no dead connection.
            assert await asyncio.to_thread(settled, descriptors, open_before) <= open_before
        await clients.close()

    threads, open_before = threading.active_count(), descriptors()
    # Not uvloop, which older uvicorns leave behind as everybody's: it opens descriptors late.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(run())
    assert settled(threading.active_count, threads) <= threads
    assert settled(descriptors, open_before) <= open_before


on_linux = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux")


@on_linux
@pytest.mark.parametrize("fault", ["slow headers", "stalled body"])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("cls", [ChatGPTV, AzureChatGPTV])
def test_a_cancelled_call_leaves_nothing_open(server, cls, api, fault):
    """Cancelled before the head or within the body, whole or streamed: all is given back."""

    def calls(clients: Clients) -> Iterator[Coroutine]:
        model = make(cls, server.base(fault), api, clients)
        yield model.ainvoke(QUESTION)
        yield read(model)

    assert_leaves_nothing(calls)


@on_linux
def test_a_cancelled_fetch_leaves_nothing_open(server):
    """A call that is cancelled while an image is fetched ends its thread with the fetch."""
    with site() as images:
        door = ImageSources(hosts=[images.host], schemes=("http",), timeout=1)
        question = [human_message("What is it?", images.url("/slow-head"))]

        def calls(clients: Clients) -> Iterator[Coroutine]:
            base = server.base("slow headers")
            model = make(ChatGPTV, base, "chat", clients, image_sources=door, fetch_urls=True)
            yield model.ainvoke(question)
            yield read(model, question)

        assert_leaves_nothing(calls)


class Slow:
    """Looks at pictures without end."""

    def observe(self, image):
        """Never be asked: there is a way that does not block."""
        raise AssertionError

    async def aobserve(self, image):
        """Take longer than anyone waits."""
        await asyncio.sleep(60)


@on_linux
def test_a_cancelled_look_leaves_nothing_open(server):
    """A call that is cancelled while its image is looked at ends with no request made."""
    base = server.base("slow headers")

    def calls(clients: Clients) -> Iterator[Coroutine]:
        yield make(ChatGPTV, base, "chat", clients, enhancements=Enhancements(by=Slow())).ainvoke(
            QUESTION
        )

    assert_leaves_nothing(calls)
    assert server.count(base) == 0


@on_linux
def test_a_stream_that_is_left_leaves_nothing_open(server):
    """A sync stream that its reader leaves gives its connection back."""
    open_before = descriptors()
    with closing(httpx2.Client(trust_env=False, verify=False)) as http:
        model = ChatGPTV(
            model="gpt-4o",
            api_key="none",
            base_url=f"{server.base('ended in an event')}/v1",
            http_client=http,
        )
        parts = model.stream(QUESTION)
        assert next(parts).text == TEXT[:2]
        parts.close()
        assert settled(descriptors, open_before) <= open_before
