"""The door: which paths and URLs it opens, and every way round it that was tried."""

from __future__ import annotations

import asyncio
import copy
import gzip
import os
import pickle
import shutil
import ssl
import subprocess
import threading
import time
import zlib
from pathlib import Path

import pytest
import web
from conftest import EXAMPLE_IMAGES
from contract_rows import DATA, URL, image
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from leaving import Wire, content_of, leaving, make_model

from langchain_gptv import Image, ImageSources, prepare_images
from langchain_gptv.exceptions import (
    CorruptImageError,
    ImageError,
    ImageFetchError,
    ImageNotFoundError,
    ImageTooLargeError,
    MessageError,
    SourceNotAllowedError,
    UnsupportedImageError,
)
from langchain_gptv.messages import inlining
from langchain_gptv.sources import fetching
from langchain_gptv.sources.addresses import kind_of_address
from langchain_gptv.sources.fetching import fetch_url

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1", "::1"])

HTTP = frozenset({"http", "https"})
PHOTO_URL = Image(web.PHOTO).data_url


@pytest.fixture(scope="module")
def running_site():
    """One server for all."""
    with web.site() as server:
        yield server


@pytest.fixture
def site(running_site):
    """The server, asked nothing yet; and nothing of it is remembered."""
    running_site.asked.clear()
    inlining.FETCHED.clear()
    return running_site


def to(site: web.Site, *more: str, **settings: object) -> ImageSources:
    """Make a door that is open to the server, by its address and port."""
    return ImageSources(hosts=[site.host, *more], schemes=HTTP, **settings)


def named(site: web.Site, name: str, **settings: object):
    """Return the URL of the server under a name, and rules that open the name on loopback."""
    host = f"{name}:{site.server_port}"
    settings = {"allow_private": True, **settings}
    return f"http://{host}/photo", ImageSources(hosts=[host], schemes=HTTP, **settings).url_rules


def answering(*answers: list[str]):
    """Make a resolver that gives one answer after the other."""
    waiting = list(answers)
    return lambda host, port: waiting.pop(0)


# Paths


def test_a_file_inside_a_root_opens(tmp_path, monkeypatch):
    """By an absolute path, a relative one, or one from home."""
    shutil.copy(EXAMPLE_IMAGES / "receipt.png", tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    sources = ImageSources(roots=[tmp_path])
    for path in (tmp_path / "a.png", "a.png", "./a.png", "~/a.png"):
        assert sources.open_path(path).mime_type == "image/png"


def test_a_link_inside_the_roots_opens(tmp_path):
    """What counts is where it leads."""
    shutil.copy(EXAMPLE_IMAGES / "receipt.png", tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to("a.png")
    assert ImageSources(roots=[tmp_path]).open_path(tmp_path / "b.png").mime_type == "image/png"


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/etc/passwd", "outside the allowed roots"),
        ("root/../secret.png", "outside the allowed roots"),
        ("root/link.png", "outside the allowed roots"),
        ("root/folder/secret.png", "outside the allowed roots"),
        ("root2/secret.png", "outside the allowed roots"),
        ("~/secret.png", "outside the allowed roots"),
        ("/proc/self/environ", "outside the allowed roots"),
        ("root/fifo", "pipe, a socket or a device"),
        ("root/link-to-fifo", "pipe, a socket or a device"),
        ("~nobody-of-that-name/a.png", "outside the allowed roots"),
        ("root/circle", "leads nowhere|no file"),
        ("root/a\0.png", "leads nowhere"),
    ],
)
def test_paths_that_lead_astray_are_refused(tmp_path, monkeypatch, path, rule):
    """Neither links nor dots nor names like a root's leave the roots, and nothing hangs."""
    for folder in ("root", "root2"):
        (tmp_path / folder).mkdir()
    for place in ("secret.png", "root2/secret.png"):
        shutil.copy(EXAMPLE_IMAGES / "receipt.png", tmp_path / place)
    root = tmp_path / "root"
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "folder").symlink_to(tmp_path)
    (root / "circle").symlink_to(root / "circle")
    (root / "link-to-fifo").symlink_to(root / "fifo")
    os.mkfifo(root / "fifo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises((SourceNotAllowedError, ImageError), match=rule):
        ImageSources(roots=[root]).open_path(path)


def test_devices_are_refused():
    """An endless device is not read, even inside a root."""
    with pytest.raises(SourceNotAllowedError, match=r"'/dev/zero' is a pipe, a socket or a device"):
        ImageSources(roots=["/dev"]).open_path("/dev/zero")


@pytest.mark.parametrize(
    ("name", "error", "match"),
    [
        ("", UnsupportedImageError, "is a directory"),
        ("none.png", ImageNotFoundError, "no file"),
        ("notes.txt", UnsupportedImageError, "notes.txt"),
    ],
)
def test_what_is_no_image_says_so(tmp_path, name, error, match):
    """A folder, nothing, and a file of another type inside a root."""
    (tmp_path / "notes.txt").write_text("Dear diary, " * 20)
    with pytest.raises(error, match=match):
        ImageSources(roots=[tmp_path]).open_path(tmp_path / name)


# What a URL says


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("file:///etc/passwd", "scheme 'file'.*roots="),
        ("ftp://example.com/a.png", "scheme 'ftp'"),
        ("gopher://127.0.0.1:70/x", "scheme 'gopher'"),
        ("//example.com/a.png", "scheme ''"),
        ("http:///a.png", "names no host"),
        ("https://user:secret@example.com/a.png", "user name or a password"),
        ("https://example.com\\@127.0.0.1/a.png", "user name or a password"),
        ("https://example.com:22/a.png", r"port 22.*'example.com:22'"),
        ("https://example.com:0/a.png", "port 0"),
        ("https://example.com:99999/a.png", "port 99999"),
        ("https://exa mple.com/", "names no host"),
        ("https://[::1/", "no URL"),
        ("https://example.com/\ud800", "no URL"),
        ("http://2130706433/", "unusual form"),
        ("http://0x7f000001/", "unusual form"),
        ("http://0177.0.0.1/", "no URL"),
        ("http://017700000001/", "unusual form"),
        ("http://0177.1/", "unusual form"),
        ("http://127.1/", "unusual form"),
        ("http://127.0.0.0x1/", "unusual form"),
        ("http://134744072/", "unusual form"),
        ("http://127.0.0.1./", "unusual form"),
        ("http://①②⑦.⓪.⓪.①/", "no URL|unusual form"),
        ("http://127.0.0.1/", "127.0.0.1, a loopback address.*allow_private=True"),
        ("http://127.9.9.9/", "loopback"),
        ("http://0.0.0.0/", "unspecified"),
        ("http://10.1.2.3/", "private"),
        ("http://172.31.0.1/", "private"),
        ("http://192.168.1.1/", "private"),
        ("http://100.64.0.1/", "private"),
        ("http://169.254.169.254/latest/meta-data/", "metadata.*Nothing opens it"),
        ("http://168.63.129.16/", "metadata"),
        ("http://100.100.100.200/", "metadata"),
        ("http://169.254.1.1/", "link-local"),
        ("http://224.0.0.1/", "multicast"),
        ("http://255.255.255.255/", "reserved"),
        ("http://240.0.0.1/", "reserved"),
        ("http://192.0.2.1/", "reserved"),
        ("http://[::1]/", "loopback"),
        ("http://[::]/", "unspecified"),
        ("http://[fe80::1]/", "link-local"),
        ("http://[fe80::1%25eth0]/", "link-local"),
        ("http://[fd00::1]/", "private"),
        ("http://[fd00:ec2::254]/", "metadata"),
        ("http://[ff02::1]/", "multicast"),
        ("http://[2001:db8::1]/", "reserved"),
        ("http://[fec0::1]/", "reserved"),
        ("http://[::ffff:127.0.0.1]/", "loopback"),
        ("http://[::ffff:7f00:1]/", "loopback"),
        ("http://[::ffff:169.254.169.254]/", "metadata"),
        ("http://[::127.0.0.1]/", "loopback"),
        ("http://[2002:7f00:1::]/", "loopback"),
        ("http://[2002:a9fe:a9fe::1]/", "metadata"),
        ("http://[64:ff9b::a9fe:a9fe]/", "metadata"),
        ("http://[64:ff9b::10.0.0.1]/", "private"),
        ("http://[64:ff9b:1::a00:1]/", "reserved"),
        ("http://[2001:0:4136:e378:8000:63bf:f5ff:fffe]/", "private"),
        ("http://[2a00:1450:4001::5efe:7f00:1]/", "loopback"),
    ],
)
def test_attacks_are_refused_before_anything_is_asked(url, rule):
    """Every known disguise of a place that content may not reach."""
    sources = ImageSources(schemes=HTTP)
    with pytest.raises(SourceNotAllowedError, match=rule):
        sources.fetch(url)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address):
    """The rules let the internet through, also where IPv4 is reached over IPv6."""
    assert kind_of_address(address) == "public"


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://[::ffff:a9fe:a9fe]/"])
def test_nothing_opens_metadata(url):
    """Neither naming it nor allowing private addresses."""
    sources = ImageSources(hosts=["169.254.169.254"], schemes=HTTP, allow_private=True)
    with pytest.raises(SourceNotAllowedError, match="metadata|not on the hosts"):
        sources.fetch(url)


def test_http_needs_to_be_allowed():
    """By default only https is fetched, and the error says how to change that."""
    with pytest.raises(SourceNotAllowedError, match=r'scheme .http.; allowed: https.*"http"'):
        ImageSources().fetch("http://example.com/a.png")


@pytest.mark.parametrize(
    ("host", "url", "is_named"),
    [
        ("example.com", "https://EXAMPLE.com/", True),
        ("example.com", "https://example.com:443/", True),
        ("example.com:443", "https://example.com/", True),
        ("example.com", "https://evil-example.com/", False),
        ("example.com", "https://sub.example.com/", False),
        ("example.com", "https://example.com:8443/", False),
        ("example.com:8443", "https://example.com/", False),
        ("*.example.com", "https://a.b.example.com/", True),
        ("*.example.com", "https://example.com/", False),
        ("*.example.com", "https://evilexample.com/", False),
        ("*.example.com:8443", "https://a.example.com:8443/", True),
        ("*.0.0.1", "https://127.0.0.1/", False),
        ("[::1]:8080", "https://[::1]:8080/", True),
        ("::1", "https://[::1]/", True),
    ],
)
def test_hosts_are_named_exactly(host, url, is_named):
    """A name stands for itself, a star for what is before a dot, a port for itself alone."""
    rules = ImageSources(hosts=[host]).url_rules
    assert rules.names(fetching.parse_url(url)) is is_named


@pytest.mark.parametrize(
    ("settings", "match"),
    [({"hosts": ["https://example.com/"]}, "no host"), ({"schemes": {"ftp"}}, "only 'https'")],
)
def test_wrong_settings_are_told_at_once(settings, match):
    """A URL for a host, and a scheme that is never fetched."""
    with pytest.raises(ValueError, match=match):
        ImageSources(**settings)


@settings(max_examples=500, deadline=None)
@given(
    st.text(max_size=40)
    | st.from_regex(r"xn--[a-z0-9-]{1,20}")
    | st.text("0123456789abcfx.:[]@/%\\\\?#-", max_size=40)
)
def test_no_text_gets_past_a_private_address(rest):
    """Whatever stands after the scheme, the answer is a refusal, and no other error."""
    rules = ImageSources(schemes=HTTP).url_rules
    with pytest.raises(SourceNotAllowedError, match=r"'http|no URL"):
        fetch_url(f"http://{rest}", rules, resolve=lambda host, port: ["10.0.0.1"])


def test_errors_hide_what_a_url_may_hold():
    """The query may be a SAS token, the user info a password: neither is in any error."""
    for url in (
        "https://u:s3cret@example.com/a.png?sig=s3cret",
        "https://example.com:22/a.png?sig=s3cret#s3cret",
        "https://u:s3cret@exa mple/?sig=s3cret",
    ):
        with pytest.raises(SourceNotAllowedError, match="example|mple") as caught:
            ImageSources().fetch(url)
        assert "s3cret" not in str(caught.value)


# What a host answers


def test_a_name_is_looked_up_once_and_the_answer_is_what_is_connected_to(site):
    """A second answer, which an attacker would change, is never asked for; the name stays."""
    url, rules = named(site, "cdn.example")
    found = fetch_url(url, rules, resolve=answering(["127.0.0.1"], ["169.254.169.254"]))
    assert found.data == web.PHOTO
    assert site.asked == [(f"cdn.example:{site.server_port}", "/photo")]


def test_a_redirect_is_looked_up_anew(site):
    """The name that was good before the redirect is refused when it has moved."""
    url, rules = named(site, "cdn.example")
    moved = url.replace("photo", f"moved?{url}")
    with pytest.raises(SourceNotAllowedError, match="leads to 169.254.169.254, a metadata"):
        fetch_url(moved, rules, resolve=answering(["127.0.0.1"], ["169.254.169.254"]))
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "answer", [["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:10.0.0.1"], ["64:ff9b::a00:1"]]
)
def test_one_bad_address_of_a_host_refuses_it(site, answer):
    """Also when the first address is good, and although the name is allowed."""
    url, rules = named(site, "cdn.example", allow_private=False)
    with pytest.raises(SourceNotAllowedError, match="a private address"):
        fetch_url(url, rules, resolve=answering(answer))
    assert site.asked == []


def test_a_dead_address_is_passed_over(site):
    """The next address of the host is tried."""
    url, rules = named(site, "cdn.example")
    # The server does not listen on IPv6.
    assert fetch_url(url, rules, resolve=answering(["::1", "127.0.0.1"])).width == 60


def test_a_host_that_is_not_there():
    """A name that nobody knows is a fetch error."""

    def unknown(host, port):
        raise OSError("no such name")

    with pytest.raises(ImageFetchError, match="there is no host 'gone.example'"):
        fetch_url("https://gone.example/", ImageSources().url_rules, resolve=unknown)


def test_looking_up_ends_at_the_deadline():
    """The system's resolver takes no deadline, so it is not waited for."""
    rules = ImageSources(timeout=0.2).url_rules
    done, start = threading.Event(), time.monotonic()

    def slow(host, port):
        done.wait(5)
        return []

    with pytest.raises(ImageFetchError, match=r"did not arrive within 0.2 s.*timeout="):
        fetch_url("https://slow.example/", rules, resolve=slow)
    assert time.monotonic() - start < 2
    done.set()


# What a server does


@pytest.mark.parametrize("path", ["/photo", "/photo?sig=abc", "/packed", "/moved?/photo"])
def test_an_image_is_fetched(site, path):
    """Whatever type the server states, packed although unasked, or one redirect further."""
    found = to(site).fetch(site.url(path))
    assert (found.data, found.mime_type) == (web.PHOTO, "image/png")
    assert "sig" not in found.name


@pytest.mark.parametrize(
    ("path", "error", "match"),
    [
        ("/page", UnsupportedImageError, "/page"),
        ("/private?sig=s3cret", ImageFetchError, "/private' answers with status 403"),
        ("/brotli", ImageFetchError, "packed as 'br', unasked"),
        ("/badly-packed", CorruptImageError, "cannot be unpacked"),
        ("/cut-off", ImageFetchError, "could not be fetched"),
        ("/loop", ImageFetchError, r"redirects more than 3 times.*max_redirects="),
        ("/moved?http://exa mple/", SourceNotAllowedError, "names no host"),
        ("/moved?http://[::1/", SourceNotAllowedError, "no URL"),
        ("/moved?file:///etc/passwd", SourceNotAllowedError, "scheme 'file'"),
        (
            "/moved?http://evil.example/",
            SourceNotAllowedError,
            "evil.example/' is not on the hosts",
        ),
        ("/moved?http://169.254.169.254/", SourceNotAllowedError, "not on the hosts"),
        ("/moved?http://u:p@127.0.0.1/", SourceNotAllowedError, "user name"),
    ],
)
def test_bad_answers_are_told_apart(site, path, error, match):
    """Each fault is an error of its own, and no error shows the query."""
    with pytest.raises(error, match=match) as caught:
        to(site).fetch(site.url(path))
    assert "s3cret" not in str(caught.value)


def test_a_redirect_to_a_private_address_is_refused(site):
    """Being named does not help a name that leads there."""
    sources = to(site, "evil.example")
    url = site.url("/moved?http://evil.example/admin")
    with pytest.raises(SourceNotAllowedError, match="evil.example/admin' leads to 10.0.0.1"):
        fetch_url(url, sources.url_rules, resolve=answering(["10.0.0.1"]))


@pytest.mark.parametrize("path", ["/photo", "/endless", "/bomb"])
def test_too_large_is_given_up_early(site, path):
    """Whether the size is stated, left out, or hidden by packing."""
    limit = 1_000_000 if path == "/bomb" else 5_000
    with pytest.raises(ImageTooLargeError, match=r"over the limit.*max_bytes=") as caught:
        to(site, max_bytes=limit).fetch(site.url(path))
    assert caught.value.limit == limit
    assert caught.value.value <= max(len(web.PHOTO), limit + 100_000)


@pytest.mark.parametrize("path", ["/slow", "/slow-head"])
def test_a_drop_at_a_time_does_not_keep_a_fetch_alive(site, path):
    """The deadline is for all of it, not for each read."""
    start = time.monotonic()
    with pytest.raises(ImageFetchError, match=r"within 0.3 s") as caught:
        to(site, timeout=0.3).fetch(site.url(path))
    assert time.monotonic() - start < 2
    assert caught.value.url == site.url(path)


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 131072, 500_000])
@pytest.mark.parametrize("piece", [1000, 1 << 20])
def test_unpacking_loses_nothing(size, piece):
    """Whatever the size of the pieces, of zeros, which pack best, and of noise."""
    for data in (bytes(size), os.urandom(size)):
        packed = gzip.compress(data)
        pieces = [packed[at : at + piece] for at in range(0, len(packed), piece)]
        assert b"".join(fetching._inflated(pieces)) == data
        with pytest.raises(zlib.error, match="cut off"):
            list(fetching._inflated([packed[:-1]]))


def test_nobody_listens():
    """A refused connection is a fetch error, which callers may catch as a ConnectionError."""
    with web.site() as gone:
        url, sources = gone.url("/photo"), to(gone)
    with pytest.raises(ConnectionError, match="could not be fetched"):
        sources.fetch(url)


def test_no_proxy_is_used(site, monkeypatch):
    """A proxy would look the host up again, where nothing is checked."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert to(site).fetch(site.url("/photo")).width == 60


async def test_afetch_leaves_the_loop_free(site):
    """Other tasks go on while a slow server is waited for."""
    ticks = 0
    fetch = asyncio.create_task(to(site, timeout=0.3).afetch(site.url("/slow")))
    while not fetch.done():
        await asyncio.sleep(0.01)
        ticks += 1
    with pytest.raises(ImageFetchError, match="within"):
        await fetch
    assert ticks > 5


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_tls_verifies_the_name_not_the_address(tmp_path, monkeypatch):
    """The certificate must be that of the host in the URL, wherever the connection goes."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    _make_certificate(key, cert, "cdn.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    fetching._tls.cache_clear()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    with web.site(tls) as site:
        for host in ("cdn.example", "other.example"):
            url, rules = named(site, host)
            url = url.replace("http:", "https:")
            if host == "cdn.example":
                assert fetch_url(url, rules, resolve=answering(["127.0.0.1"])).width == 60
                continue
            with pytest.raises(ImageFetchError, match="(?i)certificate.*other.example"):
                fetch_url(url, rules, resolve=answering(["127.0.0.1"]))
    fetching._tls.cache_clear()


def _make_certificate(key: Path, cert: Path, name: str) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2".split()
    made = ["-keyout", key, "-out", cert, "-subj", f"/CN={name}"]
    extension = ["-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run([*command, *made, *extension], check=True, capture_output=True)


# The chat models

KINDS = [(service, api) for service in ("openai", "azure") for api in ("chat", "responses")]


def ask(url: str) -> HumanMessage:
    """Ask about an image at a URL."""
    return HumanMessage(["What is it?", image(url=url, extras={"detail": "low"})])


def sent_url(content: list) -> str:
    """Return the URL of the second block, on either API."""
    inner = content[1]["image_url"]
    return inner["url"] if isinstance(inner, dict) else inner


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_a_private_url_leaves_as_its_image(site, kind):
    """The service gets the image itself, planned and prepared like any other."""
    wire = Wire()
    model = make_model(*kind, wire, image_sources=to(site), fetch_urls=True)
    answer = model.invoke([ask(site.url("/photo"))])
    (left,) = leaving(wire.take()[0])
    assert sent_url(left["content"]) == PHOTO_URL
    assert left["content"][1].get("detail") or left["content"][1]["image_url"]["detail"] == "low"
    assert answer.response_metadata["vision_plan"]["images"][0]["width"] == 60


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_by_default_the_url_leaves(site, kind):
    """Nothing is fetched unless it is asked for, whatever the door allows."""
    wire, url = Wire(), site.url("/photo?sig=abc")
    model = make_model(*kind, wire, image_sources=to(site))
    assert sent_url(content_of(model, wire, ask(url))) == url
    assert site.asked == []


async def test_async_and_streamed_calls_fetch_too(site):
    """All four ways to call send the image."""
    wire = Wire()
    model = make_model("openai", "chat", wire, image_sources=to(site), fetch_urls=True)
    messages = [ask(site.url("/photo"))]
    await model.ainvoke(messages)
    list(model.stream(messages))
    async for _ in model.astream(messages):
        pass
    bodies = wire.take()
    assert [sent_url(leaving(body)[0]["content"]) for body in bodies] == [PHOTO_URL] * 3
    assert len(site.asked) == 1


def test_a_conversation_fetches_once(site):
    """Neither the second pass over the messages nor the next turn asks again."""
    wire = Wire()
    model = make_model("openai", "chat", wire, image_sources=to(site), fetch_urls=True)
    turn = [ask(site.url("/photo")), ask(site.url("/photo"))]
    model.invoke(turn)
    model.invoke([*turn, AIMessage("A cat."), HumanMessage("Sure?")])
    assert len(site.asked) == 1


def test_another_door_fetches_for_itself(site):
    """What one door let in is not handed out by a closed one."""
    wire, messages = Wire(), [ask(site.url("/photo"))]
    make_model("openai", "chat", wire, image_sources=to(site), fetch_urls=True).invoke(messages)
    closed = make_model("openai", "chat", wire, fetch_urls=True)
    with pytest.raises(MessageError, match="scheme 'http'"):
        closed.invoke(messages)


def test_private_leaves_public_urls_alone(site):
    """Only what no service could reach is fetched: private hosts, and those that are named."""
    wire = Wire()
    model = make_model("openai", "chat", wire, image_sources=to(site), fetch_urls="private")
    assert sent_url(content_of(model, wire, ask(URL))) == URL
    assert sent_url(content_of(model, wire, ask(site.url("/photo")))) == PHOTO_URL
    with pytest.raises(MessageError, match="not on the hosts"):
        model.invoke([ask("http://wiki.corp/a.png")])


def test_a_type_that_no_service_takes_is_converted(site):
    """A fetched TIFF leaves as a PNG."""
    wire = Wire()
    model = make_model("openai", "chat", wire, image_sources=to(site), fetch_urls=True)
    left = sent_url(content_of(model, wire, ask(site.url("/tiff"))))
    assert left.startswith("data:image/png;base64,")


def test_an_error_names_message_and_block(site):
    """And nothing has left when it is raised."""
    wire = Wire()
    model = make_model("openai", "chat", wire, image_sources=to(site), fetch_urls=True)
    messages = [HumanMessage("Hello"), ask(site.url("/private?sig=s3cret"))]
    with pytest.raises(MessageError, match=r"messages\[1\].content\[1\]: .*status 403") as caught:
        model.invoke(messages)
    assert "s3cret" not in str(caught.value)
    assert isinstance(caught.value.__cause__, ImageFetchError)
    assert wire.take() == []


def test_a_screenshot_is_fetched_too(site):
    """Computer use sends its screenshots in a block of their own."""
    wire = Wire()
    model = make_model("openai", "responses", wire, image_sources=to(site), fetch_urls=True)
    shot = ToolMessage(
        site.url("/photo"),
        tool_call_id="call_1",
        additional_kwargs={"type": "computer_call_output"},
    )
    prompt = model._convert_input([shot])
    assert prompt.to_messages()[0].content[0]["image_url"] == PHOTO_URL


def test_counting_tokens_fetches_nothing(site):
    """An estimate never goes to the network."""
    model = make_model("openai", "chat", Wire(), image_sources=to(site), fetch_urls=True)
    assert model.get_num_tokens_from_messages([ask(site.url("/photo"))]) > 0
    assert site.asked == []


def test_prepare_images_fetches_for_any_model(site):
    """The runnable step has the same door."""
    step = prepare_images("gpt-4o", sources=to(site), fetch_urls=True)
    (message,) = step.invoke([ask(site.url("/photo"))])
    assert sent_url(message.content) == PHOTO_URL
    data = [HumanMessage([image(url=DATA)])]
    assert step.invoke(data)[0].content[0]["image_url"]["url"] == DATA


def test_a_door_can_be_copied(site):
    """A model that goes to another process takes its door along."""
    for copied in (pickle.loads(pickle.dumps(to(site))), copy.deepcopy(to(site))):
        assert copied.fetch(site.url("/photo")).width == 60
        assert repr(copied) == f"ImageSources(roots=[], hosts=['{site.host}'])"
