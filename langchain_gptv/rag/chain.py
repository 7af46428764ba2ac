"""Question to answer in one chain: retriever, context, model, parser."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Unpack

from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    Runnable,
    RunnableBranch,
    RunnableLambda,
    RunnablePassthrough,
)
from langchain_core.runnables.base import RunnableBindingBase

from langchain_gptv.rag.answers import (
    NOTHING,
    CitedAnswer,
    ContextOptions,
    cite_answer,
    context_for,
    messages_for,
)
from langchain_gptv.rag.evidence import SourceReader
from langchain_gptv.store import ImageStore
from langchain_gptv.tools.base import ObserverChoice
from langchain_gptv.tools.steps import Usage


class MultimodalRAG(RunnableBindingBase[str, Any]):  # type: ignore[no-redef]  # its `kwargs`
    """Answers questions from pages and pictures: `retriever | context | llm | parser`.

    A runnable of a question, for `invoke`, `ainvoke`, `batch` and `stream`; the chain itself is
    in `bound`, to look at or to take apart. Where nothing is found, no model is asked.

    Args:
        retriever: Any one whose documents have pictures, such as `PageImageRetriever`.
        llm: Any chat model that takes images.
        store: Where the pictures are; crops go there too.
        cite: True gives a `CitedAnswer`; False the text alone, which can be streamed.
        observer: As in `cited_answer`.
        **options: As in `ContextOptions`.

    Example:
        >>> from langchain_core.vectorstores import InMemoryVectorStore
        >>> from langchain_gptv import ChatGPTV
        >>> from langchain_gptv.rag import HashedEmbeddings, ImageLoader, PageImageRetriever
        >>> loader = ImageLoader("examples/images/receipt.png")
        >>> retriever = PageImageRetriever(vectorstore=InMemoryVectorStore(HashedEmbeddings()))
        >>> ids = retriever.add_documents(loader.lazy_load())
        >>> llm = ChatGPTV(model="gptv-local")
        >>> rag = MultimodalRAG(retriever=retriever, llm=llm, store=loader.store)
        >>> print(rag.invoke("What is the total?"))
        The total is 30.54.
    """

    def __init__(
        self,
        *,
        retriever: BaseRetriever,
        llm: BaseChatModel,
        store: ImageStore,
        cite: bool = True,
        observer: ObserverChoice = "default",
        **options: Unpack[ContextOptions],
    ) -> None:
        def plan(found: dict[str, Any]) -> dict[str, Any]:
            question = found["question"]
            context = context_for(question, found["documents"], llm, store, options)
            return {"context": context, "messages": list(messages_for(question, context))}

        reader = SourceReader(store, observer)
        asked = itemgetter("messages") | llm
        answer: Runnable[Any, Any] = RunnableLambda(plan, name="context")
        if cite:
            answer |= RunnablePassthrough.assign(reply=asked) | RunnableLambda(_citing(reader))
        else:
            answer |= asked | StrOutputParser()
        nothing = CitedAnswer(NOTHING) if cite else NOTHING
        found = {"question": RunnablePassthrough(), "documents": retriever}
        branch = RunnableBranch((_is_empty, lambda _: nothing), answer)
        super().__init__(bound=(found | branch).with_config(run_name="MultimodalRAG"))


def _is_empty(found: dict[str, Any]) -> bool:
    return not found["documents"]


def _citing(reader: SourceReader) -> Any:
    def cite(asked: dict[str, Any]) -> CitedAnswer:
        reply, context = asked["reply"], asked["context"]
        return cite_answer(str(reply.text), context.sources, reader, Usage.of(reply))

    return cite
