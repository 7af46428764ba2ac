"""A web server on loopback that misbehaves as it is told, and counts what it is asked."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import ssl
import threading
import time
import zlib
from collections.abc import Iterator

from pictures import encoded, noise

PHOTO = encoded(noise(60, 40), "PNG")
TIFF = encoded(noise(60, 40), "TIFF")
WIDE = encoded(noise(2000, 2), "PNG")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
BOMB = gzip.compress(bytes(50_000_000))


class Site(http.server.ThreadingHTTPServer):
    """Serves a photo in good and bad ways.

    Attributes:
        asked: The host header and path of each request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str]] = []

    @property
    def host(self) -> str:
        """The address with its port."""
        return f"127.0.0.1:{self.server_port}"

    def url(self, path: str) -> str:
        """Return the URL of a path."""
        return f"http://{self.host}{path}"

    def handle_error(self, request, client_address) -> None:
        """Stay silent when a client hangs up, which is what most tests are about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.headers["Host"], self.path))
        name = self.path.partition("?")[0].strip("/").replace("-", "_")
        getattr(self, f"_{name}")()

    def _photo(self) -> None:
        self._reply(PHOTO, {"Content-Type": "text/plain"})

    def _tiff(self) -> None:
        self._reply(TIFF)

    def _page(self) -> None:
        self._reply(b"<html>" + bytes(500), {"Content-Type": "image/png"})

    def _private(self) -> None:
        self._reply(b"no", status=403)

    def _packed(self) -> None:
        self._reply(gzip.compress(PHOTO), {"Content-Encoding": "gzip"})

    def _bomb(self) -> None:
        self._reply(BOMB, {"Content-Encoding": "gzip"})

    def _brotli(self) -> None:
        self._reply(b"1234", {"Content-Encoding": "br"})

    def _badly_packed(self) -> None:
        self._reply(b"no gzip at all", {"Content-Encoding": "gzip"})

    def _cut_off(self) -> None:
        self._reply(PHOTO[:1000], {"Content-Length": str(len(PHOTO))})
        self.close_connection = True

    def _endless(self) -> None:
        self._head({"Connection": "close"})
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(PHOTO)

    def _slow(self) -> None:
        self._head({"Content-Length": "100000"})
        with contextlib.suppress(OSError):
            for _ in range(100):
                self.wfile.write(b"\x89")
                time.sleep(0.05)

    def _slow_head(self) -> None:
        with contextlib.suppress(OSError):
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)

    def _endless_head(self) -> None:
        self._send_forever(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n")

    def _endless_continue(self) -> None:
        self._send_forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n")

    def _endless_chunks(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        self._send_forever(head, b"4\r\n\x89PNG\r\n" * 1000)

    def _deflate_bomb(self) -> None:
        self._reply(zlib.compress(bytes(50_000_000)), {"Content-Encoding": "deflate"})

    def _twice_packed(self) -> None:
        self._reply(gzip.compress(BOMB), {"Content-Encoding": "gzip, gzip"})

    def _wide(self) -> None:
        self._reply(WIDE)

    def _svg(self) -> None:
        self._reply(SVG, {"Content-Type": "image/png"})

    def _send_forever(self, first: bytes, then: bytes) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(first)
            while True:
                self.wfile.write(then)

    def _loop(self) -> None:
        self._reply(b"", {"Location": "/loop"}, status=302)

    def _moved(self) -> None:
        self._reply(b"", {"Location": self.path.partition("?")[2]}, status=307)

    def _reply(self, body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> None:
        self._head({"Content-Length": str(len(body)), **(headers or {})}, status)
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def _head(self, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""


@contextlib.contextmanager
def site(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """Run a site in a thread."""
    server = Site()
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
