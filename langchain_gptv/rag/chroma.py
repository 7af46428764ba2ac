"""Chroma on disk, without a server and without telemetry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from langchain_core.embeddings import Embeddings

from langchain_gptv.exceptions import MissingExtraError, RetrievalError

if TYPE_CHECKING:
    from langchain_chroma import Chroma


def open_chroma(folder: Path, embeddings: Embeddings) -> Chroma:
    """Open the vectors in a folder, which is made when it is not there.

    Raises:
        MissingExtraError: langchain-chroma is not installed.
        RetrievalError: What is in the folder cannot be opened.
    """
    try:
        from chromadb import PersistentClient
        from chromadb.config import Settings
        from langchain_chroma import Chroma
    except ImportError:
        raise MissingExtraError("An index on disk", "index") from None
    with _told(f"open the vectors in '{folder}'"):
        client = PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
        space = {"hnsw:space": "cosine"}
        return Chroma("gptv", embeddings, client=client, collection_metadata=space)


def all_texts(vectors: Chroma) -> list[str]:
    """Return all texts that are indexed.

    Raises:
        RetrievalError: The vector store failed.
    """
    with _told("read the vector store"):
        return list(vectors.get(include=["documents"])["documents"])


@contextmanager
def _told(doing: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise RetrievalError(doing, error) from error
