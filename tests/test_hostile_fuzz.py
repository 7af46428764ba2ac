"""A short run of every fuzz target, and the inputs that once broke something.

The long run is `python benchmarks/fuzz.py --inputs 1000000`.
"""

from __future__ import annotations

import contextlib
import json
import random
import struct
import time

import pytest
from fuzz import mutations, seeds
from fuzz.targets import TARGETS, Target, run_one
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

from langchain_gptv import Image, ImageSources
from langchain_gptv.exceptions import CorruptImageError, GPTVError, MessageError
from langchain_gptv.local.wire import LocalService
from langchain_gptv.messages import normalize_messages
from langchain_gptv.store.records import Record
from langchain_gptv.testing.scrub import scrub_text
from langchain_gptv.tools.regions import parse_region
from langchain_gptv.vision import jpeg
from langchain_gptv.vision.untrusted import fence

SMALL = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
STANDS_ON = {
    "server: schema": "rapidfuzz",
    "server: question": "rapidfuzz",
    "server: PDF": "pypdfium2",
    "transcript": "av",
    "video": "av",
}
"""The library of an extra without which a target has nothing to do."""


@pytest.fixture(params=TARGETS, ids=lambda target: target.name)
def target(request) -> Target:
    """Each target whose library is here."""
    if request.param.name in STANDS_ON:
        pytest.importorskip(STANDS_ON[request.param.name], reason="its extra is not installed")
    return request.param


def test_seeds_are_sound(target):
    """At least one seed of each target gets through, so that a changed one can get far."""
    ends = [run_one(target, seed) for seed in target.seeds()]
    assert "accepted" in ends or target.name == "door: path"


@SMALL
@given(st.data())
def test_a_changed_input_breaks_nothing(target: Target, data):
    """Whatever becomes of a sound input, it is accepted or refused by an error of ours."""
    dice = random.Random(data.draw(st.integers(0, 2**32)))
    run_one(target, target.change(dice.choice(target.seeds()), dice, target.seeds()))


@SMALL
@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_input_breaks_nothing(target: Target, data):
    """Nor do bytes and texts that were never sound."""
    run_one(target, data)


def test_a_png_keeps_its_checksums():
    """The changes reach what stands behind the checksums of a PNG."""
    sound = next(data for data in seeds.images() if data.startswith(b"\x89PNG"))
    assert mutations.with_checksums(sound) == sound


# What once broke something


@pytest.mark.parametrize("block_type", [["text"], {"type": "text"}, {}, 7])
def test_a_block_whose_type_is_no_text(block_type):
    """It was an unhashable type; it is an error that names the block."""
    from langchain_gptv.messages.admission import admit_blocks
    from langchain_gptv.messages.placement import place_images

    message = HumanMessage([{"type": block_type, "text": "?"}])
    with pytest.raises(MessageError, match=r"messages\[0\]\.content\[0\] has type"):
        admit_blocks(place_images(normalize_messages([message])), "chat")


@pytest.mark.parametrize(
    "timeline", [[], [{"timestamp_s": "1e999", "url": "data:image/png;base64,"}]]
)
def test_a_timeline_that_is_none(timeline):
    """Without frames, or with one at the end of time."""
    block = {"type": "video", "extras": {"timeline": timeline}}
    with pytest.raises(MessageError, match=r"messages\[0\]\.content\[0\]"):
        normalize_messages([HumanMessage([block])])


def test_frames_of_a_timeline_are_read_like_other_images():
    """A broken data URL in one would have left unread, to be found at the second look."""
    url = seeds.data_urls()[1].decode()
    broken = f"{url[:80]}\n{url[80:]}"
    note = {"timestamp_s": 1, "url": broken}
    message = HumanMessage([{"type": "video", "extras": {"timeline": [note]}}])
    (normal,) = normalize_messages([message])
    assert normal.content[2]["image_url"]["url"] == url
    note["url"] = "data:image/svg+xml;base64,PHN2Zy8+"
    with pytest.raises(MessageError, match="no image"):
        normalize_messages([message])


def test_half_a_character_can_be_fenced():
    """What was read may hold one, and no request could carry it."""
    assert "\ud800" not in fence([("Text", ["a\ud800b"])])


def test_a_stored_crop_of_half_a_size():
    """A record that another program wrote is damaged, not an index out of range."""
    whole = seeds.records()[1]
    with pytest.raises(CorruptImageError, match="damaged or not ours"):
        Record.decode(whole.replace(b"[9, 9]", b"[9]"), handle="img_3f9a2c")


@pytest.mark.parametrize("name", [b"com\xffadobe", b"\xed\xa0\x80"])
def test_a_png_chunk_with_a_name_of_any_bytes(name):
    """Libvips takes such names for UTF-8, and its binding fails on them."""
    from pictures import chunk, corners, encoded

    from langchain_gptv.vision.prepare import prepare_to_size

    data = encoded(corners(), "PNG")
    data = data[:33] + chunk(b"tEXt", name + b"\0x") + data[33:]
    assert prepare_to_size(data, (32, 32), resize="always").width == 32


@pytest.mark.parametrize("length", [300, 5_000, 200_000])
def test_a_name_that_is_too_long_for_a_path(tmp_path, length):
    """It is refused by an error of ours, by the door and by the tools."""
    from langchain_gptv.store import ImageStore
    from langchain_gptv.tools.references import open_reference

    sources = ImageSources(roots=[tmp_path])
    for name in ("x" * length, str(tmp_path / ("x" * length)), "a/" * length):
        with pytest.raises(GPTVError, match="cannot be|outside|no file|longer than"):
            sources.open_path(name)
        with pytest.raises(GPTVError, match="cannot be|outside|no file|longer than"):
            open_reference(name, ImageStore(), sources)


SCHEMAS = (
    {"properties": "x"},
    {"properties": {"a": ["number"]}},
    {"properties": {"a": {"anyOf": ["null", {"type": "null"}]}}},
    {"properties": {"a": {"type": "array", "items": "x"}}},
    {"properties": {"a": {"description": None}}},
    {"properties": {"a": {"$ref": 7}}},
    {"properties": {"a": {"type": {"b": 1}}}},
    {"properties": {"a": {"enum": 3}}},
    {"$defs": "x", "properties": {}},
    {"required": [{}], "properties": {}},
)


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
@pytest.mark.parametrize("place", ["response_format", "tools"])
def test_a_schema_that_is_none_is_refused_by_its_path(schema, place):
    """The server answered that it has a defect; it is a fault of the request."""
    from wire_support import FakeEngine

    function = {"name": "f", "parameters": schema}
    asked = {
        "response_format": {"type": "json_schema", "json_schema": {"name": "f", "schema": schema}},
        "tools": [{"type": "function", "function": function}],
    }
    body = {"model": "gptv-local", "messages": [{"role": "user", "content": "?"}]}
    body |= {place: asked[place], "tool_choice": "required" if place == "tools" else None}
    headers = {"content-type": "application/json"}
    service = LocalService(FakeEngine())
    reply = service.handle("POST", "/v1/chat/completions", {}, headers, json.dumps(body).encode())
    error = json.loads(reply.body)["error"]
    assert reply.status == 400
    assert error["param"].startswith(place)


def test_a_schema_that_refers_to_itself_comes_to_an_end():
    """An object in an object in an object is filled a few levels deep, and no further."""
    schema = {"properties": {"child": {"$ref": "#/$defs/N"}}, "$defs": {}}
    schema["$defs"]["N"] = {"type": "object", "properties": {"child": {"$ref": "#/$defs/N"}}}
    filled = _fill(schema)
    assert 5 < str(filled).count("child") <= 10


def test_a_schema_of_many_levels_is_refused():
    """Deep nesting is refused before it is walked through."""
    from langchain_gptv.local.wire.body import Node
    from langchain_gptv.local.wire.errors import WireError
    from langchain_gptv.local.wire.schema import read_schema

    schema: dict = {}
    for _ in range(300):
        schema = {"items": schema}
    with pytest.raises(WireError, match="more than 50 levels"):
        read_schema(Node(schema, "schema"))


SLOW = {
    "spaces behind a region": lambda n: parse_region(f"1,2,3,4{' ' * n}x", 10, 10),
    "hyphens in a cassette": lambda n: scrub_text("a-" * n),
    "backslashes in a cassette": lambda n: scrub_text("\\" * n),
    "quotation marks in a question": lambda n: _ask("“" * n),
    "words in the name of a property": lambda n: _fill(
        {"properties": {"a_" * n: {"type": "number"}}}
    ),
    "associations in an AVIF": lambda n: Image(_avif(n)),
}


@pytest.mark.parametrize("name", SLOW)
def test_time_grows_with_the_length_and_not_its_square(name):
    """Each of these took seconds or minutes for a hundred kilobytes."""
    start = time.process_time()
    with contextlib.suppress(GPTVError):
        SLOW[name](50_000)
    assert time.process_time() - start < 2


def _fill(schema: dict) -> dict:
    pytest.importorskip("rapidfuzz", reason="the extra 'local' is not installed")
    from langchain_gptv.local.schemas import fill_schema

    return fill_schema([], "?", schema)[0]


def _ask(question: str) -> None:
    from langchain_gptv.local.questions import parse_question

    parse_question(question)


def _avif(count: int) -> bytes:
    from fuzz import bombs

    return bombs._avif(struct.pack(">II", 0, 20 * count) + b"\xff\xff\0" * 20 * count)


def test_a_jpeg_of_one_scan_is_not_walked_through():
    """Counting the scans of an ordinary file looks at its head alone."""
    plain = seeds.images()[0]
    assert jpeg.count_scans(plain) == 1
    assert jpeg.count_scans(seeds.images()[7]) > 1
    assert jpeg.count_scans(plain[:-2] + plain[2:]) == 1
