"""Image URLs fetched through the door and put into their place, for a service that cannot."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from langchain_core.messages import BaseMessage

from langchain_gptv._bounded import BoundedStore
from langchain_gptv._urls import is_web_url
from langchain_gptv.exceptions import GPTVError, MessageError
from langchain_gptv.messages.content import iter_blocks, place_name, url_of
from langchain_gptv.messages.forms import FormReader
from langchain_gptv.messages.video.forms import is_linked_video
from langchain_gptv.sources import FetchUrls, ImageSources

KEPT_SECONDS = 300.0
KEPT_CHARACTERS = 100_000_000
"""Of all data URLs together; the oldest give way."""

_AT_ONCE = 8

FETCHED: BoundedStore[Hashable, str] = BoundedStore(KEPT_CHARACTERS, len, max_age_s=KEPT_SECONDS)
"""The data URLs of what was fetched: a call reads its messages more than once, and a conversation
sends its images with every turn."""


def inline_urls(
    messages: Sequence[BaseMessage], sources: ImageSources, fetch_urls: FetchUrls
) -> list[BaseMessage]:
    """Return messages in the normal form with their image URLs fetched; at once, each once.

    Args:
        messages: As `normalize_messages` gives them.
        sources: What may be fetched.
        fetch_urls: False leaves all to the service; "private" takes what it could not reach.

    Raises:
        MessageError: A URL may not or cannot be fetched; it names message and block.
    """
    wanted: dict[str, str] = {}
    if fetch_urls:
        messages = [
            _with_videos(message, index, sources, fetch_urls)
            for index, message in enumerate(messages)
        ]
    for where, url in _urls(messages) if fetch_urls else ():
        if _is_wanted(url, sources, fetch_urls):
            wanted.setdefault(url, where)
    if not wanted:
        return list(messages)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        fetched = pool.map(lambda url: _fetched(url, wanted[url], sources), wanted)
        ready = dict(zip(wanted, fetched, strict=True))
    return [_filled(message, ready) for message in messages]


def _urls(messages: Sequence[BaseMessage]) -> Iterator[tuple[str, str]]:
    for index, place, block in iter_blocks(messages):
        url = url_of(block)
        if is_web_url(url):
            yield place_name(index, place), url


def _with_videos(
    message: BaseMessage, index: int, sources: ImageSources, fetch_urls: FetchUrls
) -> BaseMessage:
    """Fetch the videos of a message one after the other: each may be as large as the limit."""
    if not isinstance(message.content, list) or not any(map(is_linked_video, message.content)):
        return message
    from langchain_gptv.messages.video.blocks import expand_fetched

    content: list[str | dict[Any, Any]] = []
    for place, block in enumerate(message.content):
        if is_linked_video(block) and _is_wanted(block["url"], sources, fetch_urls):
            content += expand_fetched(block, place_name(index, place), sources)
        else:
            content.append(block)
    return message.model_copy(update={"content": content})


def _is_wanted(url: str, sources: ImageSources, fetch_urls: FetchUrls) -> bool:
    return fetch_urls is True or _is_out_of_reach(url, sources)


def _is_out_of_reach(url: str, sources: ImageSources) -> bool:
    from langchain_gptv.sources.fetching import parse_url

    try:
        return sources.url_rules.is_out_of_reach(parse_url(url))
    except GPTVError:
        return False  # no URL: the service says so


def _fetched(url: str, where: str, sources: ImageSources) -> str:
    # Under other rules it might not have been fetched.
    key = sources.url_rules, url
    kept = FETCHED.get(key)
    if kept is not None:
        return kept
    try:
        image = sources.fetch(url)
    except GPTVError as error:
        raise MessageError(f"{where}: {error}") from error
    part = FormReader(where, sources).read({"type": "image", "image": image})
    data_url = part.url if part else ""
    FETCHED.put(key, data_url)
    return data_url


def _filled(message: BaseMessage, ready: Mapping[str, str]) -> BaseMessage:
    if not isinstance(message.content, list):
        return message
    content = [_with_data(block, ready.get(url_of(block))) for block in message.content]
    return message.model_copy(update={"content": content})


def _with_data(block: Any, data_url: str | None) -> Any:
    if data_url is None:
        return block
    inner = block["image_url"]
    filled = {**inner, "url": data_url} if isinstance(inner, Mapping) else data_url
    return {**block, "image_url": filled}
