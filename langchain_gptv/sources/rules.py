"""Which URLs, addresses and sizes are let in. No network: what is asked is only judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_gptv.exceptions import SourceNotAllowedError
from langchain_gptv.sources.addresses import is_address, is_odd_address, kind_of_address
from langchain_gptv.vision.headers import check_pixels

if TYPE_CHECKING:
    import httpx2

    from langchain_gptv.vision.images import Image

DEFAULT_PORTS = {"https": 443, "http": 80}

_PRIVATE_NAMES = ("localhost", "local", "internal", "intranet", "lan", "corp", "home.arpa")
_HOST = re.compile(rb"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_OPENED = ("private", "loopback")
"""What `allow_private` opens; nothing opens the rest."""


@dataclass(frozen=True)
class UrlRules:
    """Which URLs may be fetched, and how much of them.

    Attributes:
        hosts: As `parse_hosts` gives them; None is any.
        schemes: Of "https" and "http".
        allow_private: Whether private and loopback addresses may be reached.
        max_bytes: Of the body, unpacked; and of an image file.
        max_pixels: That an image may declare.
        timeout: Seconds for all of it, redirects included.
        max_redirects: How many are followed, each under the same rules.
    """

    hosts: frozenset[str] | None
    schemes: frozenset[str]
    allow_private: bool
    max_bytes: int
    max_pixels: int
    timeout: float
    max_redirects: int

    def check_url(self, url: httpx2.URL) -> None:
        """Refuse a URL for what it says, before anything is looked up.

        Raises:
            SourceNotAllowedError: It names the URL without its query, the rule and the way out.
        """
        problem = self._problem(url)
        if problem:
            raise SourceNotAllowedError(f"'{show_url(url)}' {problem}")

    def check_addresses(self, url: httpx2.URL, addresses: Sequence[str]) -> None:
        """Refuse a host if any of its addresses must not be reached.

        Raises:
            SourceNotAllowedError: It names the address and what kind it is.
        """
        # A wildcard or a name does not open an address: whoever holds the name can point it there.
        is_open = self.allow_private or (is_address(url.host) and self.names(url))
        for address in addresses:
            kind = kind_of_address(address)
            if kind == "public" or (kind in _OPENED and is_open):
                continue
            way_out = "Nothing opens it."
            if kind in _OPENED:
                way_out = "ImageSources(allow_private=True) opens it."
            raise SourceNotAllowedError(
                f"'{show_url(url)}' leads to {address}, a {kind} address, which content may not "
                f"reach. {way_out}"
            )

    def check_pixels(self, image: Image) -> Image:
        """Return the image, of which only the header has been read, if it is not too large.

        Raises:
            ImageTooLargeError: It has more than `max_pixels`.
        """
        check_pixels(image.width, image.height, image.name, self.max_pixels)
        return image

    def names(self, url: httpx2.URL) -> bool:
        """Tell whether `hosts` names the host of a URL, with its port unless that is usual."""
        host = f"[{url.host}]" if ":" in url.host else url.host.lower()
        port = url.port or DEFAULT_PORTS.get(url.scheme)
        known = {f"{host}:{port}"} if url.port else {host, f"{host}:{port}"}
        if is_address(url.host):
            return not known.isdisjoint(self.hosts or ())
        return any(
            name in known or (name.startswith("*.") and any(k.endswith(name[1:]) for k in known))
            for name in self.hosts or ()
        )

    def is_out_of_reach(self, url: httpx2.URL) -> bool:
        """Tell whether a service on the internet could not fetch a URL: private, or ours by name.

        By what it says alone; nothing is looked up.
        """
        host = url.host.lower().rstrip(".")
        if is_address(host):
            return self.names(url) or kind_of_address(host) != "public"
        is_private = "." not in host or host.endswith(tuple(f".{name}" for name in _PRIVATE_NAMES))
        return self.names(url) or is_private

    def _problem(self, url: httpx2.URL) -> str:
        if url.scheme not in self.schemes:
            allowed = ", ".join(sorted(self.schemes))
            return (
                f"has the scheme {url.scheme!r}; allowed: {allowed}. {_scheme_way_out(url.scheme)}"
            )
        if url.userinfo:
            return "carries a user name or a password. Take them out of the URL."
        if not is_address(url.host) and not _HOST.fullmatch(url.raw_host):
            return "names no host that there could be."
        if is_odd_address(url.host):
            return "names an address in an unusual form. Write it as four decimal numbers."
        if self.hosts is not None and not self.names(url):
            return f"is not on the hosts {sorted(self.hosts)}. Add it to ImageSources(hosts=[...])."
        if url.port is not None and not (0 < url.port < 65536 and self.names(url)):
            named = f"{url.host}:{url.port}"
            return f"names the port {url.port}. Add {named!r} to ImageSources(hosts=[...])."
        return ""


def parse_hosts(hosts: Iterable[str] | str | None) -> frozenset[str] | None:
    """Return hosts as they are compared: "example.com", "*.example.com", "[::1]:8080".

    Raises:
        ValueError: One is a URL.
    """
    if hosts is None:
        return None
    names = [hosts] if isinstance(hosts, str) else list(hosts)
    for name in names:
        if "/" in name:
            raise ValueError(f"hosts has {name!r}, which is no host. Pass one like 'example.com'.")
    return frozenset(_bracketed(name.lower()) for name in names)


def show_url(url: httpx2.URL) -> str:
    """Return a URL for an error: no query, which may hold a SAS token, and no password."""
    # As it is written, with its escapes: what they stand for may be a line of its own in a log.
    path = url.raw_path.decode("ascii").partition("?")[0]
    path = path if len(path) <= 200 else f"{path[:200]}..."
    host = f"[{url.host}]" if ":" in url.host else url.host
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{host}{port}{path}"


def _scheme_way_out(scheme: str) -> str:
    if scheme not in DEFAULT_PORTS:
        return "Only these are fetched; open a file with ImageSources(roots=[...])."
    return 'ImageSources(schemes={"https", "http"}) allows both.'


def _bracketed(name: str) -> str:
    return f"[{name}]" if name.count(":") > 1 and not name.startswith("[") else name
