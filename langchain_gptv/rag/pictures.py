"""Pictures in a vector store, by any embedding that takes pictures and text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from langchain_core.embeddings import Embeddings

from langchain_gptv.store import ImageStore
from langchain_gptv.vision.images import Image


class ImageEmbedding(Protocol):
    """Whatever puts pictures and text in one space, such as a CLIP model or Azure AI Vision."""

    def embed_images(self, images: Sequence[Image], /) -> list[list[float]]:
        """Return a vector for each picture."""

    def embed_query(self, text: str, /) -> list[float]:
        """Return the vector of a text in the same space."""


class PictureEmbeddings(Embeddings):
    """Embeds pictures by their handles, so that any vector store can hold them.

    A vector store embeds the texts that it is given; here the texts are handles, and what is
    embedded are the pictures that they stand for. A query is text.

    Args:
        embedding: Of pictures and text.
        store: Where the pictures are.

    Example:
        >>> from langchain_core.vectorstores import InMemoryVectorStore
        >>> store = ImageStore()
        >>> class Sizes:
        ...     def embed_images(self, images):
        ...         return [[image.width, image.height] for image in images]
        ...     def embed_query(self, text):
        ...         return [1.0, 0.0]
        >>> vectors = InMemoryVectorStore(PictureEmbeddings(Sizes(), store))
        >>> vectors.add_texts([store.put("examples/images/receipt.png")], ids=["receipt"])
        ['receipt']
    """

    def __init__(self, embedding: ImageEmbedding, store: ImageStore) -> None:
        self.embedding, self.store = embedding, store

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of the pictures with these handles.

        Raises:
            UnknownImageError: The store does not hold one of them.
        """
        return self.embedding.embed_images([self.store.get(handle) for handle in texts])

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a text."""
        return self.embedding.embed_query(text)
