"""Documents in passages to search by, each of which leads back to its document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from langchain_core.documents import Document

from langchain_gptv.vision.untrusted import one_line

_TITLE = 120
"""Characters of a heading that is put over every passage."""


def split_document(document: Document, size: int) -> list[Document]:
    r"""Split a document into passages of whole lines, each under the document's name and title.

    A passage knows its document by `doc_id`, keeps its metadata but the boxes, and begins with the
    last line of the one before it. A document without text has one passage: its name.

    Args:
        document: Of any loader.
        size: Characters of a passage; only a longer line makes a longer one.

    Example:
        >>> page = Document("Sales\nNorth 10\nSouth 20", metadata={"source": "a_report.pdf"})
        >>> [passage.page_content for passage in split_document(page, 14)]
        ['a report: Sales\nSales\nNorth 10', 'a report: Sales\nSouth 20']
    """
    doc_id = id_of_document(document)
    kept = {key: value for key, value in document.metadata.items() if key != "boxes"}
    lines = [line for line in document.page_content.split("\n") if line.strip()]
    head = _head(document, lines)
    return [
        Document(
            f"{head}\n{text}".strip(),
            id=passage_id(doc_id, number),
            metadata={**kept, "doc_id": doc_id, "passage": number},
        )
        for number, text in enumerate(_passages(lines, size) or [""])
    ]


def id_of_document(document: Document) -> str:
    """Return what a document is known by: its `doc_id`, else its id, else a digest of its text."""
    known = document.metadata.get("doc_id") or document.id
    return str(known or hashlib.sha256(document.page_content.encode()).hexdigest()[:32])


def passage_id(doc_id: str, number: int) -> str:
    """Return the id of a passage in a vector store."""
    return f"{doc_id}-{number}"


def body_of(passage: Document) -> str:
    """Return a passage without what was put over it; any other text as it is."""
    text = passage.page_content
    return text.partition("\n")[2] if "passage" in passage.metadata else text


def _head(document: Document, lines: Sequence[str]) -> str:
    name = PurePath(one_line(str(document.metadata.get("source", "")))).stem
    named = re.sub(r"[_\W]+", " ", name).strip()
    title = one_line(lines[0])[:_TITLE] if lines else ""
    return ": ".join(part for part in (named, title) if part) or "-"


def _passages(lines: Sequence[str], size: int) -> list[str]:
    return ["\n".join(group) for group in _groups(lines, size)]


def _groups(lines: Sequence[str], size: int) -> Iterator[list[str]]:
    group: list[str] = []
    for line in lines:
        if group and sum(map(len, group)) + len(line) > size:
            yield group
            group = group[-1:] if len(group[-1]) + len(line) <= size else []
        group.append(line)
    if group:
        yield group
