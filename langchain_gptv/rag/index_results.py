"""What an update of an index did, and what a search in it found. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from langchain_core.documents import Document


@dataclass
class IndexReport:
    """What an update did.

    Attributes:
        new: Files that were not known.
        changed: Files that were read anew.
        unchanged: Files that were not even opened.
        removed: Files that are no longer there.
        documents: Pages, figures, photos and scenes that were indexed.
        errors: Why a file could not be indexed, as a whole or in part, by path; those of unchanged
            files too.
    """

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    documents: int = 0
    errors: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"{len(getattr(self, kind)):,} {kind}" for kind in ("new", "changed", "unchanged")]
        parts += [f"{len(self.removed):,} removed", f"{len(self.errors):,} with errors"]
        return f"{', '.join(parts)}; {self.documents:,} pages and pictures were read"


@dataclass(frozen=True, slots=True)
class Found:
    """A page or picture that was found.

    Attributes:
        document: With the handle of its picture.
        paths: Where the file lies; several when there are copies.
        snippet: The line that fits best.
        likeness: Of the line to the query, 0 to 1.
    """

    document: Document
    paths: tuple[str, ...]
    snippet: str
    likeness: float

    @property
    def page(self) -> int | None:
        """From 1; None of what has no pages."""
        return self.document.metadata.get("page")
