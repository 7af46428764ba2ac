"""Ask a report, and see on which page and where on it each claim stands. Needs no key.

python examples/rag_over_report.py [REPORT.pdf] [QUESTION]

Without a report it makes one of scanned pages: a receipt and an invoice. The embedded engine
answers here. It is no language model: it finds a labelled value, such as a date or a total,
and does not write [1] behind it; the claim is tied to its page all the same, by what it says. A
model cites by itself: pass llm=ChatGPTV(model="gpt-5.4"), with OPENAI_API_KEY set.
"""

import sys
import tempfile
from pathlib import Path

import PIL.Image
from langchain_core.vectorstores import InMemoryVectorStore

from langchain_gptv import ChatGPTV, ImageStore
from langchain_gptv.rag import (
    CitedAnswer,
    HashedEmbeddings,
    MultimodalRAG,
    PageImageRetriever,
    PDFPageLoader,
)

IMAGES = Path(__file__).parent / "images"
PAGES = ("receipt.png", "invoice.png")


def main(
    report: str | Path | None = None,
    question: str = "What is the due date of the invoice?",
    llm: ChatGPTV | None = None,
) -> CitedAnswer:
    """Index the report, ask, and print each claim with its page, region and crop."""
    llm = llm or ChatGPTV(model="gptv-local")
    store = ImageStore()
    retriever = PageImageRetriever(vectorstore=InMemoryVectorStore(HashedEmbeddings()), k=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(report or scan(Path(folder) / "report.pdf"))
        retriever.add_documents(PDFPageLoader(path, store=store).lazy_load())
    rag = MultimodalRAG(retriever=retriever, llm=llm, store=store, max_tokens=3000)
    answer = rag.invoke(question)
    for claim in answer.claims:
        print(f"{claim.text}  {'confirmed' if claim.is_confirmed else 'NOT confirmed'}")
        for cited in claim.citations:
            print(f"  [{cited.number}] page {cited.page}, {cited.box}, crop {cited.crop}")
    return answer


def scan(path: Path) -> Path:
    """Make a PDF of pictures, without a word of text in the file."""
    first, *rest = (PIL.Image.open(IMAGES / name).convert("RGB") for name in PAGES)
    first.save(path, save_all=True, append_images=rest, resolution=150)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:3])
