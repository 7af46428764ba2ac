"""The service: a request in, a reply out. No framework, no socket and no event loop."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from langchain_gptv.exceptions import GPTVError, ImageError, MissingExtraError, PlanError
from langchain_gptv.local.wire import errors
from langchain_gptv.local.wire.answering import Engine, answer
from langchain_gptv.local.wire.batches import WINDOW_S, BatchDesk
from langchain_gptv.local.wire.body import Node, read_body
from langchain_gptv.local.wire.chat import ChatReply, read_chat_request
from langchain_gptv.local.wire.dialect import Api, Dialect
from langchain_gptv.local.wire.enhancing import ground_reply
from langchain_gptv.local.wire.responses import ResponsesReply, read_responses_request
from langchain_gptv.vision.profile_data import LOCAL_MODEL

logger = logging.getLogger(__name__)

_ROUTES: tuple[tuple[re.Pattern[str], str, Api], ...] = (
    (re.compile(r"/v1/chat/completions"), "POST", "chat"),
    (re.compile(r"/v1/responses"), "POST", "responses"),
    (re.compile(r"/v1/models(?:/(?P<model>.+))?"), "GET", "models"),
    (re.compile(r"/openai/v1/chat/completions"), "POST", "chat"),
    (re.compile(r"/openai/v1/responses"), "POST", "responses"),
    (re.compile(r"/openai/v1/models(?:/(?P<model>.+))?"), "GET", "models"),
    (
        re.compile(r"/openai/deployments/(?P<model>[^/]+)(?P<ext>/extensions)?/chat/completions"),
        "POST",
        "chat",
    ),
    # Azure's older Responses has no deployment in its path; the client sends it in the body.
    (re.compile(r"/openai/responses"), "POST", "responses"),
    (re.compile(r"/openai/models(?:/(?P<model>.+))?"), "GET", "models"),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply. An iterator of bytes is a stream of events, ready as fast as it is read."""

    status: int
    headers: dict[str, str]
    body: bytes | Iterator[bytes]


class LocalService:
    """The embedded engine behind the wire of OpenAI and of Azure OpenAI.

    Args:
        engine: What answers.
        models: Names that are accepted on OpenAI's paths; the reply names the engine itself.
        deployments: Names accepted on Azure's paths; None accepts any, since the name of a
            deployment is its owner's choice.
        batch_window_s: Seconds after which what is left of a batch has expired.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        models: tuple[str, ...] = (LOCAL_MODEL,),
        deployments: tuple[str, ...] | None = None,
        batch_window_s: float = WINDOW_S,
    ) -> None:
        self.engine = engine
        self.models = models
        self.deployments = deployments
        self._created = int(time.time())
        self._desk = BatchDesk(self._post_in_batch, window_s=batch_window_s)

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Reply:
        """Answer one request.

        The engine has answered when this returns, so that any error is a status and never a
        broken stream. It takes the time of an analysis; call it off the event loop.
        """
        try:
            named = {name.lower(): value for name, value in headers.items()}
            found = self._desk.handle(method, path, query, named, body)
            if found is not None:
                return _file_reply(found) if isinstance(found, bytes) else _json_reply(found)
            dialect, model = _route(method, path, query)
            if dialect.api == "models":
                return _json_reply(self._list_models(model))
            request = read_body(named.get("content-type", ""), body)
            self._check_model(request["model"], model, dialect)
            return self._answer(request, dialect)
        except errors.WireError as error:
            return error_reply(error)
        except GPTVError as error:
            return error_reply(_engine_fault(error, str(error)))
        except Exception as error:
            logger.exception("A defect of the embedded engine, on %s %s", method, path)
            return error_reply(_engine_fault(error, "It is a defect; see the log."))

    def _post_in_batch(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        reply = self.handle("POST", path, {}, {"content-type": "application/json"}, body)
        if isinstance(reply.body, bytes):
            return reply.status, json.loads(reply.body)
        fault = errors.request_error("A batch does not stream.", param="stream")
        return fault.status, {"error": fault.error}

    def _answer(self, body: Node, dialect: Dialect) -> Reply:
        try:
            if dialect.api == "chat":
                return self._answer_chat(body, dialect)
            return self._answer_responses(body, dialect)
        except ImageError:
            # Some damage shows only when the engine decodes the pixels.
            raise errors.not_an_image(dialect) from None
        except PlanError as error:
            raise errors.request_error(str(error)) from None

    def _answer_chat(self, body: Node, dialect: Dialect) -> Reply:
        request = read_chat_request(body, dialect)
        result, conversation = answer(self.engine, request.ask), request.ask.conversation
        grounded = ground_reply(self.engine, result, conversation) if request.grounding else None
        reply = ChatReply(request, result, dialect, grounded)
        return _stream(reply.chunks()) if request.stream else _json_reply(reply.completion())

    def _answer_responses(self, body: Node, dialect: Dialect) -> Reply:
        request = read_responses_request(body, dialect)
        reply = ResponsesReply(request, answer(self.engine, request.ask))
        return _stream(reply.events()) if request.stream else _json_reply(reply.response())

    def _check_model(self, named: Node, deployment: str | None, dialect: Dialect) -> None:
        if deployment is None and not named.given and dialect.api == "chat":
            raise errors.request_error("you must provide a model parameter")
        model = deployment or named.required().text()
        accepted = self.deployments if dialect.azure else self.models
        if accepted is not None and model not in accepted:
            raise errors.unknown_model(model, dialect)

    def _list_models(self, wanted: str | None) -> dict[str, Any]:
        owner = {"object": "model", "created": self._created, "owned_by": "langchain-gptv"}
        listed = [{"id": name, **owner} for name in (*self.models, *(self.deployments or ()))]
        if wanted is None:
            return {"object": "list", "data": listed}
        found = next((model for model in listed if model["id"] == wanted), None)
        if found is None:
            raise errors.request_error(
                f"The model '{wanted}' does not exist",
                param="model",
                code="model_not_found",
                status=404,
            )
        return found


def is_azure(path: str) -> bool:
    """Whether a path belongs to Azure OpenAI."""
    return path.startswith("/openai/")


def error_reply(error: errors.WireError) -> Reply:
    """Write an error; a fault of the engine will not heal, so clients are told not to retry."""
    reply = _json_reply({"error": error.error}, error.status)
    if error.status >= 500:
        reply.headers["x-should-retry"] = "false"
    return reply


def _route(method: str, path: str, query: Mapping[str, str]) -> tuple[Dialect, str | None]:
    for pattern, allowed, api in _ROUTES:
        match = pattern.fullmatch(path)
        if match is None:
            continue
        if method != allowed:
            raise errors.request_error(
                f"Only {allowed} requests are accepted, not {method}.",
                code="method_not_supported",
                status=405,
            )
        named = match.groupdict()
        dialect = replace(_dialect(api, path, query), extensions=bool(named.get("ext")))
        if dialect.extensions and not dialect.enhanced:
            break
        return dialect, named.get("model")
    raise errors.unknown_path(method, path, azure=is_azure(path))


def _dialect(api: Api, path: str, query: Mapping[str, str]) -> Dialect:
    if not is_azure(path) or path.startswith("/openai/v1/"):
        return Dialect(api, azure=is_azure(path))
    version = query.get("api-version")
    if not version:
        raise errors.unknown_path("POST", path, azure=True)
    return Dialect(api, azure=True, api_version=version)


def _engine_fault(error: Exception, message: str) -> errors.WireError:
    code = "missing_extra" if isinstance(error, MissingExtraError) else "local_engine_error"
    return errors.request_error(
        f"The embedded engine could not answer. {message}",
        code=code,
        status=500,
        kind="server_error",
    )


def _json_reply(body: dict[str, Any], status: int = 200) -> Reply:
    return Reply(status, _headers("application/json"), json.dumps(body).encode())


def _file_reply(data: bytes) -> Reply:
    return Reply(200, _headers("application/octet-stream"), data)


def _stream(events: Iterator[bytes]) -> Reply:
    return Reply(200, _headers("text/event-stream; charset=utf-8"), events)


def _headers(content_type: str) -> dict[str, str]:
    return {"content-type": content_type, "x-request-id": f"req_{uuid.uuid4().hex}"}
