"""What a model calls an image (a handle, a path, a URL), opened by what the developer allows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from langchain_gptv.exceptions import SourceNotAllowedError
from langchain_gptv.messages.video.forms import Clip, digest_of
from langchain_gptv.sources import ImageSources
from langchain_gptv.store import ImageStore, handle_of
from langchain_gptv.vision.images import Image

IMAGE_HELP = (
    "Which image: its handle, such as img_3f9a2c or img_3f9a2c/zoom_1, or a file path or a URL "
    "that you were given."
)
_HANDLES = ("img_", "vid_")
_DATA = (
    "The bytes of an image cannot be passed to a tool. Pass its handle, such as img_3f9a2c, a file "
    "path or a URL."
)


@dataclass(frozen=True)
class OpenedImage:
    """An image that is in the store.

    Attributes:
        handle: What the model calls it from now on.
        image: Its pixels.
    """

    handle: str
    image: Image


def open_reference(reference: str, store: ImageStore, sources: ImageSources) -> OpenedImage:
    """Open what a model named, and put it into the store. Takes files and network.

    A URL is fetched only from hosts that `sources` names: any other would let words in a picture
    make the model call on a host of their choice.

    Raises:
        SourceNotAllowedError: The path or the URL is not allowed, or bytes were passed.
        ImageError: There is no such image, or it cannot be read.
    """
    name = reference.strip().strip("'\"<>`")
    if name.startswith("data:"):
        raise SourceNotAllowedError(_DATA)
    handle = handle_of(name) or name
    if handle.startswith(_HANDLES) and not Path(handle).suffix:
        return OpenedImage(handle, store.get(handle))
    image = _fetched(name, sources) if "://" in name else sources.open_path(_path(name, sources))
    return OpenedImage(store.put(image), image)


def open_video_reference(reference: str, sources: ImageSources) -> Clip:
    """Open the video that a model named; whoever calls closes it. Takes files and network.

    Raises:
        SourceNotAllowedError: The path or the URL is not allowed, or bytes were passed.
        ImageError: There is no such file, or it cannot be fetched.
    """
    name = reference.strip().strip("'\"<>`")
    if name.startswith("data:"):
        raise SourceNotAllowedError(_DATA)
    if "://" in name:
        data = _allowed(name, sources).fetch_data(name)
        return Clip(data, Path(urlsplit(name).path).name or "video", digest_of(data))
    file = sources.open_file(_path(name, sources))
    seen = os.fstat(file.fileno())
    return Clip(file, Path(name).name, (seen.st_dev, seen.st_ino, seen.st_mtime_ns))


def _fetched(url: str, sources: ImageSources) -> Image:
    return _allowed(url, sources).fetch(url)


def _allowed(url: str, sources: ImageSources) -> ImageSources:
    if sources.url_rules.hosts is None:
        raise SourceNotAllowedError(
            f"{url.partition('?')[0]!r} is a URL, and no hosts are named that a model may fetch "
            "from. Name them with ImageSources(hosts=[...])."
        )
    return sources


def _path(name: str, sources: ImageSources) -> str | Path:
    """Find a file name in the roots, as a model does not know where they lie."""
    # Nothing outside the roots is asked after, not even whether it is there.
    if Path(name).is_absolute() or ".." in Path(name).parts:
        return name
    inside = (root / name for root in sources.roots)
    return next((path for path in inside if _is_file(path)), name)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False  # a name of many thousand letters
