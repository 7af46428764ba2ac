"""The recorded exchanges of others: their requests as LangChain messages, their answers again."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
from conftest import SHARED
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage, convert_to_messages

FOLDER = SHARED / "recordings"
_FILE = "@file:"


def load(name: str) -> dict[str, Any]:
    """Load a recording; images that lie in files of their own are put back into its request."""
    recording = json.loads((FOLDER / f"{name}.json").read_text())
    recording["request"]["body"] = _filled(recording["request"]["body"])
    return recording


def names(api: str = "") -> list[str]:
    """List the recordings, of one API or of both."""
    paths = sorted(FOLDER.glob("[0-9]*.json")) if FOLDER.is_dir() else []
    return [path.stem for path in paths if api in ("", api_of(json.loads(path.read_text())))]


def api_of(recording: dict[str, Any]) -> str:
    """Return "chat" or "responses"."""
    return "responses" if "responses" in recording["request"]["url"] else "chat"


def service_of(recording: dict[str, Any]) -> str:
    """Return "openai" or "azure"."""
    url = recording["request"]["url"].lower()
    return "azure" if "azure" in url else "openai"


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if isinstance(value, str) and _FILE in value:
        head, _, name = value.partition(_FILE)
        return head + base64.b64encode((FOLDER / name).read_bytes()).decode()
    return value


def images_of(value: Any) -> list[tuple[str | None, str | None]]:
    """Return (URL or file id, detail) of every image in a body, in order, on either API."""
    if isinstance(value, list):
        return [image for item in value for image in images_of(item)]
    if not isinstance(value, dict):
        return []
    inner = value.get("image_url")
    if isinstance(inner, dict):
        return [(inner["url"], inner.get("detail"))]
    if value.get("type") in ("image_url", "input_image", "computer_screenshot"):
        return [(inner or value.get("file_id"), value.get("detail"))]
    return [image for item in value.values() for image in images_of(item)]


def messages_of(recording: dict[str, Any]) -> list[BaseMessage]:
    """Return a recorded request as LangChain messages, its images as standard blocks."""
    body = recording["request"]["body"]
    if "messages" in body:
        return convert_to_messages([_standard_message(one) for one in body["messages"]])
    if isinstance(body.get("input"), str):
        return convert_to_messages([body["input"]])
    if "prompt" in body:
        # A template of the service's: its variables are parts of the user's message.
        parts = list(body["prompt"]["variables"].values())
        return convert_to_messages([_standard_message({"role": "user", "content": parts})])
    read = (_of_item(item) for item in body["input"])
    return [message for message in read if message is not None]


def _of_item(item: dict[str, Any]) -> BaseMessage | None:
    kind = item.get("type", "message")
    if kind == "message":
        (message,) = convert_to_messages([_standard_message(item)])
        return message
    if kind == "function_call":
        arguments = json.loads(item["arguments"])
        made = {"name": item["name"], "args": arguments, "id": item["call_id"]}
        return AIMessage("", tool_calls=[made])
    if kind == "function_call_output":
        return ToolMessage(_standard(item["output"]), tool_call_id=item["call_id"])
    if kind == "computer_call_output":
        content = [_standard_part({**item["output"], "type": "input_image"})]
        return ToolMessage(content, tool_call_id=item["call_id"], additional_kwargs={"type": kind})
    return None  # reasoning, which is encrypted for another account


def _standard_message(message: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in message.items() if key != "type"}
    return {**kept, "content": _standard(message.get("content") or "")}


def _standard(content: Any) -> Any:
    return content if isinstance(content, str) else [_standard_part(part) for part in content]


def _standard_part(part: dict[str, Any]) -> dict[str, Any]:
    """Write an image as LangChain's standard block, in which its own chat models lose `detail`."""
    if part["type"] in ("input_text", "output_text"):
        return {"type": "text", "text": part["text"]}
    if part["type"] not in ("image_url", "input_image"):
        return part
    inner = part.get("image_url")
    holder = inner if isinstance(inner, dict) else part
    url = holder.get("url") if isinstance(inner, dict) else inner
    extras = {"extras": {"detail": holder["detail"]}} if holder.get("detail") else {}
    if part.get("file_id"):
        return {"type": "image", "file_id": part["file_id"], **extras}
    if str(url).startswith("data:"):
        head, _, body = url.partition(";base64,")
        mime_type = head.removeprefix("data:")
        return {"type": "image", "base64": body, "mime_type": mime_type, **extras}
    return {"type": "image", "url": url, **extras}


def answer_of(recording: dict[str, Any]) -> httpx2.Response:
    """Return the recorded answer as the service gave it."""
    response = recording["response"]
    kind = response["headers"].get("content-type", "")
    if "sse" in response:
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(response["status"], text=response["sse"], headers=headers)
    if "body" in response:
        return httpx2.Response(response["status"], json=response["body"])
    return httpx2.Response(
        response["status"], text=response["text"], headers={"content-type": kind}
    )
