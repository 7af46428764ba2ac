"""Fetches a URL: looked up once, connected to what was checked, read up to a size and a time.

httpcore2 is the layer below the HTTP client that openai brings. On it the socket is ours: the
host keeps its name in TLS and in the request, and the connection goes to the checked address.
"""

from __future__ import annotations

import functools
import queue
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpcore2
import httpx2

from langchain_gptv._version import __version__
from langchain_gptv.exceptions import (
    CorruptImageError,
    ImageFetchError,
    ImageTooLargeError,
    SourceNotAllowedError,
)
from langchain_gptv.sources.addresses import is_address
from langchain_gptv.sources.pinned import PinnedBackend, time_left
from langchain_gptv.sources.rules import DEFAULT_PORTS, UrlRules, show_url
from langchain_gptv.vision.images import Image

Resolve = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses of a host."""

_REDIRECTS = (301, 302, 303, 307, 308)
_UNPACKED_AT_ONCE = 65536
_AGENT = f"langchain-gptv/{__version__}"


def resolve_host(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def parse_url(url: str) -> httpx2.URL:
    """Read a URL, once: what is checked is what is fetched.

    Raises:
        SourceNotAllowedError: It is no URL.
    """
    try:
        parsed = httpx2.URL(url)
        parsed.host  # noqa: B018 - decoded only now, which may fail
    except (httpx2.InvalidURL, UnicodeError, TypeError):
        start = url.partition("?")[0].rpartition("@")[2][:80]
        raise SourceNotAllowedError(f"{start!r} is no URL that can be fetched.") from None
    return parsed


def fetch_url(url: str, rules: UrlRules, *, resolve: Resolve = resolve_host) -> Image:
    """Fetch an image under rules.

    Args:
        url: `https://...`, or `http://...` where the rules allow it.
        rules: What may be fetched, and how much.
        resolve: What looks hosts up.

    Raises:
        SourceNotAllowedError: The URL, a redirect or an address is not allowed.
        ImageFetchError: The server does not answer, or not with a file, in time.
        ImageTooLargeError: The file is over `rules.max_bytes`, or the image over its pixels.
        ImageError: It is no image.
    """
    image = Image(fetch_data(url, rules, resolve=resolve), name=show_url(parse_url(url)))
    return rules.check_pixels(image)


def fetch_data(url: str, rules: UrlRules, *, resolve: Resolve = resolve_host) -> bytes:
    """Fetch a file of any kind under rules; otherwise as `fetch_url`."""
    return _Fetch(rules, resolve, time.monotonic() + rules.timeout).follow(parse_url(url))


@dataclass(frozen=True)
class _Fetch:
    """One fetch, redirects included, up to a moment of `time.monotonic()`."""

    rules: UrlRules
    resolve: Resolve
    deadline: float

    def follow(self, url: httpx2.URL) -> bytes:
        first = show_url(url)
        for _ in range(self.rules.max_redirects + 1):
            found = self._get(url)
            if isinstance(found, bytes):
                return found
            url = found
        raise ImageFetchError(
            f"'{first}' redirects more than {self.rules.max_redirects} times. Pass the URL that "
            "it ends at, or set ImageSources(max_redirects=...).",
            url=first,
        )

    def _get(self, url: httpx2.URL) -> bytes | httpx2.URL:
        """Return the body, or where it has moved to; each is checked anew."""
        self.rules.check_url(url)
        with _explained(url, self.rules.timeout):
            backend = PinnedBackend(self._addresses(url), self.deadline)
            with (
                httpcore2.ConnectionPool(_tls(), network_backend=backend) as pool,
                pool.stream("GET", _target(url), headers=_headers(url)) as response,
            ):
                return self._answer(url, response)

    def _addresses(self, url: httpx2.URL) -> Sequence[str]:
        host = url.raw_host.decode("ascii")
        addresses = [host] if is_address(host) else self._looked_up(host, _port(url))
        self.rules.check_addresses(url, addresses)
        return addresses

    def _looked_up(self, host: str, port: int) -> Sequence[str]:
        """Look a host up in a thread: the system takes no deadline."""
        answers: queue.SimpleQueue[Sequence[str]] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(self.resolve(host, port))
            except (OSError, UnicodeError):
                answers.put(())

        threading.Thread(target=look_up, daemon=True).start()
        try:
            addresses = answers.get(timeout=time_left(self.deadline))
        except queue.Empty:
            raise httpcore2.ConnectTimeout("looking up its host") from None
        if not addresses:
            raise httpcore2.ConnectError(f"there is no host {host!r}")
        return addresses

    def _answer(self, url: httpx2.URL, response: httpcore2.Response) -> bytes | httpx2.URL:
        headers = httpx2.Headers(response.headers)
        if response.status in _REDIRECTS and "location" in headers:
            return parse_url(str(_joined(url, headers["location"])))
        if response.status != 200:
            raise ImageFetchError(
                f"'{show_url(url)}' answers with status {response.status}. Check that it can be "
                "read without signing in.",
                url=show_url(url),
            )
        self._check_size(url, _stated_size(headers))
        chunks = response.iter_stream()
        return self._collected(url, _unpacked(chunks, headers.get("content-encoding", "")))

    def _collected(self, url: httpx2.URL, chunks: Iterable[bytes]) -> bytes:
        data = bytearray()
        for chunk in chunks:
            data += chunk
            self._check_size(url, len(data))
            time_left(self.deadline)
        return bytes(data)

    def _check_size(self, url: httpx2.URL, size: int) -> None:
        limit = self.rules.max_bytes
        if size > limit:
            raise ImageTooLargeError(
                f"'{show_url(url)}' has {size:,} bytes or more, over the limit of {limit:,}. Set "
                "ImageSources(max_bytes=...).",
                value=size,
                limit=limit,
            )


@contextmanager
def _explained(url: httpx2.URL, timeout: float) -> Iterator[None]:
    """Make the faults of a connection errors of ours."""
    shown = show_url(url)
    try:
        yield
    except httpcore2.TimeoutException:
        raise ImageFetchError(
            f"'{shown}' did not arrive within {timeout:g} s. Set ImageSources(timeout=...).",
            url=shown,
        ) from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        # What the server said is quoted behind that; its words do not belong into an error.
        why = str(error).partition(": bytearray(")[0]
        raise ImageFetchError(
            f"'{shown}' could not be fetched: {why}. Check the URL and the server.", url=shown
        ) from error
    except zlib.error as error:
        raise CorruptImageError(f"'{shown}' is packed and cannot be unpacked: {error}") from error


@functools.cache
def _tls() -> ssl.SSLContext:
    # Reading the certificates takes 20 ms.
    return httpx2.create_ssl_context()


def _port(url: httpx2.URL) -> int:
    return url.port or DEFAULT_PORTS[url.scheme]


def _target(url: httpx2.URL) -> httpcore2.URL:
    return httpcore2.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def _headers(url: httpx2.URL) -> dict[bytes | str, bytes | str]:
    # A picture is packed already; what is packed again would have to be unpacked with care.
    return {
        "Host": url.netloc.decode("ascii"),
        "Accept": "image/*, video/*",
        "Accept-Encoding": "identity",
        "User-Agent": _AGENT,
    }


def _joined(url: httpx2.URL, location: str) -> httpx2.URL | str:
    try:
        return url.join(location)
    except (httpx2.InvalidURL, UnicodeError):
        return location  # which says in the error what it is


def _stated_size(headers: httpx2.Headers) -> int:
    stated = headers.get("content-length", "")
    return int(stated) if stated.isdecimal() else 0


def _unpacked(chunks: Iterable[bytes], encoding: str) -> Iterable[bytes]:
    """Unpack gzip and deflate bit by bit; some servers pack although they are asked not to."""
    if encoding.lower() in ("", "identity"):
        return chunks
    if encoding.lower() in ("gzip", "deflate"):
        return _inflated(chunks)
    raise httpcore2.RemoteProtocolError(f"it is packed as {encoding[:20]!r}, unasked")


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)  # either head
    for chunk in chunks:
        rest, is_full = chunk, False
        while (rest or is_full) and not inflater.eof:
            data = inflater.decompress(rest, _UNPACKED_AT_ONCE)
            yield data
            # A full piece may leave more behind although all of the input is taken.
            rest, is_full = inflater.unconsumed_tail, len(data) == _UNPACKED_AT_ONCE
    if not inflater.eof:
        raise zlib.error("it is cut off")
