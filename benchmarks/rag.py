"""How often the right page and figure are found, and what showing them costs.

    python benchmarks/rag.py [SEED]

Five reports of eight pages are written, with a question about each page: 40 questions with known
answers, 15 of them about figures. No model and no network: the vectors are `HashedEmbeddings`, and
an OCR engine tells whether the answer can be read in the pictures as they would be sent.
"""

import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator, Sequence
from pathlib import Path

from eye import as_seen
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore
from rag_reports import Asked, write_reports

from langchain_gptv import Image, ImageStore, get_profile
from langchain_gptv.rag import HashedEmbeddings, PageImageRetriever, PDFPageLoader, plan_context
from langchain_gptv.tools.base import default_observer

K = 3
SEEN: dict[str, str] = {}
MAX_TOKENS = {"gpt-4o": 1600, "gpt-5.4": 2000}


def index(folder: Path, store: ImageStore, **options: object) -> PageImageRetriever:
    loader = PDFPageLoader(folder, store=store, **options)
    retriever = PageImageRetriever(vectorstore=InMemoryVectorStore(HashedEmbeddings()), k=K)
    retriever.add_documents(loader.lazy_load())
    assert not loader.failures, loader.failures
    return retriever


def is_there(found: Sequence[Document], asked: Asked) -> bool:
    return any(
        Path(each.metadata["source"]).name == asked.file and each.metadata["page"] == asked.page
        for each in found
    )


def recall(retriever: PageImageRetriever, questions: Sequence[Asked], k: int) -> float:
    return sum(is_there(retriever.invoke(q.text, k=k), q) for q in questions) / len(questions)


def figure_recall(retriever: PageImageRetriever, questions: Sequence[Asked]) -> float:
    matches = retriever.model_copy(update={"returns": "matches"})
    hits = 0
    for asked in questions:
        found = [d for d in matches.invoke(asked.text, k=20) if d.metadata["kind"] == "figure"]
        hits += is_there(found[:K], asked)
    return hits / len(questions)


def words_in(image: Image) -> str:
    if image.sha256 not in SEEN:
        lines = default_observer().observe(image).lines
        SEEN[image.sha256] = "".join("".join(line.text for line in lines).lower().split())
    return SEEN[image.sha256]


def reads(images: Sequence[Image], answer: str) -> bool:
    return any("".join(answer.lower().split()) in words_in(image) for image in images)


def pictures(blocks: Sequence[dict]) -> Iterator[Image]:
    yield from (Image(b64decode(b["base64"])) for b in blocks if b["type"] == "image")


def costs(
    retriever: PageImageRetriever, questions: Sequence[Asked], store: ImageStore, model: str
) -> None:
    profile = get_profile(model)
    high = ours = text = high_read = picture_read = any_read = 0
    for asked in questions:
        found = retriever.invoke(asked.text)
        pages = [store.get(document.metadata["image"]) for document in found]
        high += sum(profile.tokens(page.width, page.height, "high") for page in pages)
        context = plan_context(
            found, asked.text, store=store, model=model, max_tokens=MAX_TOKENS[model]
        )
        ours += context.plan.tokens if context.plan else 0
        text += context.text_tokens
        right = [page for page, d in zip(pages, found, strict=True) if is_there([d], asked)]
        high_read += reads([as_seen(page, profile) for page in right], asked.answer)
        sent = reads(list(pictures(context.blocks)), asked.answer)
        picture_read += sent
        any_read += sent or any(asked.answer in source.text for source in context.sources)
    count = len(questions)
    print(f"\n{model}, {K} pages per question, max_tokens={MAX_TOKENS[model]}")
    told = f"{high / count:7,.0f} image tokens, answer read {high_read}/{count}"
    print(f"  every page at high   {told}")
    print(
        f"  image_context        {ours / count:7,.0f} image tokens ({ours / high:.2f} of that), "
        f"{text / count:,.0f} of text; answer read in its pictures {picture_read}/{count}, "
        f"in pictures or text {any_read}/{count}"
    )


def main(seed: int = 0) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, store = Path(name), ImageStore()
        questions = write_reports(folder, seed)
        figures = [asked for asked in questions if asked.in_figure]
        start = time.perf_counter()
        ours = index(folder, store)
        print(f"indexed in {time.perf_counter() - start:.0f} s")
        plain = index(folder, ImageStore(), text="embedded", figures=False)
        print(f"{len(questions)} questions, {len(figures)} of them about figures")
        for what, retriever in (("text layer alone", plain), ("PageImageRetriever", ours)):
            at = [f"recall@{k} {recall(retriever, questions, k):.3f}" for k in (1, K)]
            print(f"  {what:20} page {', '.join(at)}")
        print(f"  {'PageImageRetriever':20} figure recall@{K} {figure_recall(ours, figures):.3f}")
        for asked in questions:
            if not is_there(ours.invoke(asked.text), asked):
                print("  missed:", asked)
        for model in MAX_TOKENS:
            costs(ours, questions, store, model)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
