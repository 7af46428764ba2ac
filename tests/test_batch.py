"""One question about many pictures: what is asked, kept, paid for, and gone on with."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import openai
import pytest
from batching import QUESTION, chat_site, make_pictures, records
from conftest import ROOT
from langchain_core.rate_limiters import InMemoryRateLimiter
from pydantic import BaseModel, SecretStr

from langchain_gptv import ChatGPTV
from langchain_gptv.batch import Item, Journal, arun_batch, load_items, run_batch
from langchain_gptv.exceptions import BatchError, BudgetError, ImageError, JournalLockedError

PRICE = Decimal("0.001625")
"""Of 250 input and 100 output tokens of gpt-4o."""

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])


@pytest.fixture(scope="module")
def running():
    """One server for the module."""
    with chat_site() as found:
        yield found


@pytest.fixture
def site(running):
    """The server, as good as new."""
    running.asked.clear()
    running.answered.clear()
    running.times.clear()
    running.faults.clear()
    running.delay_s, running.content, running.most_at_a_time = 0.0, "8 pixels", 0
    return running


@pytest.fixture
def ask(site, tmp_path):
    """Run a batch against the server; `out` is the same file each time."""

    def run(items, **kwargs):
        llm = kwargs.pop("llm", None) or model(site)
        settings = {"ask": QUESTION, "out": tmp_path / "out.jsonl", "progress": False, **kwargs}
        return run_batch(items, llm=llm, **settings)

    return run


def model(site, **kwargs):
    """A chat model that asks the server and does not retry by itself."""
    settings = {"model": "gpt-4o", "max_retries": 0, "max_tokens": 200, **kwargs}
    return ChatGPTV(base_url=site.url, api_key=SecretStr("k"), **settings)


def error(code, status=429, headers=(), message="no"):
    """A reply of the service that is an error."""
    body = {"error": {"message": message, "type": "x", "code": code, "param": None}}
    return status, dict(headers), body


def test_every_picture_is_asked_once_and_never_again(ask, site, tmp_path):
    """Answers, tokens and cost stand in the file; the same call again asks and pays nothing."""
    pictures = make_pictures(tmp_path / "in", 20)
    first, second = ask(pictures), ask(pictures)
    assert (first.asked, first.known, first.failed, first.is_complete) == (20, 0, 0, True)
    assert first.cost_usd == 20 * PRICE
    assert (second.asked, second.known, second.cost_usd) == (0, 20, 0)
    assert set(site.asked.values()) == {1}
    lines = records(tmp_path / "out.jsonl")
    assert sorted(line["item"] for line in lines) == pictures
    assert lines[0] | {"key": "", "item": ""} == {
        "key": "",
        "item": "",
        "ok": True,
        "answer": "8 pixels",
        "question": QUESTION,
        "model": "gpt-4o",
        "input_tokens": 250,
        "output_tokens": 100,
        "cost_usd": str(PRICE),
    }


def test_another_question_model_or_setting_is_asked_anew(ask, site, tmp_path):
    """Answers to different questions stand side by side and are not taken for one another."""
    pictures = make_pictures(tmp_path / "in", 1)
    variants = [
        {},
        {"ask": "How high is it?"},
        {"llm": model(site, model="gpt-4o-mini")},
        {"llm": model(site, detail="low")},
        {"llm": model(site, temperature=0.5)},
    ]
    assert [ask(pictures, **variant).asked for variant in variants] == [1] * 5
    assert [ask(pictures, **variant).known for variant in variants] == [1] * 5
    assert len({line["key"] for line in records(tmp_path / "out.jsonl")}) == 5


def test_a_key_or_a_timeout_changes_nothing(ask, site, tmp_path):
    """What does not change the answer is no reason to pay again."""
    pictures = make_pictures(tmp_path / "in", 1)
    ask(pictures)
    other = ChatGPTV(model="gpt-4o", base_url=site.url, api_key="n", timeout=9, max_tokens=200)
    assert ask(pictures, llm=other, max_concurrency=1).known == 1


def test_no_more_are_under_way_than_workers(ask, site, tmp_path):
    """Eight pictures with three workers: three at a time, and side by side."""
    site.delay_s = 0.05
    ask(make_pictures(tmp_path / "in", 8), max_concurrency=3)
    assert site.most_at_a_time == 3


def test_a_copy_of_a_picture_is_not_paid_for(ask, site, tmp_path):
    """The same bytes under three names are asked once, and every name has its line."""
    (one,) = make_pictures(tmp_path / "in", 1)
    site.delay_s = 0.1
    items = [Item(name, one) for name in "abc"]
    result = ask(items)
    assert (result.asked, result.known, sum(site.asked.values())) == (1, 2, 1)
    lines = records(tmp_path / "out.jsonl")
    assert {line["item"]: line["answer"] for line in lines} == dict.fromkeys("abc", "8 pixels")
    assert sum(Decimal(line["cost_usd"]) for line in lines) == PRICE
    ask(items)
    assert len(records(tmp_path / "out.jsonl")) == 3


def test_a_broken_picture_costs_no_other(ask, site, tmp_path):
    """Missing, empty and junk files are recorded by name and rule; the rest are answered."""
    pictures = make_pictures(tmp_path / "in", 5)
    (tmp_path / "in" / "empty.png").write_bytes(b"")
    (tmp_path / "in" / "junk.jpg").write_bytes(b"hello")
    result = ask([*load_items(tmp_path / "in"), tmp_path / "gone.png"])
    assert (result.asked, result.failed, result.is_complete) == (5, 3, False)
    assert [message.split(":")[0] for _, message in sorted(result.errors)] == [
        "ImageNotFoundError",
        "CorruptImageError",
        "UnsupportedImageError",
    ]
    again = ask([*pictures, tmp_path / "gone.png"])
    assert (again.known, again.failed) == (5, 1)
    assert len(records(tmp_path / "out.jsonl")) == 8


def test_failures_are_asked_again_on_request(ask, site, tmp_path):
    """A resumed run leaves failures alone; with `retry_failed` it asks for just those."""
    pictures = make_pictures(tmp_path / "in", 4)
    site.faults = [error("bad", 400)]
    assert ask(pictures, max_concurrency=1).failed == 1
    assert (ask(pictures).failed, sum(site.asked.values())) == (1, 4)
    retried = ask(pictures, retry_failed=True)
    assert (retried.asked, retried.known, retried.failed) == (1, 3, 0)
    assert sum(site.asked.values()) == 5


def test_a_broken_picture_among_a_thousand_costs_itself_alone(ask, site, tmp_path):
    """All the others are asked about once, and the one has a line with its reason."""
    pictures = make_pictures(tmp_path / "in", 1000)
    Path(pictures[500]).write_bytes(b"\x89PNG\r\n\x1a\n")
    result = ask(pictures, max_concurrency=16)
    assert (result.asked, result.failed) == (999, 1)
    assert [name for name, _ in result.errors] == [pictures[500]]
    lines = {line["item"]: line["ok"] for line in records(tmp_path / "out.jsonl")}
    assert lines == {picture: picture != pictures[500] for picture in pictures}
    assert set(site.asked.values()) == {1}


def test_on_error_raise_ends_with_the_error(ask, tmp_path):
    """The first failure is raised, and what was answered before it stays."""
    pictures = make_pictures(tmp_path / "in", 2)
    with pytest.raises(ImageError, match="There is no file"):
        ask([*pictures, "gone.png"], on_error="raise", max_concurrency=1)
    assert [line["ok"] for line in records(tmp_path / "out.jsonl")] == [True, True, False]


def test_one_retry_after_holds_all_workers(ask, site, tmp_path):
    """When one worker is told to wait, none begins a call before that time."""
    site.faults = [error("rate_limit_exceeded", headers={"retry-after": "0.6"}.items())]
    site.delay_s = 0.02
    assert ask(make_pictures(tmp_path / "in", 12), max_concurrency=4).is_complete
    early, late = [t for t in site.times if t < site.times[0] + 0.3], site.times[-1]
    assert len(early) <= 8  # the four under way, and four that had begun meanwhile
    assert late - site.times[0] >= 0.6
    assert sum(site.asked.values()) == 13


def test_a_rate_limiter_of_the_model_is_kept_to(ask, site, tmp_path):
    """LangChain's own limiter paces the workers together."""
    limiter = InMemoryRateLimiter(requests_per_second=20, check_every_n_seconds=0.01)
    ask(make_pictures(tmp_path / "in", 8), llm=model(site, rate_limiter=limiter), max_concurrency=8)
    assert site.times[-1] - site.times[0] >= 0.25


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error("invalid_api_key", 401), openai.AuthenticationError),
        (error("model_not_found", 404), openai.NotFoundError),
        (error("insufficient_quota", 429), openai.RateLimitError),
    ],
)
def test_what_every_picture_would_meet_ends_the_run_at_once(ask, site, tmp_path, reply, kind):
    """A wrong key, no such model and no quota are raised, not recorded a thousand times."""
    site.faults = [reply] * 50
    with pytest.raises(kind, match="no"):
        ask(make_pictures(tmp_path / "in", 50), max_concurrency=2)
    assert sum(site.asked.values()) <= 4
    assert records(tmp_path / "out.jsonl") == []


def test_the_limit_of_cost_is_not_passed(ask, site, tmp_path):
    """It stops before the answer that might, says so, and goes on when the limit is raised."""
    pictures = make_pictures(tmp_path / "in", 20)
    first = ask(pictures, max_cost_usd=0.0203, max_concurrency=8)
    assert 0 < first.asked < 20
    assert first.cost_usd <= Decimal("0.0203")
    assert "the next answer might pass the limit of $0.0203" in first.stopped
    assert not first.is_complete
    second = ask(pictures, max_cost_usd=1)
    assert (second.asked, second.known, second.is_complete) == (20 - first.asked, first.asked, True)
    assert set(site.asked.values()) == {1}


def test_a_limit_without_a_price_is_refused(ask, site, tmp_path):
    """A model that nobody knows the price of cannot be kept to a budget; nothing is asked."""
    llm = model(site, model="somebodys-model")
    with pytest.raises(BudgetError, match="price of 'somebodys-model' is not known"):
        ask(make_pictures(tmp_path / "in", 1), llm=llm, max_cost_usd=1)
    assert not site.asked


class Size(BaseModel):
    """The size of a picture."""

    width: int
    unit: str | None


@pytest.mark.parametrize("schema", [Size, Size.model_json_schema()], ids=["class", "json"])
def test_answers_fit_the_schema(ask, site, tmp_path, schema):
    """The answer is JSON; one that does not fit is a failure with the reply beside it."""
    pictures = make_pictures(tmp_path / "in", 2)
    site.content = '{"width": 8, "unit": "px"}'
    ask(pictures[:1], ask=None, schema=schema)
    site.content = '{"unit": "px"}'
    ask(pictures[1:], ask=None, schema=schema)
    good, bad = records(tmp_path / "out.jsonl")
    assert good["answer"] == {"width": 8, "unit": "px"}
    assert bad["error"].startswith("ReplyError: The reply")
    assert bad["reply"] == '{"unit": "px"}'
    assert bad["cost_usd"] == str(PRICE)


def test_a_csv_file_fills_the_question(ask, site, tmp_path):
    """Columns stand for their names in braces; paths are relative to the file."""
    make_pictures(tmp_path / "in", 2)
    table = tmp_path / "in" / "list.csv"
    table.write_text("﻿thing;image\ncat;0000.png\ndög;0001.png\n", encoding="utf-8")
    ask(load_items(table), ask="Is there a {thing}?")
    lines = {line["item"]: line["question"] for line in records(tmp_path / "out.jsonl")}
    assert lines == {"0000.png": "Is there a cat?", "0001.png": "Is there a dög?"}


def test_a_column_that_is_not_there_is_told_before_anything_is_asked(ask, site, tmp_path):
    """A slip in a column's name costs nothing; without columns, braces are just braces."""
    make_pictures(tmp_path / "in", 2)
    table = tmp_path / "in" / "list.csv"
    table.write_text("image,thing\n0000.png,cat\n0001.png,dog\n")
    with pytest.raises(BatchError, match=r"names \{thng\}, and the columns .* are image, thing"):
        ask(load_items(table), ask="Is there a {thng}?")
    assert sum(site.asked.values()) == 0
    ask(load_items(tmp_path / "in"), ask="Answer {yes} or {no}.")
    assert {line["question"] for line in records(tmp_path / "out.jsonl")} == {
        "Answer {yes} or {no}."
    }


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("gone", None, "There is nothing at"),
        ("latin.csv", "image\nü.png".encode("latin-1"), "no CSV file in UTF-8"),
        ("head.csv", b"image\n", "holds no row"),
        ("empty.csv", b"", "holds no row"),
        ("hole.csv", b"image,thing\n,cat\n", "line 2, has nothing in the column 'image'"),
    ],
)
def test_a_list_that_cannot_be_read_says_why(tmp_path, name, content, match):
    """Nothing there, another encoding, no row, or a row without a picture."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BatchError, match=match):
        load_items(path)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"ask": ""}, "nothing to ask"),
        ({"max_concurrency": 0}, "max_concurrency=0"),
        ({"items": [3]}, "no name"),
    ],
)
def test_what_cannot_be_asked_is_refused(ask, settings, match):
    """No question, no worker, and a picture without a name."""
    with pytest.raises(BatchError, match=match):
        ask(settings.pop("items", []), **settings)


def test_two_runs_on_one_file_are_refused(ask, tmp_path):
    """The second is told so before it asks anything."""
    with Journal(tmp_path / "out.jsonl"), pytest.raises(JournalLockedError, match="in use"):
        ask(make_pictures(tmp_path / "in", 1))


async def test_the_event_loop_is_never_blocked(site, tmp_path):
    """While a batch runs, the loop goes on; a cancelled one keeps what was answered."""
    site.delay_s = 0.05
    pictures = make_pictures(tmp_path / "in", 40)
    out = tmp_path / "out.jsonl"
    work = arun_batch(
        pictures, llm=model(site), out=out, ask=QUESTION, progress=False, max_concurrency=4
    )
    task = asyncio.create_task(work)
    gaps, last = [], time.monotonic()
    while sum(site.answered.values()) < 8 and not task.done():
        await asyncio.sleep(0.005)
        gaps.append(time.monotonic() - last)
        last = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError, match="^$"):
        await task
    assert sorted(gaps)[len(gaps) // 2] < 0.1
    kept = len(records(out))
    assert 4 <= kept < 40
    Journal(out).close()


def command(site, folder, out, *more):
    """Return `gptv batch` as a process of its own is started with."""
    args = [
        "batch",
        folder,
        "--ask",
        QUESTION,
        "--out",
        out,
        "--base-url",
        site.url,
        "-m",
        "gpt-4o",
    ]
    code = "from langchain_gptv.cli import main; main()"
    return [sys.executable, "-c", code, *map(str, args), *more]


def start(site, folder, out, *more):
    """Start `gptv batch`, quietly, with a key that no server asks for."""
    return subprocess.Popen(
        command(site, folder, out, *more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OPENAI_API_KEY": "k"},
    )


def wait_for(site, count, process):
    """Wait until so many questions have come."""
    until = time.monotonic() + 60
    while sum(site.asked.values()) < count and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.002)


def test_kill_9_at_any_moment_loses_nothing_and_pays_nothing_twice(site, tmp_path):
    """Every answer that was written stays and is not asked for again, whenever the kill comes."""
    workers, kills, moment = 4, 3, random.Random(7)
    make_pictures(tmp_path / "in", 60)
    out = tmp_path / "out.jsonl"
    site.delay_s = 0.02
    kept: list[bytes] = []
    for _ in range(kills):
        process = start(site, tmp_path / "in", out, "--workers", str(workers))
        wait_for(site, sum(site.asked.values()) + moment.randint(4, 16), process)
        time.sleep(moment.random() * 0.03)
        process.kill()
        process.communicate()
        whole = [line for line in out.read_bytes().splitlines(True) if line.endswith(b"\n")]
        assert whole[: len(kept)] == kept
        kept = whole
    before = Counter(site.asked)
    process = start(site, tmp_path / "in", out, "--workers", str(workers))
    _, said = process.communicate()
    assert process.returncode == 0, said
    lines = records(out)
    assert len({line["key"] for line in lines}) == len(lines) == 60
    assert out.read_bytes().startswith(b"".join(kept))
    assert sum(site.asked.values()) <= 60 + kills * workers
    assert sum(site.asked.values()) - sum(before.values()) == 60 - len(kept)


def test_ctrl_c_keeps_the_answers_under_way(site, tmp_path):
    """After Ctrl-C nothing begins, everything begun is kept, and the same command goes on."""
    make_pictures(tmp_path / "in", 30)
    out = tmp_path / "out.jsonl"
    site.delay_s = 0.3
    process = start(site, tmp_path / "in", out, "--workers", "4")
    wait_for(site, 8, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert "interrupted; run the same again to go on" in said
    asked = sum(site.asked.values())
    assert len(records(out)) == asked < 30
    site.delay_s = 0.0
    process = start(site, tmp_path / "in", out, "--json")
    process.communicate()
    assert process.returncode == 0
    assert set(site.asked.values()) == {1}


def test_two_processes_on_one_file_are_refused(site, tmp_path):
    """The second ends with status 2 and one line; the first is not disturbed."""
    make_pictures(tmp_path / "in", 4)
    out = tmp_path / "out.jsonl"
    site.gate.clear()
    first = start(site, tmp_path / "in", out, "--workers", "1")
    wait_for(site, 1, first)
    second = start(site, tmp_path / "in", out)
    _, said = second.communicate()
    site.gate.set()
    first.communicate()
    assert (first.returncode, second.returncode) == (0, 2)
    assert "is in use by another run" in said
    assert set(site.asked.values()) == {1}
    assert len(records(out)) == 4
