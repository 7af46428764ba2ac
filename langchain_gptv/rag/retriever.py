"""A retriever of pages with their pictures, over any vector stores and retrievers of LangChain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Literal, Self

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.stores import BaseStore, InMemoryStore
from langchain_core.vectorstores import VectorStore
from pydantic import Field, model_validator

from langchain_gptv.exceptions import RetrievalError
from langchain_gptv.rag.ranking import fuse_rankings
from langchain_gptv.rag.splitting import body_of, id_of_document, passage_id, split_document

_MORE = 8
"""Passages asked for, for each document wanted: many of them are of one page."""
_BATCH = 32


class PageImageRetriever(BaseRetriever):
    """Finds pages, figures, photos and scenes by their text and pictures.

    What is searched are passages of text (embedded, read or described) and, with
    `image_vectorstore`, the pictures themselves; what comes back are whole documents, whose
    metadata has the handle of the picture, and these:

    - `score` (float): by reciprocal rank over all searches; of no meaning between questions.
    - `snippet` (str): the passage that was found; empty when it was the picture.

    Args:
        vectorstore: Searched for passages of text; any one of LangChain.
        image_vectorstore: Searched for pictures; one whose embedding is `PictureEmbeddings`.
        retrievers: Further ones, such as BM25, whose results lead back to the same documents.
        docstore: Keeps whole documents by their `doc_id`; `DocumentStore` makes one of a folder.
            What is not in it comes back as it was found.
        k: Documents to return.
        returns: "pages" gives the page of a figure in its place; "matches" the figure itself.
        search_kwargs: For the vector stores, such as a filter.
        passage_size: Characters of a passage.

    Raises:
        ValueError: There is nothing to search.

    Example:
        >>> from langchain_core.vectorstores import InMemoryVectorStore
        >>> from langchain_gptv.rag import HashedEmbeddings, ImageLoader
        >>> retriever = PageImageRetriever(vectorstore=InMemoryVectorStore(HashedEmbeddings()), k=1)
        >>> ids = retriever.add_documents(ImageLoader("examples/images/receipt.png").lazy_load())
        >>> [receipt] = retriever.invoke("receipt")
        >>> receipt.metadata["kind"]
        'photo'
    """

    vectorstore: VectorStore | None = None
    image_vectorstore: VectorStore | None = None
    retrievers: Sequence[BaseRetriever] = ()
    docstore: BaseStore[str, Document] = Field(default_factory=InMemoryStore)
    k: int = Field(default=4, ge=1)
    returns: Literal["pages", "matches"] = "pages"
    search_kwargs: dict[str, Any] = Field(default_factory=dict)
    passage_size: int = Field(default=300, ge=1)

    @model_validator(mode="after")
    def _check_searches(self) -> Self:
        if not (self.vectorstores or self.retrievers):
            raise ValueError(
                "There is nothing to search. Pass vectorstore=... or retrievers=[...]."
            )
        return self

    @property
    def vectorstores(self) -> list[VectorStore]:
        """The vector stores, that of text first."""
        return [store for store in (self.vectorstore, self.image_vectorstore) if store is not None]

    def add_documents(self, documents: Iterable[Document]) -> list[str]:
        """Index documents a few at a time, so that a lazy loader is never held as a whole.

        Those with the same `doc_id` take the place of earlier ones.

        Returns:
            The `doc_id` of each.

        Raises:
            RetrievalError: A store failed; its `doc_ids` are those that were indexed before.
            ValueError: There is no vector store to index them in.
        """
        self._check_can_add()
        added: list[str] = []
        for batch in _batches(documents):
            with _told("index documents", added):
                self._add(batch)
            added += map(id_of_document, batch)
        return added

    async def aadd_documents(self, documents: Iterable[Document]) -> list[str]:
        """Index documents without blocking the event loop; as `add_documents`.

        What loads the documents runs in a thread too.
        """
        return await asyncio.to_thread(self.add_documents, documents)

    def delete(self, doc_ids: Iterable[str]) -> None:
        """Delete documents that were indexed here; those that are not there are passed over.

        Raises:
            RetrievalError: A store failed.
        """
        for ids in _batches(doc_ids):
            with _told("delete documents"):
                found = [document for document in self.docstore.mget(ids) if document]
                passages = [part.id for document in found for part in self._split(document)]
                pictures = [id_of_document(document) for document in found]
                if self.vectorstore and passages:
                    self.vectorstore.delete([each for each in passages if each])
                if self.image_vectorstore and pictures:
                    self.image_vectorstore.delete(pictures)
                self.docstore.mdelete(ids)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        wanted = self.k if k is None else k
        found = []
        for store in self.vectorstores:
            with _told("search"):
                found.append(store.similarity_search(query, **self._search_kwargs(wanted)))
        for retriever in self.retrievers:
            with _told("search"):
                found.append(retriever.invoke(query, config={"callbacks": run_manager.get_child()}))
        ranked = _Ranked(found, to_pages=self.returns == "pages")
        with _told("fetch documents"):
            return ranked.documents(self.docstore.mget(ranked.ids), wanted)

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        wanted = self.k if k is None else k
        config: Any = {"callbacks": run_manager.get_child()}
        kwargs = self._search_kwargs(wanted)
        with _told("search"):
            found = await asyncio.gather(
                *(store.asimilarity_search(query, **kwargs) for store in self.vectorstores),
                *(retriever.ainvoke(query, config=config) for retriever in self.retrievers),
            )
        ranked = _Ranked(found, to_pages=self.returns == "pages")
        with _told("fetch documents"):
            return ranked.documents(await self.docstore.amget(ranked.ids), wanted)

    def _search_kwargs(self, wanted: int) -> dict[str, Any]:
        return {"k": _MORE * wanted, **self.search_kwargs}

    def _check_can_add(self) -> None:
        if not self.vectorstores:
            raise ValueError(
                "Retrievers alone cannot index documents. Pass vectorstore=..., or index them "
                "where the retrievers search."
            )

    def _add(self, documents: Sequence[Document]) -> None:
        ids = [id_of_document(document) for document in documents]
        # The documents first: a passage that leads nowhere would be worse than none.
        self._forget_longer(ids, documents)
        self.docstore.mset(list(zip(ids, documents, strict=True)))
        if self.vectorstore is not None:
            self.vectorstore.add_documents(
                [passage for document in documents for passage in self._split(document)]
            )
        if self.image_vectorstore is not None:
            pictures = [_picture(document) for document in documents if _handle(document)]
            if pictures:
                self.image_vectorstore.add_documents(pictures)

    def _forget_longer(self, ids: Sequence[str], documents: Sequence[Document]) -> None:
        """Delete the last passages of documents that were longer before."""
        gone: list[str] = []
        for before, now in zip(self.docstore.mget(ids), documents, strict=True):
            if before is not None and before.page_content != now.page_content:
                counts = len(self._split(now)), len(self._split(before))
                gone += [passage_id(id_of_document(now), n) for n in range(*counts)]
        if gone and self.vectorstore is not None:
            self.vectorstore.delete(gone)

    def _split(self, document: Document) -> list[Document]:
        return split_document(document, self.passage_size)


class _Ranked:
    """What several searches found, by the ids of the documents to return, best first."""

    def __init__(self, found: Sequence[Sequence[Document]], *, to_pages: bool) -> None:
        leads = [[(_leads_to(hit, to_pages=to_pages), hit) for hit in hits] for hits in found]
        self.scores = fuse_rankings([doc_id for doc_id, _ in ranking] for ranking in leads)
        self.ids = list(self.scores)
        self._first: dict[str, Document] = {}
        for doc_id, hit in (pair for ranking in leads for pair in ranking):
            self._first.setdefault(doc_id, hit)

    def documents(self, whole: Sequence[Document | None], wanted: int) -> list[Document]:
        """Return the documents; where the store has no whole one, what was found itself."""
        pairs = zip(self.ids, whole, strict=True)
        return [self._document(doc_id, parent) for doc_id, parent in islice(pairs, wanted)]

    def _document(self, doc_id: str, parent: Document | None) -> Document:
        hit = self._first[doc_id]
        base = parent or hit
        snippet = "" if hit.page_content == hit.metadata.get("image") else body_of(hit)
        metadata = {**base.metadata, "score": self.scores[doc_id], "snippet": snippet}
        return base.model_copy(update={"metadata": metadata})


def _leads_to(hit: Document, *, to_pages: bool) -> str:
    page = hit.metadata.get("parent") if to_pages else None
    return str(page or id_of_document(hit))


def _handle(document: Document) -> str:
    return str(document.metadata.get("image") or "")


def _picture(document: Document) -> Document:
    """Return what stands for a picture in a vector store: its handle."""
    doc_id = id_of_document(document)
    kept = {key: value for key, value in document.metadata.items() if key != "boxes"}
    return Document(_handle(document), id=doc_id, metadata={**kept, "doc_id": doc_id})


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


@contextmanager
def _told(doing: str, added: Sequence[str] = ()) -> Iterator[None]:
    """Tell what failed: the many libraries behind vector stores have as many kinds of errors."""
    try:
        yield
    except RetrievalError:
        raise
    except Exception as error:
        raise RetrievalError(doing, error, doc_ids=tuple(added)) from error
