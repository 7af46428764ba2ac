"""What the tests of agents share: a server that notes its requests, tools, and walks over state."""

import base64
import json
import re
from contextlib import contextmanager

import PIL.Image
import pytest

pytest.importorskip("langchain", reason="the extra 'agents' is not installed")

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from wire_support import FakeEngine, build_app, running

from langchain_gptv import Image, image_block
from langchain_gptv.local.wire import LocalService

BASE64 = re.compile(r"[A-Za-z0-9+/]{200,}|iVBORw0K|/9j/")


@contextmanager
def noting_server():
    """Run `gptv serve` with a quick engine; yield its address and the bodies that it was sent."""
    bodies = []
    app = build_app(LocalService(FakeEngine()))

    async def noting(scope, receive, send):
        parts = []

        async def note():
            message = await receive()
            parts.append(message.get("body", b""))
            if message["type"] == "http.request" and not message.get("more_body"):
                bodies.append(json.loads(b"".join(parts) or b"null"))
            return message

        await app(scope, note if scope["type"] == "http" else receive, send)

    with running(noting) as address:
        yield address, bodies


def chat_openai(address, **settings):
    """Return LangChain's own model, which knows nothing of stores."""
    return ChatOpenAI(
        model="gptv-local", base_url=f"{address}/v1", api_key="none", max_retries=0, **settings
    )


def picture(width=60, height=40, color="red"):
    """A PNG file."""
    return Image.of(PIL.Image.new("RGB", (width, height), color)).data


def data_url(data):
    """A picture as a data URL."""
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


@tool
def take_photo(width: int) -> list:
    """Take a photo of that many pixels."""
    return [{"type": "text", "text": "Here it is."}, image_block(picture(width))]


def ask(text, *pictures):
    """A user message with pictures, as the input of an agent."""
    blocks = [{"type": "image_url", "image_url": {"url": data_url(data)}} for data in pictures]
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": text}, *blocks]}]}


def make_agent(vision, model, **settings):
    """An agent with one tool that returns pictures."""
    return vision.wrap(create_agent(model, [take_photo], middleware=[vision], **settings))


def sent_images(body):
    """Return the widths of the pictures of a request, in their order."""
    parts = [
        part["image_url"]["url"]
        for message in body["messages"]
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if part["type"] == "image_url"
    ]
    return [Image.of(url).width for url in parts]


def sent_text(body):
    """Return all text of a request."""
    return json.dumps([m.get("content") for m in body["messages"]])


def base64_in(value, path="state"):
    """Walk anything and return the paths at which there is base64 or are bytes of a picture."""
    if isinstance(value, bytes | bytearray):
        return [path] if value[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0") else []
    if isinstance(value, str):
        return [path] if BASE64.search(value) else []
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in base64_in(item, f"{path}.{key}")]
    if isinstance(value, list | tuple | set):
        items = enumerate(value)
        return [found for index, item in items for found in base64_in(item, f"{path}[{index}]")]
    return base64_in(vars(value), path) if hasattr(value, "__dict__") else []
