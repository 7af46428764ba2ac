"""`gptv serve`: who may use the server, what it refuses, and how it stops."""

import contextlib
import importlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import httpx2
import openai
import pytest

pytest.importorskip("uvicorn", reason="the extra 'local' is not installed")

from wire_support import FakeEngine, chat_image, make_service, running, user

from langchain_gptv import AzureChatGPTV, ChatGPTV
from langchain_gptv._version import __version__
from langchain_gptv.cli import main
from langchain_gptv.exceptions import LocalEngineError, MissingExtraError
from langchain_gptv.local.server import build_app, is_loopback, serve
from langchain_gptv.local.wire import LocalService

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

CHAT = {"model": "gptv-local", "messages": [user("Total?", chat_image())]}
PATH = "/v1/chat/completions"


@pytest.fixture(scope="module")
def http():
    """A client that no proxy of the environment diverts."""
    with httpx2.Client(trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def address():
    """A server that asks for no token and takes up to 10,000 bytes."""
    with running(build_app(make_service(), max_body_bytes=10_000)) as found:
        yield found


@pytest.fixture(scope="module")
def guarded():
    """A server that asks for a token."""
    with running(build_app(make_service(), token="s3cret")) as found:
        yield found


def test_health_tells_what_runs(address, http):
    """A monitor learns that the server is up, and which version."""
    reply = http.get(f"{address}/health").json()
    assert reply == {"status": "ok", "engine": "gptv-local", "version": __version__}


def test_a_foreign_host_is_refused(address, http):
    """A name that a web page points at 127.0.0.1 is not this server's."""
    reply = http.get(f"{address}/v1/models", headers={"Host": "evil.example:8000"})
    assert reply.status_code == 403
    assert "evil.example" in reply.json()["error"]["message"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_page_of_another_site_is_refused(address, http, origin):
    """A browser names the page that asks; another site's may not."""
    reply = http.post(f"{address}{PATH}", json=CHAT, headers={"Origin": origin})
    assert reply.status_code == 403
    assert "Web pages of other sites" in reply.json()["error"]["message"]


def test_a_page_of_this_machine_is_answered(address, http):
    """A page of localhost is the user's own."""
    headers = {"Origin": "http://localhost:3000"}
    assert http.post(f"{address}{PATH}", json=CHAT, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer s3cret"}, {"api-key": "s3cret"}], ids=["bearer", "key"]
)
def test_the_token_opens(guarded, http, headers):
    """Both headers that OpenAI's and Azure's clients send carry the token."""
    assert http.post(f"{guarded}{PATH}", json=CHAT, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, None),
        ({"Authorization": "Bearer wrong"}, "invalid_api_key"),
        ({"api-key": "wrong"}, "invalid_api_key"),
    ],
)
def test_without_the_token_it_is_closed(guarded, http, headers, code):
    """A missing or wrong token is a 401 that does not repeat it."""
    reply = http.post(f"{guarded}{PATH}", json=CHAT, headers=headers)
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == code
    assert "wrong." not in reply.text


def test_azure_paths_refuse_in_azures_shape(guarded, http):
    """On Azure's paths the 401 has no type."""
    reply = http.post(f"{guarded}/openai/v1/chat/completions", json=CHAT)
    assert reply.status_code == 401
    assert reply.json()["error"].keys() == {"code", "message"}


def test_the_client_raises_its_own_error(guarded):
    """A wrong key is the client's AuthenticationError."""
    client = openai.OpenAI(base_url=f"{guarded}/v1", api_key="wrong")
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key"):
        client.models.list()


def test_a_large_body_is_refused(address, http):
    """A body over the limit is a 413 in JSON, which clients can show."""
    reply = http.post(f"{address}{PATH}", content=b" " * 10_001)
    assert reply.status_code == 413
    assert reply.json()["error"]["code"] == "request_too_large"


@pytest.mark.parametrize("stated", [True, False], ids=["stated", "chunked"])
def test_a_large_body_is_refused_before_it_is_read(address, stated):
    """A size that is stated is judged at once; one that is not, as soon as it is passed."""
    framing = "Content-Length: 99999999" if stated else "Transfer-Encoding: chunked"
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n"
    with raw(address) as connection:
        connection.sendall(head.encode())
        if not stated:
            connection.sendall(b"2711\r\n" + b" " * 10_001 + b"\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_request_that_never_comes_to_its_end_is_dropped():
    """Whoever sends half a body and waits gets a 408, and its place is free again."""
    with running(build_app(make_service(), max_read_s=0.1)) as address, raw(address) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head.encode() + b"{")
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_requests_in_memory_are_bounded_together(http):
    """A request for which there is no room gets a 503 that says when to come back; it heals."""
    app = build_app(make_service(), max_held_bytes=2_000)
    with running(app) as address, raw(address) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000\r\n\r\n"
        connection.sendall(head.encode() + b" " * 1_900)
        time.sleep(0.1)
        busy = http.post(f"{address}{PATH}", json=CHAT)
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
        assert busy.headers["x-should-retry"] == "true"
        assert busy.json()["error"]["code"] == "server_busy"
        connection.close()
        time.sleep(0.1)
        assert http.post(f"{address}{PATH}", json=CHAT).status_code == 200


def raw(address):
    """Open a connection on which anything may be sent."""
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=5)


@pytest.mark.parametrize(
    "host", ["", "evil.example", "localhost.evil.example", "127.0.0.1@evil.example", "[::1", "[x]"]
)
def test_whatever_host_is_named_it_has_to_be_this_machine(address, host):
    """DNS rebinding names a host of its own; no trick of spelling makes it this one."""
    with raw(address) as connection:
        connection.sendall(f"GET /v1/models HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host: localhost", "Forwarded: host=localhost", "X-Real-Ip: 127.0.0.1"]
)
def test_no_header_of_a_proxy_is_believed(address, header):
    """A request cannot vouch for itself."""
    head = f"GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n{header}\r\n\r\n"
    with raw(address) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 403 ")


def test_no_page_may_read_an_answer(address, http):
    """There is no header of CORS, so that a browser keeps answers from pages of other ports."""
    preflight = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    reply = http.options(f"{address}{PATH}", headers=preflight)
    assert reply.status_code == 405
    assert not [name for name in reply.headers if name.startswith("access-control")]


def test_analyses_at_a_time_are_bounded():
    """Further requests wait for those under way."""
    running_now, most = [], []

    class Engine(FakeEngine):
        def answer(self, images, question):
            running_now.append(1)
            most.append(len(running_now))
            time.sleep(0.05)
            running_now.pop()
            return super().answer(images, question)

    with running(build_app(LocalService(Engine()), max_concurrent=2)) as address:
        threads = [
            threading.Thread(target=httpx2.post, args=(f"{address}{PATH}",), kwargs={"json": CHAT})
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(most), max(most)) == (6, 2)


def test_a_port_in_use_is_named():
    """The error names the port and the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalEngineError, match=f"Port {port} of '127.0.0.1' is in use"):
            serve(port=port, service=make_service())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
def test_an_open_host_needs_a_token(host):
    """Other machines are let in by a token alone."""
    with pytest.raises(LocalEngineError, match="open to other machines, and no token is set"):
        serve(host, service=make_service())


@pytest.mark.parametrize("token", ["short", "x" * 15])
def test_an_open_host_needs_a_token_that_cannot_be_guessed(token):
    """A token that could be found by trying is refused, with a command that makes a good one."""
    with pytest.raises(LocalEngineError, match="fewer than 16 characters.*openssl rand"):
        serve("0.0.0.0", token=token, service=make_service())


def test_the_command_refuses_an_open_host_without_a_token(monkeypatch, capsys):
    """`gptv serve --host 0.0.0.0` ends with one line that says what to set."""
    monkeypatch.delenv("GPTV_SERVE_TOKEN", raising=False)
    monkeypatch.setattr(sys, "argv", ["gptv", "serve", "--host", "0.0.0.0"])
    with pytest.raises(SystemExit, match="2"):
        main()
    said = capsys.readouterr().err
    assert "no token is set. Set GPTV_SERVE_TOKEN" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("", False),
        ("0.0.0.0", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
    ],
)
def test_loopback_is_told_from_other_hosts(host, expected):
    """Only names and addresses that never leave the machine are loopback."""
    assert is_loopback(host) is expected


def test_a_missing_framework_names_the_extra(monkeypatch):
    """Without Starlette the error says what to install."""
    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    monkeypatch.delitem(sys.modules, "langchain_gptv.local.server")
    with pytest.raises(MissingExtraError, match=r"pip install \"langchain-gptv\[local\]\""):
        importlib.import_module("langchain_gptv.local.server")


SCRIPT = """
import sys, time
sys.path.insert(0, "tests")
from wire_support import FakeEngine
from langchain_gptv.local.server import serve
from langchain_gptv.local.wire import LocalService

class Slow(FakeEngine):
    def answer(self, images, question):
        time.sleep(1)
        return super().answer(images, question)

serve(port=0, service=LocalService(Slow()), on_ready=lambda url: print(url, flush=True))
"""


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_ctrl_c_stops_it(busy, pytestconfig):
    """Ctrl-C ends the server within seconds, without a traceback, even during an analysis."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=pytestconfig.rootpath,
    )
    url = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", url)
    client = openai.OpenAI(base_url=url, api_key="not-needed", max_retries=0)
    assert client.models.list().data[0].id == "gptv-local"
    if busy:
        asking = threading.Thread(target=_ask, args=(client,))
        asking.start()
        time.sleep(0.3)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=10)
    assert time.monotonic() - started < 5
    assert process.returncode == 0
    assert "Traceback" not in stderr
    if busy:
        asking.join()


def _ask(client):
    with contextlib.suppress(openai.APIConnectionError):
        client.chat.completions.create(**CHAT)


def test_a_base_url_reaches_a_server_instead_of_this_process(address):
    """`gptv-local` with an address of its own is asked there, over HTTP and with no key."""
    answer = ChatGPTV(model="gptv-local", base_url=f"{address}/v1").invoke("hello")
    azure = AzureChatGPTV(
        azure_deployment="gptv-local", api_version="2024-10-21", azure_endpoint=address
    )
    assert answer.text == azure.invoke("hello").text == "There is no image."
    assert answer.response_metadata["model_name"] == "gptv-local"
