"""The line of a document that a person is shown."""

from __future__ import annotations

from langchain_core.documents import Document

from langchain_gptv.rag.vectors import HashedEmbeddings
from langchain_gptv.vision.untrusted import one_line

_ALIKE = 0.12
"""Below it two lines share nothing but chance; that of 1,536 dimensions is 0.03."""
_SHOWN = 160


def best_snippet(document: Document, query: str) -> tuple[str, float]:
    r"""Return the line that is most like a query, and how alike they are, 0 to 1.

    Nothing alike gives the first line and 0.

    Example:
        >>> page = Document("Annual report\nRevenue by region\nCosts")
        >>> best_snippet(page, "regions with revenues")[0]
        'Revenue by region'
    """
    lines = [one_line(line) for line in document.page_content.split("\n") if line.strip()]
    words = HashedEmbeddings()
    scored = [(words.likeness(line, query), -place) for place, line in enumerate(lines)]
    likeness, place = max(scored, default=(0.0, 0))
    if likeness < _ALIKE:
        return (lines[0][:_SHOWN] if lines else ""), 0.0
    return lines[-place][:_SHOWN], likeness
