"""`gptv serve`: the embedded engine for every OpenAI client on this machine.

A web page that the user visits can send requests to a server on localhost, and can point a name
of its own at 127.0.0.1. So a request must name the server as a local client does, and must not
come from another site.
"""

from __future__ import annotations

import errno
import hmac
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from langchain_gptv._version import __version__
from langchain_gptv.exceptions import LocalEngineError, MissingExtraError
from langchain_gptv.local.intake import MAX_BODY_BYTES, MAX_HELD_BYTES, MAX_READ_S, Intake
from langchain_gptv.local.transport import default_service
from langchain_gptv.local.wire import LocalService, Reply
from langchain_gptv.local.wire.errors import WireError, request_error, unauthorized
from langchain_gptv.local.wire.service import error_reply, is_azure
from langchain_gptv.vision.profile_data import LOCAL_MODEL

try:
    import anyio
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route
except ImportError:
    raise MissingExtraError("gptv serve", "local") from None

MAX_CONCURRENT = 2
"""Analyses at a time. Each one uses several cores itself; more only wait for one another."""

MAX_CONNECTIONS = 1024
"""A caller over it gets a 503; each connection costs a file descriptor."""

MIN_TOKEN = 16
"""Characters of a token for other machines, so that it cannot be found by trying."""

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def build_app(
    service: LocalService,
    *,
    token: str | None = None,
    local_only: bool = True,
    max_body_bytes: int = MAX_BODY_BYTES,
    max_concurrent: int = MAX_CONCURRENT,
    max_held_bytes: int = MAX_HELD_BYTES,
    max_read_s: float = MAX_READ_S,
) -> Starlette:
    """Put a service behind ASGI.

    Args:
        service: What answers.
        token: What clients must send as `Authorization: Bearer` or `api-key`; None asks for none.
        local_only: Refuse requests that name another host, or come from a page of another site.
        max_body_bytes: Of a request; a larger one is refused while it is read.
        max_concurrent: Analyses at a time; further requests wait.
        max_held_bytes: Of all requests that are read or wait; one that would pass it gets a 503
            that says when to come back, which the clients of `openai` do.
        max_read_s: Seconds for a request to arrive whole.
    """
    limiter = anyio.CapacityLimiter(max_concurrent)
    intake = Intake(max_body_bytes, max_held_bytes, max_read_s)
    gate = _Gate(service, token, local_only, intake, limiter)
    return Starlette(routes=[Route("/{path:path}", gate.answer, methods=_METHODS)])


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    token: str | None = None,
    service: LocalService | None = None,
    on_ready: Callable[[str], None] | None = None,
    log_level: str = "warning",
) -> None:
    """Serve until Ctrl-C.

    Args:
        host: Address to listen on; one that other machines reach needs a token.
        port: 0 takes a free one.
        token: What clients must send as their API key; None asks for none, which only a host of
            this machine may. For other machines it has 16 characters or more.
        service: What answers; by default the service of this process.
        on_ready: Called with the address for `base_url` once clients can connect.
        log_level: Of uvicorn.

    Raises:
        LocalEngineError: The port is taken, or the host is open to others without a good token.
    """
    local_only = is_loopback(host)
    if not local_only:
        _check_strength(host, token)
    app = build_app(service or default_service(), token=token, local_only=local_only)
    with bind(host, port) as listener:
        server = make_server(app, log_level=log_level)
        if on_ready:
            shown = f"[{host}]" if ":" in host else host
            on_ready(f"http://{shown}:{listener.getsockname()[1]}/v1")
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            return


def _check_strength(host: str, token: str | None) -> None:
    if token and len(token) >= MIN_TOKEN:
        return
    state = f"the token has fewer than {MIN_TOKEN} characters" if token else "no token is set"
    raise LocalEngineError(
        f"'{host}' is open to other machines, and {state}. Set GPTV_SERVE_TOKEN or pass token=..., "
        "such as the output of `openssl rand -hex 32`; or take host='127.0.0.1' to serve this "
        "machine alone."
    )


def bind(host: str, port: int) -> socket.socket:
    """Take a port, or say why it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise LocalEngineError(
                f"Port {port} of '{host}' is in use. Stop the other program, or choose another "
                "port; port=0 takes a free one."
            ) from None
        raise LocalEngineError(
            f"Cannot listen on port {port} of '{host}': {error.strerror or error}. "
            "Choose another host or a port above 1023."
        ) from None


def make_server(app: Starlette, *, log_level: str = "warning") -> uvicorn.Server:
    """Make a uvicorn server that stops within seconds, whatever is under way."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level=log_level,
            lifespan="off",
            ws="none",
            # Nobody stands before it whose word on who asks would count.
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=2,
        )
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the host."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Gate:
    """Lets in who may use the service, and hands the request on; see `build_app`."""

    service: LocalService
    token: str | None
    local_only: bool
    intake: Intake
    limiter: anyio.CapacityLimiter

    async def answer(self, request: Request) -> Response:
        # Not of request.url, which is put together with the Host header.
        path = request.scope["path"]
        try:
            if self.local_only:
                _check_local(request)
            if path == "/health":
                return JSONResponse({"status": "ok", "engine": LOCAL_MODEL, "version": __version__})
            _check_token(request, self.token)
            async with self.intake.read(request) as body:
                return _respond(await self._handle(request, path, body))
        except WireError as error:
            return _respond(_refusal(error))
        except ClientDisconnect:
            return Response(status_code=400)

    async def _handle(self, request: Request, path: str, body: bytes) -> Reply:
        query, headers = dict(request.query_params), dict(request.headers)
        handle = partial(self.service.handle, request.method, path, query, headers, body)
        # After Ctrl-C the server waits for no answer that nobody will read.
        return await anyio.to_thread.run_sync(handle, abandon_on_cancel=True, limiter=self.limiter)


def _check_local(request: Request) -> None:
    host = _host_of(f"//{request.headers.get('host', '')}")
    if not is_loopback(host):
        raise _forbidden(
            f"The request names the host '{host[:100]}', and this server answers only as "
            "'localhost' or '127.0.0.1'. Use one of them in base_url."
        )
    origin = request.headers.get("origin")
    if origin is not None and not is_loopback(_host_of(origin)):
        raise _forbidden(
            f"The request comes from a page of '{origin[:100]}'. Web pages of other sites may "
            "not use this server."
        )


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _forbidden(message: str) -> WireError:
    return request_error(message, code="forbidden", status=403)


def _check_token(request: Request, token: str | None) -> None:
    if not token:
        return
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    given = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("api-key")
    # Comparing in constant time keeps the token from being guessed letter by letter.
    if given is None or not hmac.compare_digest(given.encode(), token.encode()):
        raise unauthorized(azure=is_azure(request.scope["path"]), key=given)


def _refusal(error: WireError) -> Reply:
    reply = error_reply(error)
    if error.status == 503:
        # Unlike a fault of the engine, this will heal.
        reply.headers.update({"retry-after": "1", "x-should-retry": "true"})
    return reply


def _respond(reply: Reply) -> Response:
    if isinstance(reply.body, bytes):
        return Response(reply.body, reply.status, reply.headers)
    return StreamingResponse(_give(reply.body), reply.status, reply.headers)


async def _give(events: Iterator[bytes]) -> AsyncIterator[bytes]:
    # The events are ready, so that no thread is needed to read them.
    for event in events:
        yield event
