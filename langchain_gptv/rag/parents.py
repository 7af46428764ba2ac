"""Documents in a store of bytes: a folder, Redis, or any other of LangChain's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from langchain_core.documents import Document
from langchain_core.stores import BaseStore


class DocumentStore(BaseStore[str, Document]):
    """Keeps documents as JSON in a LangChain store of bytes, so that they outlive the process.

    Args:
        backend: Such as `FileStore(folder)`.

    Example:
        >>> from langchain_core.stores import InMemoryByteStore
        >>> pages = DocumentStore(InMemoryByteStore())
        >>> pages.mset([("a", Document("Total 12.50", id="a", metadata={"page": 1}))])
        >>> pages.mget(["a", "b"])
        [Document(id='a', metadata={'page': 1}, page_content='Total 12.50'), None]
    """

    def __init__(self, backend: BaseStore[str, bytes]) -> None:
        self.backend = backend

    def mget(self, keys: Sequence[str]) -> list[Document | None]:
        """Return the documents; None where there is none."""
        return [None if data is None else _read(data) for data in self.backend.mget(keys)]

    async def amget(self, keys: Sequence[str]) -> list[Document | None]:
        """Return the documents; None where there is none."""
        return [None if data is None else _read(data) for data in await self.backend.amget(keys)]

    def mset(self, key_value_pairs: Sequence[tuple[str, Document]]) -> None:
        """Keep documents."""
        self.backend.mset([(key, _written(document)) for key, document in key_value_pairs])

    async def amset(self, key_value_pairs: Sequence[tuple[str, Document]]) -> None:
        """Keep documents."""
        await self.backend.amset([(key, _written(document)) for key, document in key_value_pairs])

    def mdelete(self, keys: Sequence[str]) -> None:
        """Delete the documents that are there."""
        self.backend.mdelete(keys)

    async def amdelete(self, keys: Sequence[str]) -> None:
        """Delete the documents that are there."""
        await self.backend.amdelete(keys)

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        """Yield the keys that begin with `prefix`."""
        yield from self.backend.yield_keys(prefix=prefix)


def _written(document: Document) -> bytes:
    kept = {
        "id": document.id,
        "page_content": document.page_content,
        "metadata": document.metadata,
    }
    return json.dumps(kept, ensure_ascii=False).encode()


def _read(data: bytes) -> Document:
    return Document(**json.loads(data))
