"""The engine as a transport of the OpenAI client, in this process."""

import asyncio
import subprocess
import sys
import threading

import httpx2
import pytest
from openai import AsyncOpenAI, InternalServerError, NotFoundError, OpenAI
from wire_support import FakeEngine, make_service, user

from langchain_gptv.exceptions import MissingExtraError
from langchain_gptv.local import transport
from langchain_gptv.local.transport import BASE_URL, AsyncLocalTransport, local_http_clients
from langchain_gptv.local.wire import LocalService

CHAT = {"model": "gptv-local", "messages": [user("Hi")]}


def test_local_http_clients_serve_both_clients():
    """The pair of HTTP clients is what OpenAI and AsyncOpenAI take."""
    http, async_http = local_http_clients(make_service())
    client = OpenAI(base_url=BASE_URL, api_key="not-needed", http_client=http)
    assert client.models.list().data[0].id == "gptv-local"
    AsyncOpenAI(base_url=BASE_URL, api_key="not-needed", http_client=async_http)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    """A proxy would take the request out of the process."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    http, _ = local_http_clients(make_service())
    client = OpenAI(base_url=BASE_URL, api_key="not-needed", http_client=http, max_retries=0)
    assert client.models.list().data[0].id == "gptv-local"


def test_an_error_is_raised_as_the_clients_own():
    """A status becomes the exception that the client raises for a real service."""
    http, _ = local_http_clients(make_service())
    client = OpenAI(base_url=BASE_URL, api_key="not-needed", http_client=http)
    with pytest.raises(NotFoundError, match="`gpt-9` does not exist"):
        client.chat.completions.create(**CHAT | {"model": "gpt-9"})


def test_a_fault_of_the_engine_is_tried_once():
    """The client does not repeat an analysis that cannot succeed."""
    calls = []

    class Engine(FakeEngine):
        def answer(self, images, question):
            calls.append(question)
            raise MissingExtraError("Reading text", "local")

    http, _ = local_http_clients(LocalService(Engine()))
    client = OpenAI(base_url=BASE_URL, api_key="not-needed", http_client=http, max_retries=2)
    with pytest.raises(InternalServerError, match="pip install"):
        client.chat.completions.create(**CHAT)
    assert calls == ["Hi"]


async def test_the_event_loop_goes_on_while_the_engine_works():
    """An analysis runs in a thread: here it ends only when the loop lets it."""
    released = threading.Event()

    class Engine(FakeEngine):
        def answer(self, images, question):
            assert released.wait(5)
            return super().answer(images, question)

    http = httpx2.AsyncClient(transport=AsyncLocalTransport(LocalService(Engine())))
    client = AsyncOpenAI(base_url=BASE_URL, api_key="not-needed", http_client=http)
    task = asyncio.create_task(client.chat.completions.create(**CHAT))
    await asyncio.sleep(0.05)
    assert not task.done()
    released.set()
    assert (await task).choices[0].message.content == "There is no image."


async def test_a_stream_can_be_left_early():
    """Closing a stream after its first words raises nothing."""
    _, http = local_http_clients(make_service())
    client = AsyncOpenAI(base_url=BASE_URL, api_key="not-needed", http_client=http)
    async with await client.chat.completions.create(**CHAT, stream=True) as stream:
        async for chunk in stream:
            assert chunk.choices[0].delta.role == "assistant"
            break


def test_the_default_service_is_made_once(monkeypatch):
    """All clients of a process share one engine, so that each picture is looked at once."""
    pytest.importorskip("rapidocr")
    monkeypatch.setattr(transport, "_default", None)
    made = []
    threads = [threading.Thread(target=lambda: made.append(transport.default_service()))]
    threads += [threading.Thread(target=lambda: made.append(transport.default_service()))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made[0] is made[1]


def test_the_wire_imports_no_framework():
    """The wire and the transport load neither LangChain nor openai nor a web framework."""
    code = (
        "import sys, langchain_gptv.local.transport\n"
        "heavy = {'langchain_core', 'langchain_openai', 'openai', 'starlette', 'uvicorn', "
        "'pydantic', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
