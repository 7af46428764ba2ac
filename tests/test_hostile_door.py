"""Attacks on the door: paths that change while they are opened, and servers that mean harm."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from pathlib import Path

import pytest
import web
from conftest import EXAMPLE_IMAGES

from langchain_gptv import ImageSources
from langchain_gptv.exceptions import (
    GPTVError,
    ImageError,
    ImageFetchError,
    ImageTooLargeError,
    SourceNotAllowedError,
    UnsupportedImageError,
)
from langchain_gptv.sources import CODE_SOURCES, NO_SOURCES, opening
from langchain_gptv.store import ImageStore
from langchain_gptv.tools.references import open_reference

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1", "::1"])

WAYS = pytest.mark.parametrize("can_walk", [True, False], ids=["by-folder", "by-path"])
"""Folder by folder, and as on a system where that is not possible."""


@pytest.fixture
def place(tmp_path):
    """A root with a picture in a folder, and a secret picture beside the root."""
    folder = tmp_path / "root" / "folder"
    folder.mkdir(parents=True)
    shutil.copy(EXAMPLE_IMAGES / "chart.png", folder / "a.png")
    (tmp_path / "secrets").mkdir()
    data = (EXAMPLE_IMAGES / "chart.png").read_bytes()
    (tmp_path / "secrets" / "a.png").write_bytes(data + b"SECRET")
    return tmp_path


@pytest.fixture
def open_files():
    """Hold the test to closing every file that it opened."""
    before = _open_files()
    yield
    assert _open_files() == before


def _open_files() -> int:
    here = Path("/proc/self/fd")
    return len(list(here.iterdir())) if here.exists() else 0


def exchange(folder: Path) -> None:
    """Put a link to the secrets in the place of a folder."""
    if not folder.is_symlink():
        folder.rename(folder.with_name("was"))
        folder.symlink_to(folder.parents[1] / "secrets")


# While a path is opened


@WAYS
def test_a_folder_exchanged_after_the_check_is_noticed(place, monkeypatch, can_walk, open_files):
    """Between the check of a path and its opening a folder becomes a link to the secrets."""
    resolve = opening._resolved

    def resolved(path):
        found = resolve(path)
        exchange(place / "root" / "folder")
        return found

    monkeypatch.setattr(opening, "_CAN_WALK", can_walk)
    monkeypatch.setattr(opening, "_resolved", resolved)
    with pytest.raises(SourceNotAllowedError, match="exchanged for a link"):
        ImageSources(roots=[place / "root"]).open_path(place / "root" / "folder" / "a.png")


@WAYS
@pytest.mark.parametrize("by", ["link", "fifo", "folder"])
def test_a_file_exchanged_after_the_check_is_noticed(place, monkeypatch, can_walk, by, open_files):
    """The file itself becomes a link, a pipe or a folder when its kind has been checked."""
    path = place / "root" / "folder" / "a.png"
    check = opening._check_ordinary

    def checked(found, shown):
        check(found, shown)
        if path.is_file() and not path.is_symlink():
            path.unlink()
            {"link": _link, "fifo": os.mkfifo, "folder": os.mkdir}[by](path)

    monkeypatch.setattr(opening, "_CAN_WALK", can_walk)
    monkeypatch.setattr(opening, "_check_ordinary", checked)
    start = time.monotonic()
    with pytest.raises((SourceNotAllowedError, ImageError), match="exchanged|a pipe|a directory"):
        ImageSources(roots=[place / "root"]).open_path(path)
    assert time.monotonic() - start < 2


def _link(path: Path) -> None:
    path.symlink_to(path.parents[2] / "secrets" / "a.png")


def test_no_race_gives_the_secret_away(place, open_files):
    """Somebody exchanges the folder all the time, and the door is tried many times."""
    folder, done = place / "root" / "folder", threading.Event()

    def flip():
        other = place / "root" / "link"
        other.symlink_to(place / "secrets")
        while not done.is_set():
            for first, second in ((folder, "a"), (other, "b")):
                first.rename(place / "root" / second)
            (place / "root" / "a").rename(other)
            (place / "root" / "b").rename(folder)

    thread = threading.Thread(target=flip)
    thread.start()
    sources, ends = ImageSources(roots=[place / "root"]), {"opened": 0, "refused": 0}
    try:
        start = time.monotonic()
        while min(ends.values()) < 20 and time.monotonic() - start < 3:
            try:
                image = sources.open_path(folder / "a.png")
            except GPTVError:
                ends["refused"] += 1
            else:
                ends["opened"] += 1
                assert not image.data.endswith(b"SECRET")
    finally:
        done.set()
        thread.join()
    assert ends["opened"], ends


def test_what_was_checked_is_what_is_sent(place):
    """A file that is exchanged after it was opened does not get into the request."""
    path = place / "root" / "folder" / "a.png"
    image = ImageSources(roots=[place / "root"]).open_path(path)
    path.write_bytes((place / "secrets" / "a.png").read_bytes())
    assert not image.data.endswith(b"SECRET")


@WAYS
def test_both_ways_open_what_is_allowed(place, monkeypatch, can_walk, open_files):
    """A file in a folder, and one that a link inside the root leads to."""
    monkeypatch.setattr(opening, "_CAN_WALK", can_walk)
    (place / "root" / "b.png").symlink_to("folder/a.png")
    sources = ImageSources(roots=[place / "root"])
    for name in ("folder/a.png", "b.png"):
        assert sources.open_path(place / "root" / name).width == 900


# What is no ordinary file

SPECIAL = (
    *("/proc/self/environ", "/proc/self/mem", "/proc/self/maps", "/proc/self/cmdline"),
    *("/proc/self/root/proc/self/environ", "/proc/kcore", "/sys/kernel/notes"),
    *("/dev/zero", "/dev/random", "/dev/tty", "/dev/null"),
)


@pytest.mark.parametrize("sources", [ImageSources(roots=["/"]), CODE_SOURCES], ids=["/", "code"])
@pytest.mark.parametrize("path", SPECIAL)
def test_the_kernels_files_are_never_opened(path, sources, open_files):
    """Not even where the whole disk is a root, and not for a developer's own code."""
    if not Path(path).exists():
        pytest.skip("there is none on this system")
    with pytest.raises(SourceNotAllowedError, match="a device, or a file of the kernel's"):
        sources.open_path(path)


@pytest.mark.parametrize("way", ["proc", "fd"])
def test_links_to_them_are_not_followed(place, way, open_files):
    """A link inside a root, and a file descriptor by its name."""
    with socket.socketpair()[0] as end:
        target = "/proc/self/environ" if way == "proc" else f"/dev/fd/{end.fileno()}"
        (place / "root" / "a.png").symlink_to(target)
        with pytest.raises((SourceNotAllowedError, ImageError), match="kernel's|outside|no file"):
            ImageSources(roots=[place / "root"]).open_path(place / "root" / "a.png")


def test_sockets_are_refused(place, monkeypatch, open_files):
    """A socket in a root is not connected to."""
    monkeypatch.chdir(place / "root")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(SourceNotAllowedError, match="a socket"):
            ImageSources(roots=["."]).open_path("socket")


def test_a_kernel_file_system_in_another_place_is_known(place, monkeypatch):
    """What counts is the file system, which may be mounted anywhere."""
    here = frozenset({(place / "root" / "folder" / "a.png").stat().st_dev})
    monkeypatch.setattr(opening, "_kernel_devices", lambda: here)
    with pytest.raises(SourceNotAllowedError, match="a file of the kernel's"):
        ImageSources(roots=[place]).open_path(place / "root" / "folder" / "a.png")


# Sizes


def test_a_file_over_the_limit_is_not_read(place, open_files):
    """A hole of ten gigabytes takes no memory, and the error says the way out."""
    path = place / "root" / "hole.png"
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(10_000_000_000)
    with pytest.raises(ImageTooLargeError, match=r"10,000,000,000 bytes.*max_bytes=") as caught:
        ImageSources(roots=[place / "root"]).open_path(path)
    assert caught.value.limit == 50_000_000


def test_a_file_that_grows_is_cut_off(place):
    """The limit holds for what is read, whatever the size was before."""
    path = place / "root" / "folder" / "a.png"
    with opening.open_inside(path, [place / "root"]) as file:
        read = opening.read_within(file, 100_000, "a.png")
        assert len(read) == path.stat().st_size
        path.write_bytes(bytes(300_000))
        with pytest.raises(ImageTooLargeError, match="over the limit of 100,000"):
            opening.read_within(file, 100_000, "a.png")


def test_pixels_are_limited_before_they_are_decoded(place):
    """By path and by URL alike; the limit is the developer's."""
    sources = ImageSources(roots=[place], max_pixels=3_999)
    with pytest.raises(ImageTooLargeError, match="over the limit of 3,999"):
        sources.open_path(place / "root" / "folder" / "a.png")
    with web.site() as site:
        rules = {"hosts": [site.host], "schemes": {"http"}}
        assert ImageSources(**rules, max_pixels=4_000).fetch(site.url("/wide")).width == 2000
        with pytest.raises(ImageTooLargeError, match=r"/wide' declares 2000 x 2 pixels"):
            ImageSources(**rules, max_pixels=3_999).fetch(site.url("/wide"))


# Two policies


def test_what_code_names_is_wider_than_what_content_names(place):
    """The two policies have names, and neither is the other."""
    path = place / "root" / "folder" / "a.png"
    assert CODE_SOURCES.open_path(path).width == 900
    with pytest.raises(SourceNotAllowedError, match=r"outside the allowed roots \[\]"):
        NO_SOURCES.open_path(path)
    with web.site() as site:
        url = site.url("/photo")
        with pytest.raises(SourceNotAllowedError, match="names the port"):
            CODE_SOURCES.fetch(url)


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest/", "http://[fd00:ec2::254]/"])
def test_even_code_reaches_no_metadata(url):
    """The addresses where clouds hand out credentials stay shut for all."""
    with pytest.raises(SourceNotAllowedError, match=r"a metadata address.*Nothing opens it"):
        CODE_SOURCES.fetch(url)


def test_a_model_fetches_only_from_hosts_that_are_named():
    """Otherwise words in a picture could have it call on a host of their choice."""
    with pytest.raises(SourceNotAllowedError, match="no hosts are named"):
        open_reference("https://evil.example/?stolen=1", ImageStore(), ImageSources())


@pytest.mark.parametrize("name", ["../secrets/a.png", "/etc/hostname", "x" * 5000, "~root/a.png"])
def test_a_model_learns_nothing_of_what_lies_outside(place, name):
    """Whether a file is there or not, the answer is the same."""
    sources, store = ImageSources(roots=[place / "root"]), ImageStore()
    told = set()
    for asked in (name, f"{name}-that-is-not-there"):
        with pytest.raises(
            (SourceNotAllowedError, ImageError), match="outside|longer than"
        ) as caught:
            open_reference(asked, store, sources)
        told.add(str(caught.value).replace(asked[:200], "NAME"))
    assert len(told) == 1


# Names that lead inside


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "localhost.localdomain"])
def test_names_of_this_machine_are_looked_up_and_refused(host):
    """The answer of the system counts, not the name."""
    sources = ImageSources(schemes={"http"}, timeout=5)
    with pytest.raises((SourceNotAllowedError, ImageFetchError), match="loopback|no host"):
        sources.fetch(f"http://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/\r\nX-Injected: 1",
        "http://example.com:80\r\nX-Injected: 1/",
        "http://example.com/a.png HTTP/1.1\r\nHost: 169.254.169.254",
    ],
)
def test_no_header_gets_in_by_a_url(url):
    """A line break in a URL is refused or written as `%0D%0A`."""
    from langchain_gptv.sources.fetching import _headers, _target, parse_url

    try:
        parsed = parse_url(url)
        ImageSources(schemes={"http"}).url_rules.check_url(parsed)
    except SourceNotAllowedError:
        return
    sent = bytes(_target(parsed).target) + b"".join(map(_as_bytes, _headers(parsed).values()))
    assert not set(b"\r\n") & set(sent)


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


# Servers that mean harm

ENDLESS = {
    "/endless-head": "could not be fetched",
    "/endless-continue": "within 1 s|could not be fetched",
    "/endless-chunks": "over the limit|within 1 s",
    "/deflate-bomb": "over the limit",
    "/twice-packed": "packed as 'gzip, gzip'",
    "/svg": "no image",
}


@pytest.mark.parametrize(("path", "rule"), ENDLESS.items(), ids=ENDLESS)
def test_servers_that_mean_harm(path, rule):
    """Whatever comes without end or larger than it looks is given up, in time."""
    with web.site() as site:
        sources = ImageSources(hosts=[site.host], schemes={"http"}, timeout=1, max_bytes=1_000_000)
        start = time.monotonic()
        with pytest.raises(
            (ImageFetchError, ImageTooLargeError, UnsupportedImageError), match=rule
        ):
            sources.fetch(site.url(path))
        assert time.monotonic() - start < 3
