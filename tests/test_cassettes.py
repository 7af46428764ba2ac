"""Cassettes recorded over HTTP from `gptv serve`, and replayed with the server stopped."""

import base64
import io
import json
import signal
import subprocess
import sys
import time

import httpx2
import PIL.Image
import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from wire_support import ANSWER, build_app, make_service, running

pytest.importorskip("vcr", reason="the extra 'test' is not installed")

from vcr.errors import CannotOverwriteExistingCassetteException as NotInCassette

from langchain_gptv import ChatGPTV
from langchain_gptv.exceptions import CassetteError
from langchain_gptv.testing import make_vcr, serializer
from langchain_gptv.testing.files import CassetteFiles

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

NOWHERE = "http://127.0.0.1:1"
KEY = "sk-planted-0123456789abcdef"


def picture(side=64, pixel=(0, 0, 0)):
    """A PNG whose first pixel is given."""
    image = PIL.Image.linear_gradient("L").resize((side, side)).convert("RGB")
    image.putpixel((0, 0), pixel)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def url_of(data):
    """A PNG as a data URL."""
    return "data:image/png;base64," + base64.b64encode(data).decode()


def question(text="What is the total?", data=None, detail="high"):
    """A message with a text and a picture."""
    image = {"url": url_of(data or picture()), "detail": detail}
    return [
        HumanMessage([{"type": "text", "text": text}, {"type": "image_url", "image_url": image}])
    ]


def model_at(base, kind=ChatOpenAI, model="gptv-local", **kwargs):
    """A chat model that calls a server, with a key that must not be recorded."""
    return kind(model=model, base_url=f"{base}/v1", api_key=KEY, max_retries=0, **kwargs)


def recorder(folder, **overrides):
    """A recorder for one folder."""
    return make_vcr(cassette_library_dir=str(folder), **overrides)


@pytest.fixture(scope="module")
def server():
    """The embedded engine's server, with a quick engine behind it."""
    with running(build_app(make_service())) as base:
        yield base


@pytest.fixture
def folder(tmp_path):
    """Where the cassettes of one test lie."""
    return tmp_path / "cassettes"


@pytest.fixture
def recorded(folder, server):
    """The folder, with one exchange in receipt.yaml."""
    with recorder(folder, record_mode="once").use_cassette("receipt"):
        model_at(server).invoke(question())
    return folder


@pytest.mark.parametrize("kind", [ChatOpenAI, ChatGPTV])
@pytest.mark.parametrize("responses", [False, True], ids=["chat", "responses"])
async def test_an_exchange_replays_with_the_server_stopped(folder, kind, responses):
    """Sync, async and streamed answers, and every chunk, come back without a server."""

    async def ask(base):
        # ChatGPTV would take "gptv-local" in process, where there is no HTTP to record.
        clients = {"http_client": None, "http_async_client": None}
        model = model_at(base, kind, use_responses_api=responses, **clients)
        chunks = list(model.stream(question()))
        late = [chunk async for chunk in model.astream(question("Async?"))]
        answers = [model.invoke(question("Once?")), await model.ainvoke(question("Twice?"))]
        texts = [chunk.text for chunk in (*chunks, *late)]
        return texts, [(each.text, each.usage_metadata) for each in answers]

    recording = recorder(folder, record_mode="once").use_cassette("all")
    with running(build_app(make_service())) as base, recording:
        first = await ask(base)
    with recorder(folder).use_cassette("all") as cassette:
        again = await ask(NOWHERE)
    assert again == first
    assert again[1][0][0] == ANSWER
    assert len(cassette) == 4
    assert cassette.all_played


def test_nothing_is_recorded_unless_asked(folder, server):
    """Without a record mode, a request that is not in a cassette does not leave."""
    with (
        recorder(folder).use_cassette("none"),
        pytest.raises(NotInCassette, match="No match|cassette doesn.t exist"),
    ):
        model_at(server).invoke(question())
    assert not folder.exists()


@pytest.mark.parametrize(
    ("asked", "model", "line"),
    [
        (question(data=picture(pixel=(9, 0, 0))), "gptv-local",
         r"image 1: 64x64 \w{8}\.\.\. recorded, 64x64 \w{8}\.\.\. sent\n"),
        (question(data=picture(32)), "gptv-local", r"image 1: 64x64 .* recorded, 32x32 .* sent\n"),
        (question(detail="low"), "gptv-local", "detail 'high' -> 'low'\n"),
        (question("What is the date?"), "gptv-local",
         r"prompt differs at messages\[0\]\.content\[0\]\.text: character 12, .*total.*date"),
        (question(), "gpt-4o", "model 'gptv-local' -> 'gpt-4o'\n"),
        (question() + question(), "gptv-local", "1 images recorded, 2 sent"),
    ],
    ids=["pixel", "size", "detail", "prompt", "model", "count"],
)  # fmt: skip
def test_another_request_fails_with_one_line(recorded, asked, model, line):
    """A flipped pixel, another detail, prompt or model is not answered, and is named."""
    with recorder(recorded).use_cassette("receipt"), pytest.raises(NotInCassette, match=line):
        model_at(NOWHERE, model=model).invoke(asked)


def test_fields_that_change_no_answer_do_not_count(recorded):
    """`user`, `metadata` and `store` may come and go with the version of an SDK."""
    model = model_at(NOWHERE, metadata={"a": "b"}, store=False, model_kwargs={"user": "me"})
    with recorder(recorded).use_cassette("receipt"):
        assert model.invoke(question()).text == ANSWER


def test_a_cassette_is_small_and_shows_the_picture(folder, server):
    """A picture of 4 MB makes a cassette under 5 KB and one thumbnail, and replays in a moment."""
    noise = PIL.Image.effect_noise((1200, 1200), 200).convert("RGB")
    noise.putpixel((0, 0), (1, 2, 3))
    buffer = io.BytesIO()
    noise.save(buffer, "PNG", compress_level=0)
    big = question(data=buffer.getvalue())
    assert len(buffer.getvalue()) > 4_000_000
    with recorder(folder, record_mode="once").use_cassette("big"):
        model_at(server).invoke(big)
        model_at(server).invoke(big + question("And now?"))
    text = (folder / "big.yaml").read_text()
    assert len(text) < 5_000
    assert "data:image/png;digest,1200x1200;" in text
    assert "base64" not in text
    small = sorted((folder / "images").iterdir(), key=lambda path: path.stat().st_size)
    assert len(small) == 2
    assert small[-1].stat().st_size < 20_000
    assert max(PIL.Image.open(small[-1]).size) == 256
    started = time.perf_counter()
    with recorder(folder).use_cassette("big"):
        model_at(NOWHERE).invoke(big)
    assert time.perf_counter() - started < 5


def test_the_key_is_in_no_file(recorded):
    """The key of the client, and all headers but the types, stay out of the folder."""
    for path in recorded.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()
    text = (recorded / "receipt.yaml").read_text()
    assert "authorization" not in text.lower()
    assert "stainless" not in text.lower()


def test_a_retry_plays_in_order(folder):
    """429 and then 200 are given once each, in the order in which they came."""
    body = {"model": "m", "messages": []}
    exchange = {
        "method": "POST", "uri": f"{NOWHERE}/v1/chat/completions",
        "headers": {"content-type": "application/json"}, "body": {"json": body},
    }  # fmt: skip
    answers = [(429, {"error": {"message": "slow down", "code": "rate_limit"}}), (200, {"id": "x"})]
    interactions = [
        {"request": exchange, "response": {"status": {"code": code, "message": ""},
         "headers": {"content-type": "application/json"}, "body": {"json": answer}}}
        for code, answer in answers
    ]  # fmt: skip
    folder.mkdir()
    (folder / "retry.yaml").write_text(json.dumps({"version": 1, "interactions": interactions}))
    client = ChatOpenAI(model="m", base_url=f"{NOWHERE}/v1", api_key=KEY, max_retries=1)
    with recorder(folder).use_cassette("retry") as cassette:
        assert client.root_client.post("/chat/completions", body=body, cast_to=dict) == {"id": "x"}
        with pytest.raises(NotInCassette, match="already been consumed|all been played"):
            client.root_client.post("/chat/completions", body=body, cast_to=dict)
    assert cassette.play_count == 2


def test_a_crash_while_recording_leaves_the_old_cassette(recorded, server, monkeypatch):
    """The old file stays whole when the test fails, and when the disk does, with no scraps."""
    path = recorded / "receipt.yaml"
    before = path.read_bytes()
    again = recorder(recorded, record_mode="all")
    with pytest.raises(ZeroDivisionError, match="by zero"), again.use_cassette("receipt"):
        len(model_at(server).invoke(question("New?")).text) / 0
    assert path.read_bytes() == before
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    # Not through use_cassette: vcrpy leaves its patches in place when a save fails.
    exchanges = {"requests": [], "responses": []}
    with pytest.raises(OSError, match="disk full"):
        CassetteFiles().save_cassette(path, exchanges, serializer)
    assert path.read_bytes() == before
    assert [each.name for each in recorded.iterdir() if each.name.startswith(".")] == []


KILLED = """
import os, signal, sys
import httpx2
from langchain_gptv.testing import make_vcr

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def answer(request):
    if sys.argv[2] == "while it asks":
        die()
    return httpx2.Response(200, json={"answer": "new"})

if sys.argv[2] == "while it writes":
    os.fsync = die
with make_vcr(record_mode="all").use_cassette(sys.argv[1]):
    with httpx2.Client(transport=httpx2.MockTransport(answer)) as client:
        client.post("http://127.0.0.1/v1/chat/completions", json={"question": "new"})
print("alive")
"""


@pytest.mark.parametrize("moment", ["while it asks", "while it writes"])
def test_a_killed_recording_leaves_the_old_cassette(recorded, moment):
    """After kill -9 the old file is there to the byte, and replays."""
    path = recorded / "receipt.yaml"
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, path, moment], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, ""), done.stderr
    assert path.read_bytes() == before
    with recorder(recorded).use_cassette("receipt"):
        assert model_at(NOWHERE).invoke(question()).text == ANSWER


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_drawn_picture_replays_as_its_digest(folder, stream):
    """While recording the chain gets the picture; on replay its digest, and no base64."""
    drawn = base64.b64encode(picture(600)).decode()
    call = {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": drawn}
    answer = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5.4", "tools": [],
        "status": "completed", "output": [call], "parallel_tool_calls": True, "tool_choice": "auto",
    }  # fmt: skip
    events = [
        {"type": "response.output_item.done", "output_index": 0, "item": call},
        {"type": "response.completed", "response": answer},
    ]
    lines = [f"data: {json.dumps({'sequence_number': 0, **each})}\n\n" for each in events]
    kind = {"content-type": "text/event-stream" if stream else "application/json"}
    body = "".join(lines) if stream else json.dumps(answer)
    reply = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=kind, content=body))

    def draw(transport):
        client = httpx2.Client(transport=transport)
        chat = model_at(NOWHERE, use_responses_api=True, http_client=client, streaming=stream)
        return json.dumps(chat.invoke("Draw it.").content)

    with recorder(folder, record_mode="once").use_cassette("drawn"):
        assert drawn in draw(reply)
    text = (folder / "drawn.yaml").read_text()
    assert len(text) < 3_000
    assert len(list((folder / "images").iterdir())) == 1
    with recorder(folder).use_cassette("drawn"):
        again = draw(None)
    assert "base64:image/png;digest,600x600;" in again
    assert drawn[:100] not in again


def _cut(text, start):
    return text[: text.index(start)]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda text: _cut(text, "    headers:"), r"receipt\.yaml, line \d+: .*ends without"),
        (lambda text: _cut(text, "interactions:"), r"line \d: .*ends without '\.\.\.'"),
        (lambda text: text.replace("  response:", "  answer:"), r"line 6: interaction 1 has no"),
        (lambda text: text.replace("    method: POST\n", ""), r"line 6: .*has no 'method'"),
        (lambda text: text.replace("code: 200", "code: ok"), r"line 6: .*no number 'code'"),
        (lambda text: text.replace("method: POST", "method: [POST"), "line 8: "),
        (lambda text: text.replace("method: POST", "method: !!python/name:os.system"), "line 7: "),
        (lambda text: "title: My song\n", "line 1: this is no cassette"),
        (lambda text: "a: b\nc: \udcff", "line 2: .*not UTF-8"),
    ],
    ids=["cut", "head", "renamed", "missing", "value", "syntax", "tag", "foreign", "binary"],
)
def test_a_broken_cassette_is_an_error_with_file_and_line(recorded, server, broken, message):
    """A truncated, foreign or badly mended file is named with its line, and not overwritten."""
    path = recorded / "receipt.yaml"
    spoiled = broken(path.read_text()).encode("utf-8", "surrogateescape")
    path.write_bytes(spoiled)
    for mode in ("none", "once", "new_episodes", "all"):
        with (
            pytest.raises(CassetteError, match=message),
            recorder(recorded, record_mode=mode).use_cassette("receipt"),
        ):
            model_at(server).invoke(question())
    assert path.read_bytes() == spoiled
