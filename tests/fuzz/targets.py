"""Each parser of the package as a target: how it is run, and what must hold of the outcome.

A target takes bytes. It may raise errors of this package and no other, and checks itself what an
attacker must not get: an address inside the network, a file outside the roots, an open fence.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage

from fuzz import mutations, seeds, videos
from langchain_gptv import Image, ImageSources
from langchain_gptv.exceptions import GPTVError
from langchain_gptv.sources.addresses import is_address, kind_of_address
from langchain_gptv.vision.boxes import Box

Run = Callable[[bytes], object]


@dataclass(frozen=True)
class Target:
    """One parser.

    Attributes:
        name: What tables call it.
        run: Gives it one input.
        seeds: Sound inputs.
        change: How inputs are made of them.
        share: Of all inputs of a long run, in parts of a hundred.
    """

    name: str
    run: Run
    seeds: Callable[[], tuple[bytes, ...]]
    change: mutations.Change
    share: float


def run_one(target: Target, data: bytes) -> str:
    """Run one input; return the class of the refusal, or "accepted".

    Any other error is the finding.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            target.run(data)
        except GPTVError as error:
            return type(error).__name__
    return "accepted"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace" if not _is_text(data) else "surrogatepass")


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _url(data: bytes) -> None:
    from langchain_gptv.sources.fetching import parse_url

    rules = ImageSources(schemes={"http", "https"}).url_rules
    url = parse_url(_text(data))
    rules.check_url(url)
    if is_address(url.host):
        rules.check_addresses(url, [url.host])
        assert kind_of_address(url.host) == "public", url
    assert url.scheme in ("http", "https"), url
    assert not url.userinfo, url
    assert url.port in (None, 80, 443), url


@functools.cache
def _folder() -> Path:
    """Return a folder with a picture inside the root, and what must not be opened around it."""
    place = Path(tempfile.mkdtemp(prefix="gptv-fuzz-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    root = place / "root"
    (root / "folder").mkdir(parents=True)
    for path in (place / "a.png", root / "a.png", root / "folder" / "a.png"):
        shutil.copy(seeds.EXAMPLES / "chart.png", path)
    with (place / "a.png").open("ab") as secret:
        secret.write(b"SECRET")
    os.mkfifo(root / "fifo")
    (root / "out").symlink_to(place)
    return root


def _path(data: bytes) -> None:
    image = ImageSources(roots=[_folder()]).open_path(_text(data))
    assert not image.data.endswith(b"SECRET"), data


def _rooted(data: bytes) -> None:
    _path(bytes(_folder()) + b"/" + data)


def _image(data: bytes) -> None:
    image = Image(data)
    assert image.width > 0 < image.height
    if image.frame_count > 1:
        image.frame_header(1)


def _data_url(data: bytes) -> None:
    text = _text(data)
    with contextlib.suppress(GPTVError):
        _ = Image.from_base64(text).data
    _ = Image.from_data_url(text).data


def _metadata(data: bytes) -> None:
    from langchain_gptv.vision.headers import ACCEPTED_TYPES
    from langchain_gptv.vision.metadata import without_metadata

    image = Image(data)
    if image.mime_type in ACCEPTED_TYPES:
        without_metadata(data, image.mime_type, name="image")


def _prepare(data: bytes) -> None:
    from langchain_gptv.vision.prepare import prepare_to_size

    prepared = prepare_to_size(data, (32, 32))
    assert Image(prepared.data).width == prepared.width


def _decode(data: bytes) -> None:
    Image(data).to_pil()


def _messages(data: bytes) -> None:
    from langchain_gptv.messages import normalize_messages
    from langchain_gptv.messages.admission import admit_blocks
    from langchain_gptv.messages.placement import place_images

    content = _json(data)
    if not isinstance(content, list) or not all(isinstance(b, str | dict) for b in content):
        return  # LangChain's own messages take nothing else
    normal = normalize_messages([HumanMessage(content)])
    assert normalize_messages(normal) == normal
    admit_blocks(place_images(normal), "chat")
    admit_blocks(place_images(normal, api="responses"), "responses")


@functools.cache
def _service() -> Any:
    from wire_support import FakeEngine

    from langchain_gptv.local.wire import LocalService

    return LocalService(FakeEngine())


def _body(data: bytes) -> None:
    headers = {"content-type": "application/json"}
    for path in ("/v1/chat/completions", "/v1/responses"):
        reply = _service().handle("POST", path, {}, headers, data)
        sent = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
        assert reply.status < 500, sent[:500]


def _schema(data: bytes) -> None:
    from langchain_gptv.local.schemas import fill_schema
    from langchain_gptv.local.wire.body import Node
    from langchain_gptv.local.wire.errors import WireError
    from langchain_gptv.local.wire.schema import read_schema

    with contextlib.suppress(WireError):
        fill_schema([_seen()], "What is the total?", read_schema(Node(_json(data), "schema")))


def _question(data: bytes) -> None:
    from langchain_gptv.local.answers import answer_question
    from langchain_gptv.local.questions import parse_question

    assert answer_question(_seen(), parse_question(_text(data))).text


@functools.cache
def _seen() -> Any:
    from langchain_gptv.vision.observations import DetectedObject, Observation, TextLine

    rows = ("Invoice 123", "Coffee 2 3.50 7.00", "Tea 1 2.50 2.50", "TOTAL 9.50", "Due 2026-01-31")
    lines = (TextLine(row, 0.9, Box(10, 40 * n, 300, 40 * n + 20)) for n, row in enumerate(rows))
    objects = (DetectedObject("cup", 0.9, Box(20, 20, 60, 60)),)
    return Observation(400, 300, tuple(lines), objects)


def _cassette(data: bytes) -> None:
    from langchain_gptv.testing import serializer
    from langchain_gptv.testing.files import read_cassette

    path = _folder().parent / "cassette.yaml"
    path.write_bytes(data)
    read_cassette(path, serializer)


def _handle(data: bytes) -> None:
    from langchain_gptv.store import handles

    text = _text(data)
    key = handles.key_of(handles.handle_of(text) or text)
    handles.handle_of_key(text)
    if key is not None:
        assert ".." not in key, key
        assert not key.startswith("/"), key
        assert handles.key_of(handles.handle_of_key(key) or "") == key, key


def _record(data: bytes) -> None:
    from langchain_gptv.store.records import Record

    Record.decode(data, handle="img_3f9a2c")


def _reference(data: bytes) -> None:
    from langchain_gptv.tools.references import open_reference

    opened = open_reference(_text(data), _store(), ImageSources(roots=[_folder()]))
    assert not opened.image.data.endswith(b"SECRET"), data


@functools.cache
def _store() -> Any:
    from langchain_gptv.store import ImageStore

    store = ImageStore()
    store.put(seeds.images()[1])
    return store


def _region(data: bytes) -> None:
    from langchain_gptv.tools.regions import parse_region

    box = parse_region(_text(data), 400, 300)
    assert 0 <= box.x1 < box.x2 <= 400, box
    assert 0 <= box.y1 < box.y2 <= 300, box


def _fence(data: bytes) -> None:
    from langchain_gptv.tools.quoting import quote_picture_text
    from langchain_gptv.vision.untrusted import fence, is_fenced

    text = _text(data)
    block = fence([("Text", text.split(";"))])
    last = block.splitlines()[-1]
    assert is_fenced(block), text
    assert block.count(last) == 1, text
    quoted = quote_picture_text(text)
    assert quoted.lower().count("</picture_text>") == 1, text
    assert quoted.lower().count("<picture_text") == 1, text


def _scrub(data: bytes) -> None:
    from langchain_gptv.testing.scrub import scrub_text

    found = scrub_text(_text(data) + ' "api_key": "s3cretvalue1"')
    assert "s3cretvalue1" not in found, data


def _response(data: bytes) -> None:
    """Fetch from a server that answers with `data`, over a connection that is none."""
    from langchain_gptv.sources import fetching

    rules = ImageSources(hosts=["8.8.8.8"], schemes={"http"}, max_bytes=100_000).url_rules
    with _answering(data):
        image = fetching.fetch_url("http://8.8.8.8/a.png", rules)
    assert len(image.data) <= 100_000


@contextlib.contextmanager
def _answering(data: bytes) -> Iterator[None]:
    import httpcore2

    from langchain_gptv.sources import fetching

    class Backend(httpcore2.MockBackend):
        def __init__(self, addresses: object, deadline: float) -> None:
            assert addresses == ["8.8.8.8"], addresses
            super().__init__([data[at : at + 100] for at in range(0, len(data), 100)])

    kept, fetching.PinnedBackend = fetching.PinnedBackend, Backend
    try:
        yield
    finally:
        fetching.PinnedBackend = kept


def _subtitles(data: bytes) -> None:
    from langchain_gptv.transcripts import parse_transcript

    parse_transcript(data)


def _pdf(data: bytes) -> None:
    from langchain_gptv.local.wire.pages import render_pages

    render_pages(data)


_BYTES, _TEXT, _JSON = mutations.change_bytes, mutations.change_text, mutations.change_json

TARGETS = (
    Target("door: URL", _url, lambda: seeds.texts(*seeds.URLS), _TEXT, 14),
    Target("door: path", _path, lambda: seeds.texts(*seeds.PATHS), _TEXT, 4),
    Target("door: path in a root", _rooted, lambda: seeds.texts(*seeds.PATHS), _TEXT, 4),
    Target("door: HTTP answer", _response, seeds.responses, _BYTES, 1.5),
    Target("tools: name of an image", _reference, seeds.references, _TEXT, 3),
    Target("tools: region", _region, lambda: seeds.texts(*seeds.REGIONS), _TEXT, 14),
    Target("store: handle", _handle, lambda: seeds.texts(*seeds.HANDLES), _TEXT, 14),
    Target("store: record", _record, seeds.records, _BYTES, 3),
    Target("text from a picture", _fence, lambda: seeds.texts(*seeds.WORDS), _TEXT, 6),
    Target("Image", _image, seeds.images, _BYTES, 9),
    Target("data URL", _data_url, seeds.data_urls, _TEXT, 6),
    Target("metadata", _metadata, seeds.images, _BYTES, 4),
    Target("Image.to_pil", _decode, seeds.images, _BYTES, 2),
    Target("prepare_image", _prepare, seeds.images, _BYTES, 1),
    Target("messages", _messages, seeds.contents, _JSON, 4),
    Target("server: body", _body, seeds.bodies, _JSON, 4),
    Target("server: body, as bytes", _body, seeds.bodies, _BYTES, 1),
    Target("server: schema", _schema, seeds.schemas, _JSON, 1),
    Target("server: question", _question, lambda: seeds.texts(*seeds.QUESTIONS), _TEXT, 1),
    Target("server: PDF", _pdf, seeds.pdfs, _BYTES, 0.2),
    Target("cassette", _cassette, seeds.cassettes, _BYTES, 1),
    Target("cassette: scrubbing", _scrub, lambda: seeds.texts(*seeds.WORDS), _TEXT, 2),
    Target("transcript", _subtitles, seeds.subtitles, _BYTES, 0.3),
    Target("video", videos.sample, videos.videos, videos.change_video, 2),
)
