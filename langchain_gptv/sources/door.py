"""What a developer allows content to name, and the way in."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Literal

from langchain_gptv.sources.opening import open_inside, read_within
from langchain_gptv.sources.rules import DEFAULT_PORTS, UrlRules, parse_hosts
from langchain_gptv.vision.images import MAX_PIXELS, Image

FetchUrls = bool | Literal["private"]
"""Which image URLs are fetched here: none, all, or those that no service could reach."""


class ImageSources:
    """Which files and URLs content may name. By default no file; a URL only when asked to fetch.

    Args:
        roots: Folders; files inside them may be opened, wherever links lead from there.
        hosts: Hosts that may be fetched from: "example.com", "*.example.com", and with its port
            where that is unusual, "example.com:8443". None is any host with a public address. A
            private address that is named itself ("127.0.0.1:8000") is thereby allowed.
        schemes: Of "https" and "http".
        allow_private: Whether private and loopback addresses may be reached. Nothing opens
            link-local addresses and those where a cloud hands out credentials.
        max_bytes: Of an image file, and of whatever is fetched.
        max_pixels: Width times height that an image may declare; it is refused undecoded.
        timeout: Seconds for a fetch in all, redirects included.
        max_redirects: How many are followed, each under the same rules.

    Raises:
        ValueError: A host or a scheme is none.

    Example:
        >>> sources = ImageSources(roots=["examples/images"])
        >>> sources.open_path("examples/images/receipt.png").mime_type
        'image/png'
    """

    def __init__(
        self,
        roots: Iterable[str | os.PathLike[str]] = (),
        hosts: Iterable[str] | None = None,
        *,
        schemes: Iterable[str] = frozenset({"https"}),
        allow_private: bool = False,
        max_bytes: int = 50_000_000,
        max_pixels: int = MAX_PIXELS,
        timeout: float = 10.0,
        max_redirects: int = 3,
    ) -> None:
        self.roots = tuple(Path(root).resolve() for root in roots)
        self.url_rules = UrlRules(
            hosts=parse_hosts(hosts),
            schemes=_schemes(schemes),
            allow_private=allow_private,
            max_bytes=max_bytes,
            max_pixels=max_pixels,
            timeout=timeout,
            max_redirects=max_redirects,
        )

    def open_path(self, path: str | os.PathLike[str]) -> Image:
        """Read an image file inside the roots: what was checked is what is read, once.

        Raises:
            SourceNotAllowedError: It lies outside, links followed, or is no ordinary file.
            ImageTooLargeError: It is over `max_bytes`, or over `max_pixels`.
            ImageError: It is no image.
        """
        name = os.fspath(path)
        with self.open_file(path) as file:
            data = read_within(file, self.url_rules.max_bytes, name)
        return self.url_rules.check_pixels(Image(data, name=name))

    def open_file(self, path: str | os.PathLike[str]) -> BinaryIO:
        """Open an ordinary file of any kind and size inside the roots.

        Raises:
            SourceNotAllowedError: It lies outside, links followed, or is no ordinary file.
            ImageError: There is no such file, or it cannot be opened.
        """
        return open_inside(path, self.roots)

    def fetch(self, url: str) -> Image:
        """Fetch an image over HTTP(S). What it is, its bytes say, not the server.

        The addresses of the host are checked, and the connection goes to a checked one. No proxy
        of the environment is used, as it would look the host up again.

        Raises:
            SourceNotAllowedError: The URL, a redirect or an address is not allowed.
            ImageFetchError: The server does not answer, or not with a file, in time.
            ImageTooLargeError: The file is over `max_bytes`, or the image over `max_pixels`.
            ImageError: It is no image.
        """
        # Whoever opens no URL does not pay for the HTTP client.
        from langchain_gptv.sources.fetching import fetch_url

        return fetch_url(url, self.url_rules)

    def fetch_data(self, url: str) -> bytes:
        """Fetch a file that is no image; otherwise as `fetch`."""
        from langchain_gptv.sources.fetching import fetch_data

        return fetch_data(url, self.url_rules)

    async def afetch(self, url: str) -> Image:
        """Fetch an image without blocking the event loop; otherwise as `fetch`."""
        return await asyncio.to_thread(self.fetch, url)

    def __repr__(self) -> str:
        hosts = self.url_rules.hosts
        named = "" if hosts is None else f", hosts={sorted(hosts)}"
        return f"ImageSources(roots={[str(root) for root in self.roots]}{named})"


def _schemes(schemes: Iterable[str]) -> frozenset[str]:
    found = frozenset([schemes] if isinstance(schemes, str) else schemes)
    if not found <= DEFAULT_PORTS.keys():
        raise ValueError(f"schemes={sorted(found)}; only 'https' and 'http' are fetched.")
    return found


NO_SOURCES = ImageSources()
"""What content may name unless a developer says otherwise: no file."""

CODE_SOURCES = ImageSources([Path.cwd().anchor], schemes=DEFAULT_PORTS, allow_private=True)
"""What a developer's own code names: every ordinary file, and hosts in a private network too.

Never give it to a model or to a tool. Devices, the kernel's files and the addresses where a cloud
hands out credentials stay shut.
"""
