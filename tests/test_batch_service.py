"""OpenAI's Batch API, end to end against `gptv serve`: nothing sent twice, nothing lost."""

import json
import re
import sys
import threading
import time
from collections import Counter
from decimal import Decimal

import httpx2
import openai
import PIL.Image
import pytest
from batching import make_pictures, records
from pydantic import BaseModel
from wire_support import FakeEngine, build_app, chat_image, running, user

from langchain_gptv import AzureChatGPTV, ChatGPTV
from langchain_gptv.batch import (
    Item,
    batch_status,
    collect_batch,
    load_items,
    run_batch,
    submit_batch,
)
from langchain_gptv.cli import main
from langchain_gptv.exceptions import BatchError, LocalEngineError
from langchain_gptv.local.wire import LocalService

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

CHAT = "/v1/chat/completions"


class CountingEngine(FakeEngine):
    """Counts how often each picture is looked at; a closed gate, and a width of 9, stop it."""

    def __init__(self):
        super().__init__()
        self.asked = Counter()
        self.gate = threading.Event()
        self.gate.set()

    def answer(self, images, question):
        if images[0].width == 9:
            raise LocalEngineError("I do not like it.")
        return super().answer(images, question)

    def _note(self, images, question):
        self.gate.wait(10)
        self.asked.update(image.sha256 for image in images)
        super()._note(images, question)


@pytest.fixture
def engine():
    """An engine of the test's own."""
    return CountingEngine()


@pytest.fixture
def address(engine):
    """A server of the test's own."""
    with running(build_app(LocalService(engine))) as found:
        yield f"{found}/v1"


@pytest.fixture
def llm(address):
    """A chat model at the server."""
    return ChatGPTV(model="gptv-local", base_url=address)


@pytest.fixture
def out(tmp_path):
    """Where the results go."""
    return tmp_path / "out.jsonl"


def ended(out, llm):
    """Wait until all batches have ended; return how they stand."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = batch_status(out, llm=llm)
        if all(part.status not in ("validating", "in_progress") for part in found):
            return found
        time.sleep(0.02)
    raise TimeoutError(found)


class Shown:
    """A bar that remembers what it was told."""

    def __init__(self, at_first=lambda: None):
        self.standings, self.last_line, self._at_first = [], "", at_first

    def show(self, standing):
        if not self.standings:
            self._at_first()
        self.standings.append(standing)

    def close(self, last_line):
        self.last_line = last_line


class LossyTransport(httpx2.HTTPTransport):
    """Delivers requests, and loses one reply to those that the test names."""

    def __init__(self, method, ending, number):
        super().__init__()
        self.lost, self.number = (method, ending), number

    def handle_request(self, request):
        reply = super().handle_request(request)
        method, ending = self.lost
        if request.method == method and request.url.path.endswith(ending):
            self.number -= 1
            if self.number == 0:
                reply.read()
                raise httpx2.ReadError("the cable was pulled")
        return reply


def lossy(address, method, ending, number=1):
    """A chat model whose client loses one reply and does not retry."""
    client = httpx2.Client(transport=LossyTransport(method, ending, number))
    return ChatGPTV(model="gptv-local", base_url=address, http_client=client, max_retries=0)


def test_submit_status_collect(engine, llm, out, tmp_path):
    """Split as asked, answered once each, collected into the file that a run writes to."""
    pictures = make_pictures(tmp_path / "in", 5)
    parts = submit_batch(pictures, llm=llm, out=out, ask="Total?", max_requests=2)
    assert [len(part.requests) for part in parts] == [2, 2, 1]
    assert submit_batch(pictures, llm=llm, out=out, ask="Total?") == []
    assert [(part.status, part.completed) for part in ended(out, llm)] == [
        ("completed", 2),
        ("completed", 2),
        ("completed", 1),
    ]
    result = collect_batch(out, llm=llm)
    assert (result.asked, result.failed, result.is_complete) == (5, 0, True)
    assert [line["item"] for line in records(out)] == pictures
    assert records(out)[0]["answer"] == "The total is 12.50 euros."
    assert collect_batch(out, llm=llm).asked == 0
    known = run_batch(pictures, llm=llm, out=out, ask="Total?", progress=False)
    assert (known.asked, known.known) == (0, 5)
    assert set(engine.asked.values()) == {1}


def test_files_are_split_by_bytes(llm, out, tmp_path):
    """No file passes the limit of bytes; a single request that would is recorded, not sent."""
    pictures = make_pictures(tmp_path / "in", 4)
    parts = submit_batch(pictures, llm=llm, out=out, ask="Total?", max_bytes=1000)
    assert [len(part.requests) for part in parts] == [2, 2]
    assert submit_batch(pictures[:1], llm=llm, out=out, ask="x" * 900, max_bytes=1000) == []
    assert "over the limit of 1,000 of a batch" in records(out)[-1]["error"]


def test_a_batch_whose_id_never_came_is_found_again(engine, address, llm, out, tmp_path):
    """The service took it and the reply was lost: the next call finds it, and pays once."""
    pictures = make_pictures(tmp_path / "in", 3)
    with pytest.raises(openai.APIConnectionError, match="Connection error"):
        submit_batch(pictures, llm=lossy(address, "POST", "/batches"), out=out, ask="Total?")
    assert submit_batch(pictures, llm=llm, out=out, ask="Total?") == []
    ended(out, llm)
    assert collect_batch(out, llm=llm).asked == 3
    assert set(engine.asked.values()) == {1}


def test_a_batch_that_never_arrived_is_sent_again(engine, address, llm, out, tmp_path):
    """The upload was lost before there was a batch: the same questions go once more."""
    pictures = make_pictures(tmp_path / "in", 3)
    with pytest.raises(openai.APIConnectionError, match="Connection error"):
        submit_batch(pictures, llm=lossy(address, "POST", "/files"), out=out, ask="Total?")
    assert len(submit_batch(pictures, llm=llm, out=out, ask="Total?")) == 1
    ended(out, llm)
    assert collect_batch(out, llm=llm).asked == 3
    assert set(engine.asked.values()) == {1}


def test_collecting_goes_on_where_it_broke(address, llm, out, tmp_path):
    """What was written before the line went stays, and nothing is written twice."""
    pictures = make_pictures(tmp_path / "in", 3)
    PIL.Image.new("RGB", (9, 9)).save(tmp_path / "wide.png")
    submit_batch([*pictures, tmp_path / "wide.png"], llm=llm, out=out, ask="Total?")
    ended(out, llm)
    with pytest.raises(openai.APIConnectionError, match="Connection error"):
        collect_batch(out, llm=lossy(address, "GET", "/content", 2))  # that of the failures
    assert [line["item"] for line in records(out)] == pictures
    result = collect_batch(out, llm=llm)
    assert (result.asked, result.failed) == (0, 1)
    assert "I do not like it" in records(out)[-1]["error"]
    assert len(records(out)) == 4


def test_what_expired_is_sent_again(engine, out, tmp_path):
    """A batch that ran out of time keeps what it answered; the rest go with the next submit."""
    pictures = make_pictures(tmp_path / "in", 3)
    service = LocalService(engine, batch_window_s=0.3)
    with running(build_app(service)) as found:
        llm = ChatGPTV(model="gptv-local", base_url=f"{found}/v1")
        engine.gate.clear()
        submit_batch(pictures, llm=llm, out=out, ask="Total?")
        time.sleep(0.4)
        engine.gate.set()
        assert [part.status for part in ended(out, llm)] == ["expired"]
        first = collect_batch(out, llm=llm)
        assert (first.asked, first.is_complete) == (1, False)
        assert first.stopped == "2 expired or never began; submit again."
        (again,) = submit_batch(pictures, llm=llm, out=out, ask="Total?")
        assert len(again.requests) == 2
        ended(out, llm)
        assert collect_batch(out, llm=llm).asked == 2
    assert set(engine.asked.values()) == {1}


class Owner(BaseModel):
    """Whose it is."""

    owner: str


class Price(BaseModel):
    """What it costs."""

    price: str


def test_answers_fit_the_schema_and_refusals_are_failures(llm, out, tmp_path):
    """JSON comes back as data; a request that the service refuses is recorded with its reason."""
    pictures = make_pictures(tmp_path / "in", 1)
    submit_batch(pictures, llm=llm, out=out, schema=Price)
    submit_batch(pictures, llm=llm, out=out, schema=Owner)
    ended(out, llm)
    result = collect_batch(out, llm=llm)
    assert (result.asked, result.failed) == (1, 1)
    price, owner = sorted(records(out), key=lambda line: not line["ok"])
    assert price["answer"] == {"price": "12.50"}
    assert "no name is printed" in owner["error"]
    assert submit_batch(pictures, llm=llm, out=out, schema=Owner) == []
    assert len(submit_batch(pictures, llm=llm, out=out, schema=Owner, retry_failed=True)) == 1


def test_a_run_does_not_ask_what_the_service_has(llm, out, tmp_path):
    """Asking now what was sent already would pay twice, so it is refused until it is collected."""
    pictures = make_pictures(tmp_path / "in", 1)
    submit_batch(pictures, llm=llm, out=out, ask="Total?")
    with pytest.raises(BatchError, match="1 questions of .* are with the batch service"):
        run_batch(pictures, llm=llm, out=out, ask="Total?", progress=False)


def test_copies_and_broken_pictures_have_their_lines(engine, llm, out, tmp_path):
    """One request for the same bytes under two names; a broken file is a failure at once."""
    (one,) = make_pictures(tmp_path / "in", 1)
    (tmp_path / "in" / "bad.png").write_bytes(b"no")
    items = [*load_items(tmp_path / "in"), Item("copy", one)]
    submit_batch(items, llm=llm, out=out, ask="Total?")
    ended(out, llm)
    collect_batch(out, llm=llm)
    assert {line["item"].rpartition("/")[2]: line["ok"] for line in records(out)} == {
        "bad.png": False,
        "0000.png": True,
        "copy": True,
    }
    assert sum(engine.asked.values()) == 1


def test_the_price_is_half():
    """An answer of a priced model costs half of what it costs at once."""
    from langchain_core.messages import AIMessage

    from langchain_gptv.batch.collecting import _usage

    usage = {"input_tokens": 1_000_000, "output_tokens": 0, "total_tokens": 1_000_000}
    message = AIMessage("A.", usage_metadata=usage, response_metadata={"model_name": "gpt-4o"})
    assert _usage(message).cost_usd == Decimal("1.25")


@pytest.mark.parametrize(
    ("llm", "match"),
    [
        (ChatGPTV(model="gptv-local"), "forgets a batch when the process ends"),
        (
            AzureChatGPTV(azure_deployment="gptv-local", api_version="2024-10-21"),
            "AzureChatGPTV cannot be asked",
        ),
    ],
    ids=["in process", "Azure"],
)
def test_models_without_a_batch_api_are_refused(llm, out, match):
    """The engine in this process and Azure's client are told from a service with batches."""
    with pytest.raises(BatchError, match=match):
        submit_batch(["a.png"], llm=llm, out=out, ask="Total?")


def test_nothing_submitted_is_an_error(llm, out):
    """Status and collect of a file that knows no batch say so, and leave no file behind."""
    for call in (batch_status, collect_batch):
        with pytest.raises(BatchError, match="Nothing was submitted for"):
            call(out, llm=llm)
    assert not out.exists()


@pytest.fixture
def gptv(monkeypatch, capsys, address):
    """Run `gptv batch ...` against the server; return exit status, stdout and stderr."""

    def run(*args):
        words = ["gptv", "batch", *map(str, args), "--base-url", address]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as stopped:
            main()
        return stopped.value.code or 0, *capsys.readouterr()

    return run


def test_the_commands_go_hand_in_hand(gptv, llm, out, tmp_path):
    """`gptv batch submit`, `status` and `collect`: 1 while answers are missing, then 0."""
    make_pictures(tmp_path / "in", 2)
    status, said, _ = gptv("submit", tmp_path / "in", "--ask", "Total?", "--out", out)
    assert (status, "2 questions sent" in said) == (0, True)
    ended(out, llm)
    status, said, _ = gptv("status", "--out", out)
    assert (status, "completed" in said) == (0, True)
    status, said, _ = gptv("collect", "--out", out, "--json")
    assert (status, json.loads(said)["asked"]) == (0, 2)


def test_submit_names_what_it_could_not_read(gptv, out, tmp_path):
    """The others are sent; the broken one is on stderr, and the exit status tells."""
    make_pictures(tmp_path / "in", 2)
    (tmp_path / "in" / "bad.png").write_bytes(b"no")
    status, said, noted = gptv("submit", tmp_path / "in", "--ask", "Total?", "--out", out)
    assert (status, said.splitlines()[0]) == (
        1,
        "2 questions sent in 1 batch, 1 could not be read.",
    )
    assert "bad.png: UnsupportedImageError" in noted


@pytest.mark.parametrize("command", ["status", "collect"])
def test_a_file_that_was_never_submitted_is_told_first(monkeypatch, capsys, command):
    """Without a key or a server too, the line is about the file."""
    monkeypatch.setattr(sys, "argv", ["gptv", "batch", command, "--out", "none.jsonl"])
    with pytest.raises(SystemExit, match="2"):
        main()
    said = capsys.readouterr().err
    assert said.startswith("gptv: Nothing was submitted for 'none.jsonl': there is no 'none.jsonl")
    assert said.count("\n") == 1


def test_collecting_waits_and_shows_how_far_it_is(engine, llm, out, tmp_path):
    """`wait` stays until the last batch has ended; the bar is told counts and cost."""
    pictures = make_pictures(tmp_path / "in", 3)
    engine.gate.clear()
    submit_batch(pictures, llm=llm, out=out, ask="Total?", max_requests=2, progress=False)
    shown = Shown(at_first=engine.gate.set)
    assert collect_batch(out, llm=llm, wait=True, progress=shown).asked == 3
    first, last = shown.standings[0], shown.standings[-1]
    assert (first.finished, first.total) == (0, 3)
    assert "at work" in first.note
    assert (last.finished, last.failed, last.cost_usd) == (3, 0, 0)
    assert shown.last_line.startswith("3 answered for $0.0000")


def test_submitting_shows_items_and_bytes(llm, out, tmp_path):
    """The bar counts what was prepared, also what cannot be read, and what goes out."""
    pictures = make_pictures(tmp_path / "in", 3)
    shown = Shown()
    submit_batch([*pictures, "gone.png"], llm=llm, out=out, ask="Total?", progress=shown)
    assert [(s.finished, s.total) for s in shown.standings][:4] == [(n, 4) for n in (1, 2, 3, 4)]
    assert shown.standings[-1].failed == 1
    assert re.fullmatch(r"uploading [\d.]+ of [\d.]+ MB", shown.standings[-1].note)
    assert shown.last_line == "3 questions sent in 1 batch, 1 could not be read."


def test_run_is_what_batch_alone_means(gptv, out, tmp_path):
    """`gptv batch FOLDER --ask` ends with a table, and 1 when one failed."""
    make_pictures(tmp_path / "in", 2)
    args = (tmp_path / "in", "--ask", "Total?", "--out", out)
    status, said, noted = gptv(*args)
    assert (status, said.split()[:6]) == (0, ["answered", "known", "failed", "cost", "2", "0"])
    assert said.splitlines()[-1] == f"Results in {out}"
    assert noted.count("\n") == 1  # who answers
    (tmp_path / "in" / "bad.png").write_bytes(b"no")
    status, said, _ = gptv("run", *args)
    assert (status, "bad.png: UnsupportedImageError" in said) == (1, True)


@pytest.mark.parametrize(
    ("named", "content", "match"),
    [
        ("gone.json", None, "gone.json"),
        ("list.json", "[1]", '"type": "object" is missing'),
        ("text.json", "Dear", "is no JSON"),
        ("no_such_module:Thing", None, "No module named"),
        ("json:loads", None, "has no Pydantic class 'loads'"),
    ],
)
def test_a_schema_that_is_none_is_one_clear_line(gptv, out, tmp_path, named, content, match):
    """Status 2 and the way out; nothing is asked and no file is made."""
    make_pictures(tmp_path / "in", 1)
    if named.endswith(".json"):
        named = tmp_path / named
    if content is not None:
        named.write_text(content)
    status, _, said = gptv(tmp_path / "in", "--schema", named, "--out", out)
    assert (status, match in said, "Traceback" in said) == (2, True, False)
    assert not out.exists()


def test_ready_and_own_schemas_are_taken(gptv, out, tmp_path):
    """A ready one by its name, a class, and a file, which is known as the class that it is of."""
    make_pictures(tmp_path / "in", 1)
    (tmp_path / "s.json").write_text(json.dumps(Price.model_json_schema()))
    for named in (f"{__name__}:Price", tmp_path / "s.json"):
        assert gptv(tmp_path / "in", "--schema", named, "--out", out)[0] == 0
    assert gptv(tmp_path / "in", "--schema", "chart", "--out", out)[0] == 1
    assert [line["ok"] for line in records(out)] == [True, False]


@pytest.fixture
def client(address):
    """The official client."""
    return openai.OpenAI(base_url=address, api_key="k", max_retries=0)


def upload(client, *requests):
    """Upload a file of requests."""
    data = b"\n".join(json.dumps(request).encode() for request in requests)
    return client.files.create(purpose="batch", file=("in.jsonl", data))


def request(name, url=CHAT):
    """A line of a batch."""
    body = {"model": "gptv-local", "messages": [user("Tötal?", chat_image())]}
    return {"custom_id": name, "method": "POST", "url": url, "body": body}


def create(client, file_id, **settings):
    """Create a batch."""
    usual = {"endpoint": CHAT, "completion_window": "24h", **settings}
    return client.batches.create(input_file_id=file_id, **usual)


def test_files_go_up_and_come_down(client):
    """The bytes that were uploaded come back, are listed, and are gone when deleted."""
    kept = upload(client, {"custom_id": "ü"})
    assert client.files.content(kept.id).content == b'{"custom_id": "\\u00fc"}'
    assert [file.id for file in client.files.list()] == [kept.id]
    assert client.files.delete(kept.id).deleted
    with pytest.raises(openai.NotFoundError, match="No such File object"):
        client.files.retrieve(kept.id)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([request("a"), request("a")], "duplicate_custom_id"),
        ([request("a", "/v1/responses")], "invalid_url"),
        ([{"body": 1}], "invalid_json_line"),
        ([], "invalid_file"),
    ],
)
def test_a_file_that_is_no_batch_fails_as_a_whole(client, lines, code):
    """The batch says which line, as the real service does, and nothing of it is asked."""
    batch = create(client, upload(client, *lines).id)
    while (batch := client.batches.retrieve(batch.id)).status == "validating":
        time.sleep(0.01)
    assert (batch.status, batch.errors.data[0].code) == ("failed", code)


def test_wrong_requests_are_told_as_the_service_does(client):
    """No such file or batch is 404; another window, endpoint or purpose is 400."""
    with pytest.raises(openai.NotFoundError, match="No such File object"):
        create(client, "file-none")
    with pytest.raises(openai.NotFoundError, match="No batch found with id"):
        client.batches.retrieve("batch_none")
    with pytest.raises(openai.BadRequestError, match="'1h'. Supported values are: '24h'"):
        create(client, "file-none", completion_window="1h")
    with pytest.raises(openai.BadRequestError, match="Supported values are: 'batch'"):
        client.files.create(purpose="vision", file=("a.png", b"1"))


def test_a_cancelled_batch_keeps_what_was_answered(engine, client):
    """What was not begun is told as cancelled."""
    engine.gate.clear()
    batch = create(client, upload(client, request("a"), request("b"), request("c")).id)
    while client.batches.retrieve(batch.id).status == "validating":
        time.sleep(0.01)
    client.batches.cancel(batch.id)
    engine.gate.set()
    while (batch := client.batches.retrieve(batch.id)).status == "cancelling":
        time.sleep(0.01)
    assert (batch.status, batch.request_counts.completed) == ("cancelled", 1)
    told = client.files.content(batch.error_file_id).text
    assert told.count("batch_cancelled") == 2
