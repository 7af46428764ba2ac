"""Answers that cite their sources, each claim tied to the part of the page that says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from langchain_gptv.rag.claims import Statement, split_statements
from langchain_gptv.rag.context import CITE, PlannedContext, Source, plan_context
from langchain_gptv.rag.evidence import Citation, SourceReader, missing_numbers
from langchain_gptv.store import ImageStore
from langchain_gptv.tools.base import ObserverChoice, profile_of
from langchain_gptv.tools.steps import Model, ModelCall, Steps, Usage, arun_steps, run_steps
from langchain_gptv.vision.profiles import VisionProfile
from langchain_gptv.vision.rules import Detail

NOTHING = "Nothing was found for this question, so no model was asked."


class ContextOptions(TypedDict, total=False):
    """What the context of an answer may take; as in `image_context`.

    Attributes:
        model: Base model name or profile; by default that of `llm`.
        max_tokens: Of texts and pictures together.
        max_images: Of the pictures.
        detail: The API setting of the pictures.
    """

    model: str | VisionProfile
    max_tokens: int | None
    max_images: int | None
    detail: Detail


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of an answer, and where it stands in the sources.

    Attributes:
        text: Without the marks.
        start: Where it begins in the answer, in code points.
        end: Where it ends, its marks included.
        citations: One for each source it cites; where it cites none, the source that has all its
            numbers or most of its words, if there is one.
        is_cited: Whether the model named the sources itself.
        missing: Its numbers that none of these sources says, as it writes them.
        unknown: Numbers of sources that it cites and that do not exist.
    """

    text: str
    start: int
    end: int
    citations: tuple[Citation, ...]
    is_cited: bool
    missing: tuple[str, ...] = ()
    unknown: tuple[int, ...] = ()

    @property
    def is_confirmed(self) -> bool:
        """Whether words on a page say it, with all its numbers."""
        return any(each.box for each in self.citations) and not (self.missing or self.unknown)


@dataclass(frozen=True, slots=True)
class CitedAnswer:
    """An answer from documents.

    Attributes:
        text: As the model wrote it, with its marks such as [1].
        claims: Its statements, in its order.
        sources: What the numbers stand for: `sources[0]` is "[1]". Empty when nothing was found.
        usage: What the call took.
    """

    text: str
    claims: tuple[Claim, ...] = ()
    sources: tuple[Source, ...] = ()
    usage: Usage = field(default_factory=Usage)

    def __str__(self) -> str:
        return self.text


def cited_answer(
    question: str,
    docs: Iterable[Document],
    *,
    llm: BaseChatModel,
    store: ImageStore,
    observer: ObserverChoice = "default",
    **options: Unpack[ContextOptions],
) -> CitedAnswer:
    """Answer a question from documents, with page, region and crop for each claim.

    The model cites sources by number; where on the page a claim stands is not asked of it, but
    found by its words and numbers in the text of the page.

    Args:
        question: In words.
        docs: Best first, such as a retriever returns them. Without any, no model is asked.
        llm: Any chat model that takes images.
        store: Where the pictures of the documents are; crops go there too.
        observer: Reads a picture where its known text lacks a claim; by default the embedded
            engine, when the extra "local" is installed.
        **options: As in `ContextOptions`.

    Raises:
        BudgetError: Not even one source fits into `max_tokens`.
        UnknownImageError: The store does not hold the picture of a document.

    Example:
        >>> from langchain_gptv import ChatGPTV
        >>> from langchain_gptv.rag import ImageLoader
        >>> loader = ImageLoader("examples/images/receipt.png")
        >>> llm = ChatGPTV(model="gptv-local")
        >>> answer = cited_answer(
        ...     "What is the total?", loader.load(), llm=llm, store=loader.store
        ... )
        >>> answer.claims[0].text, answer.claims[0].is_confirmed
        ('The total is 30.54.', True)
    """
    steps = _answering(question, docs, llm, SourceReader(store, observer), options)
    return run_steps(steps, Model(llm))


async def acited_answer(
    question: str,
    docs: Iterable[Document],
    *,
    llm: BaseChatModel,
    store: ImageStore,
    observer: ObserverChoice = "default",
    **options: Unpack[ContextOptions],
) -> CitedAnswer:
    """Answer a question without blocking the event loop; as `cited_answer`."""
    steps = _answering(question, docs, llm, SourceReader(store, observer), options)
    return await arun_steps(steps, Model(llm))


def context_for(
    question: str,
    docs: Iterable[Document],
    llm: BaseChatModel,
    store: ImageStore,
    options: ContextOptions,
) -> PlannedContext:
    """Return the context of a question, planned for the model that will see it."""
    planned: ContextOptions = {"model": profile_of(llm), **options}
    return plan_context(docs, question, store=store, **planned)


def messages_for(question: str, context: PlannedContext) -> tuple[HumanMessage, HumanMessage]:
    """Return the sources, which nobody vouches for, and the question in a message of its own."""
    *sources, _ = context.blocks
    blocks: list[str | dict[str, Any]] = [*sources, {"type": "text", "text": CITE}]
    return HumanMessage(blocks), HumanMessage(question)


def cite_answer(
    text: str, sources: Sequence[Source], reader: SourceReader, usage: Usage | None = None
) -> CitedAnswer:
    """Tie an answer that cites sources by number to the parts of their pages."""
    claims = tuple(_claim(each, sources, reader) for each in split_statements(text))
    return CitedAnswer(text, claims, tuple(sources), usage or Usage())


def _answering(
    question: str,
    docs: Iterable[Document],
    llm: BaseChatModel,
    reader: SourceReader,
    options: ContextOptions,
) -> Steps[CitedAnswer]:
    found = list(docs)
    if not found:
        return CitedAnswer(NOTHING)
    context = context_for(question, found, llm, reader.store, options)
    reply = yield ModelCall(messages_for(question, context))
    return cite_answer(str(reply.text), context.sources, reader, Usage.of(reply))


def _claim(statement: Statement, sources: Sequence[Source], reader: SourceReader) -> Claim:
    numbers, text = statement.numbers, statement.text
    known = [sources[number - 1] for number in numbers if 1 <= number <= len(sources)]
    citations = [
        reader.cite(each.number, each.document, reader.find(text, each.document)) for each in known
    ]
    if not numbers:
        citations = _likeliest(text, sources, reader)
    return Claim(
        text,
        statement.start,
        statement.end,
        tuple(citations),
        is_cited=bool(numbers),
        missing=missing_numbers(text, citations),
        unknown=tuple(number for number in numbers if not 1 <= number <= len(sources)),
    )


def _likeliest(text: str, sources: Sequence[Source], reader: SourceReader) -> list[Citation]:
    """Return the source that says most of what a statement without a mark says."""
    for look in (False, True):
        found = [(reader.find(text, each.document, look=look), each) for each in sources]
        matches = [(match, each) for match, each in found if match]
        best = max(matches, key=lambda pair: pair[0].worth(), default=None)
        if best and (best[0].is_complete or look):
            return [reader.cite(best[1].number, best[1].document, best[0])]
    return []
