"""The store of an agent's pictures."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator
from typing import Any, Self

from langchain_core.stores import InMemoryByteStore

from langchain_gptv.exceptions import ImageTooLargeError, UnknownImageError
from langchain_gptv.store.files import FileStore
from langchain_gptv.store.handles import (
    crop_handles,
    frame_handles,
    handle_of,
    handle_of_key,
    image_handles,
    key_of,
    root_of,
)
from langchain_gptv.store.records import Crop, Record
from langchain_gptv.store.room import Claims, Shelf
from langchain_gptv.store.steps import (
    Backend,
    Delete,
    Keys,
    Pause,
    Read,
    Sizes,
    Steps,
    Write,
    arun,
    run,
)
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.images import Image

MEMORY_BYTES = 512_000_000
_SHOWN = 8
_LEFT = ".removed"
"""Ends the key under which the digest of a removed value is left."""


class ImageStore:
    """Pictures under handles that a model can write: `img_3f9a2c0b71de`.

    A handle is made from the bytes, so the same bytes have the same handle, in every process.
    Another picture never comes back under a handle: bytes are compared, not digests, and a handle
    whose picture was removed is not given to another.

    Safe for threads and for asyncio. Several processes may share a folder. They may share another
    backend when it has `add_new(key, value) -> bool`, which writes only where nothing is; without
    it, two that crop one picture at the same moment may get the same `zoom_` number.

    Args:
        backend: Any LangChain `BaseStore[str, bytes]`; in memory by default.
        max_bytes: Above it, the pictures that were not used for the longest time are removed, and
            asking for one says so. Counted per namespace. None: 512 MB in memory, no limit on a
            backend of your own.
        namespace: Keeps users apart in one backend: a handle of one is unknown in another.

    Example:
        >>> store = ImageStore()
        >>> handle = store.put("examples/images/receipt.png")
        >>> handle == store.put("examples/images/receipt.png")
        True
        >>> store.get(handle).mime_type
        'image/png'
    """

    def __init__(
        self,
        backend: Backend | None = None,
        *,
        max_bytes: int | None = None,
        namespace: str = "",
    ) -> None:
        if backend is None and max_bytes is None:
            max_bytes = MEMORY_BYTES
        self.backend: Backend = InMemoryByteStore() if backend is None else backend
        self.namespace = namespace
        # Hashed: any name is a safe key, and "Ann" and "ann" differ on every file system.
        self._prefix = f"gptv/{hashlib.sha256(namespace.encode()).hexdigest()[:32]}/"
        self._shelf = Shelf(max_bytes)
        self._claims = Claims.of(self.backend)

    @classmethod
    def on_disk(
        cls,
        folder: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        namespace: str = "",
    ) -> Self:
        """Keep the pictures in a folder, where another process finds them again."""
        return cls(FileStore(folder), max_bytes=max_bytes, namespace=namespace)

    def put(self, image: Any) -> str:
        """Store a picture and return its handle.

        Args:
            image: An `Image`, path, bytes, data URL, PIL image, numpy array or open file.

        Raises:
            ImageError: It is no image.
            ImageTooLargeError: It has more bytes than the whole store may hold.
        """
        return run(self._put(Image.of(image).data), self.backend)

    async def aput(self, image: Any) -> str:
        """Store a picture and return its handle."""
        data = await asyncio.to_thread(lambda: Image.of(image).data)
        return await arun(self._put(data), self.backend)

    def put_crop(self, parent: str, image: Any, box: Box) -> str:
        """Store a crop as `img_.../zoom_1`; the same crop again has the same handle.

        Args:
            parent: The handle it was cut from; for a crop of a crop, that of the crop.
            image: The crop's own pixels, which may have been enlarged.
            box: In pixels of the parent as stored.

        Raises:
            UnknownImageError: There is no such parent.
            ValueError: The box has no area.
        """
        return run(self._put_crop(parent, Image.of(image), box), self.backend)

    async def aput_crop(self, parent: str, image: Any, box: Box) -> str:
        """Store a crop as `img_.../zoom_1`; the same crop again has the same handle."""
        loaded = await asyncio.to_thread(_loaded, image)
        return await arun(self._put_crop(parent, loaded, box), self.backend)

    def put_frame(self, video: str, timestamp_s: float, image: Any) -> str:
        """Store a frame as `vid_81c2aa09f3b4@00:12.5`.

        Args:
            video: A `vid_...` handle, or any other name of the video, from which one is made.
            timestamp_s: Seconds from the start.
            image: The frame's pixels.
        """
        data = Image.of(image).data
        return run(self._place(frame_handles(video, timestamp_s), Record(data)), self.backend)

    async def aput_frame(self, video: str, timestamp_s: float, image: Any) -> str:
        """Store a frame as `vid_81c2aa09f3b4@00:12.5`."""
        data = (await asyncio.to_thread(_loaded, image)).data
        steps = self._place(frame_handles(video, timestamp_s), Record(data))
        return await arun(steps, self.backend)

    def get(self, handle: str) -> Image:
        """Return a picture; the handle may also be a `gptv://` reference.

        Raises:
            UnknownImageError: There is none of that name, or no longer.
            CorruptImageError: What the backend holds was damaged.
        """
        return _image(run(self._record(handle), self.backend), handle)

    async def aget(self, handle: str) -> Image:
        """Return a picture; the handle may also be a `gptv://` reference."""
        return _image(await arun(self._record(handle), self.backend), handle)

    def crop_of(self, handle: str) -> Crop | None:
        """Return where a crop was cut from, or None for a picture that is whole.

        Raises:
            UnknownImageError: There is none of that name, or no longer.
        """
        return run(self._record(handle), self.backend).crop

    async def acrop_of(self, handle: str) -> Crop | None:
        """Return where a crop was cut from, or None for a picture that is whole."""
        return (await arun(self._record(handle), self.backend)).crop

    def remove(self, handle: str) -> list[str]:
        """Remove a picture with all its crops, or a crop alone.

        The handle is given to no other picture: a digest of what was there is left. The same
        picture may be put in again.

        Returns:
            The handles that are gone now; none when it had been removed before.

        Raises:
            UnknownImageError: There never was such a picture.

        Example:
            >>> store = ImageStore()
            >>> handle = store.put("examples/images/receipt.png")
            >>> store.remove(handle), handle in store
            (['img_661a1bcc1ff2'], False)
        """
        return run(self._remove(handle), self.backend)

    async def aremove(self, handle: str) -> list[str]:
        """Remove a picture with all its crops, or a crop alone."""
        return await arun(self._remove(handle), self.backend)

    def handles(self) -> list[str]:
        """Return the handles of this namespace, sorted; not those of removed pictures."""
        return run(self._handles(), self.backend)

    async def ahandles(self) -> list[str]:
        """Return the handles of this namespace, sorted; not those of removed pictures."""
        return await arun(self._handles(), self.backend)

    def __contains__(self, handle: object) -> bool:
        key = self._key(handle) if isinstance(handle, str) else None
        return key is not None and self.backend.mget([key])[0] is not None

    def __repr__(self) -> str:
        return f"ImageStore({type(self.backend).__name__}, namespace={self.namespace!r})"

    def _key(self, handle: str) -> str | None:
        key = key_of(handle_of(handle) or handle)
        return None if key is None else self._prefix + key

    def _put(self, data: bytes) -> Steps[str]:
        return self._place(image_handles(data), Record(data))

    def _put_crop(self, parent: str, image: Image, box: Box) -> Steps[str]:
        if not box.area:
            raise ValueError(f"{box} has no area. Pass x1 < x2 and y1 < y2, in pixels.")
        parent = handle_of(parent) or parent
        whole = yield from self._record(parent)
        if whole.crop is not None:
            box = whole.crop.to_root(box)
        root = root_of(parent)
        crop = Crop(parent, root, Box(*map(float, box)), (image.width, image.height))
        return (yield from self._place(crop_handles(root), Record(image.data, crop)))

    def _place(self, handles: Iterator[str], record: Record) -> Steps[str]:
        """Write under the first of `handles` that is free or holds the very same."""
        value = record.encode()
        yield from self._check_room(len(value))
        for handle in handles:
            key = f"{self._prefix}{key_of(handle)}"
            if (yield from self._settle(key, value)):
                self._shelf.used(key, len(value))
                yield from self._make_room()
                return handle
        raise RuntimeError("Two pictures have the same SHA-256, which was thought impossible.")

    def _settle(self, key: str, value: bytes) -> Steps[bool]:
        """Write `value` if the key is free for it, while no one else does; say if it stands."""
        while True:
            with self._claims.on(key, value) as claimed:
                if claimed:
                    return (yield from self._write(key, value))
            yield Pause()

    def _write(self, key: str, value: bytes) -> Steps[bool]:
        found, left = yield Read((key, key + _LEFT))
        if found is None and left in (None, _digest(value)):
            if (yield Write(key, value, new=True)):
                return True
            (found,) = yield Read((key,))  # another process was faster
        return bool(found == value)

    def _check_room(self, size: int) -> Steps[None]:
        limit = self._shelf.max_bytes
        if limit is not None and size > limit:
            raise ImageTooLargeError(
                f"A picture of {size:,} bytes is over the {limit:,} that the whole store may "
                "hold. Give ImageStore a larger max_bytes, or prepare_image() it first.",
                value=size,
                limit=limit,
            )
        if not self._shelf.counted:
            sizes = yield Sizes(self._prefix)
            self._shelf.count(size for size in sizes if not size[0].endswith(_LEFT))

    def _make_room(self) -> Steps[None]:
        for key in self._shelf.surplus():
            yield from self._take_out(key)

    def _take_out(self, key: str) -> Steps[None]:
        (value,) = yield Read((key,))
        if value is not None:
            # First the note, so that the handle is never free for another picture.
            yield Write(key + _LEFT, _digest(value))
            yield Delete(key)

    def _remove(self, handle: str) -> Steps[list[str]]:
        handle = handle_of(handle) or handle
        there = yield from self._handles()
        gone = [name for name in there if name == handle or name.startswith(f"{handle}/")]
        if handle not in there:
            key = self._key(handle)
            left = (yield Read((key + _LEFT,)))[0] if key else None
            if left is None:
                raise UnknownImageError(_unknown(handle, there), handle=handle)
        for name in gone:
            key = f"{self._prefix}{key_of(name)}"
            self._shelf.forget(key)
            yield from self._take_out(key)
        return gone

    def _record(self, handle: str) -> Steps[Record]:
        handle = handle_of(handle) or handle
        key = self._key(handle)
        if key is not None:
            value, left = yield Read((key, key + _LEFT))
            if value is not None:
                self._shelf.used(key, len(value))
                return Record.decode(value, handle=handle)
            if left is not None:
                raise UnknownImageError(_gone(handle), handle=handle)
        known = yield from self._handles()
        raise UnknownImageError(_unknown(handle, known), handle=handle)

    def _handles(self) -> Steps[list[str]]:
        keys = yield Keys(self._prefix)
        handles = (handle_of_key(key.removeprefix(self._prefix)) for key in keys)
        return sorted(handle for handle in handles if handle is not None)


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).hexdigest().encode()


def _loaded(image: Any) -> Image:
    loaded = Image.of(image)
    _ = loaded.data  # read or encoded now, on this thread
    return loaded


def _image(record: Record, handle: str) -> Image:
    return Image(record.data, name=handle_of(handle) or handle)


def _unknown(handle: str, known: list[str]) -> str:
    shown = ", ".join(known[-_SHOWN:])
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    there = f"There are: {shown}{more}." if known else "The store is empty."
    return f"There is no image '{handle[:80]}' in the store. {there} Use one of these, or put() it."


def _gone(handle: str) -> str:
    return (
        f"The image '{handle}' was removed: by remove(), or to keep the store within max_bytes. "
        "Give the picture again."
    )
