"""Search over pages and pictures: vectors, passages, the retriever, and stores that go away."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.stores import InMemoryByteStore
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_tests.integration_tests import RetrieversIntegrationTests
from pdfs import Sheet, bar_chart, make_pdf

from langchain_gptv import ImageStore
from langchain_gptv.exceptions import RetrievalError
from langchain_gptv.rag import (
    DocumentStore,
    HashedEmbeddings,
    PageImageRetriever,
    PDFPageLoader,
    PictureEmbeddings,
)
from langchain_gptv.rag.splitting import split_document

pytest.importorskip("pypdfium2", reason="the extra 'pdf' is not installed")

TOPICS = {
    "letter": "The chief executive writes to the shareholders about calm markets.",
    "energy": "Electricity used per site in megawatt hours. Alder used most of it.",
    "people": "Each employee received 31 hours of training. Nobody was injured.",
    "audit": "The auditor has no objections. Signed in March by Marta Lindqvist.",
}


def pages() -> list[Document]:
    """Return one document for each topic."""
    return [
        Document(text, id=name, metadata={"doc_id": name, "source": f"{name}.pdf", "page": 1})
        for name, text in TOPICS.items()
    ]


def in_memory(**options) -> PageImageRetriever:
    """Return an empty retriever over LangChain's in-memory store."""
    return PageImageRetriever(vectorstore=InMemoryVectorStore(HashedEmbeddings()), **options)


def ids(found: list[Document]) -> list[str]:
    """Return what was found, by id."""
    return [document.metadata["doc_id"] for document in found]


class TestStandard(RetrieversIntegrationTests):
    """LangChain's own tests of retrievers."""

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return PageImageRetriever

    @property
    def retriever_constructor_params(self) -> dict:
        retriever = in_memory()
        retriever.add_documents(pages())
        return {"vectorstore": retriever.vectorstore, "docstore": retriever.docstore}

    @property
    def retriever_query_example(self) -> str:
        return "hours of training"


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("How many training hours did employees receive?", "people"),
        ("Which site used the most electricty?", "energy"),
        ("Who signed for the auditors?", "audit"),
        ("shareholder", "letter"),
    ],
)
def test_a_question_finds_its_page(query, best):
    """Inflected and misspelt words are found."""
    retriever = in_memory(k=1)
    retriever.add_documents(pages())
    assert ids(retriever.invoke(query)) == [best]


async def test_async_finds_the_same():
    """Indexing and searching without blocking give what the others give."""
    retriever = in_memory(k=3)
    assert await retriever.aadd_documents(pages()) == list(TOPICS)
    query = "electricity of the sites"
    assert ids(await retriever.ainvoke(query)) == ids(retriever.invoke(query))


def test_an_empty_index_finds_nothing():
    """No documents is an empty list, not an error."""
    assert in_memory().invoke("anything") == []


def test_a_retriever_of_nothing_is_refused():
    """The error says what to pass."""
    with pytest.raises(ValueError, match=r"Pass vectorstore=\.\.\. or retrievers"):
        PageImageRetriever()


def test_passages_lead_back_to_their_page_once():
    """A page of which many passages fit comes back once, whole, with the passage that fitted."""
    text = "\n".join(f"Paragraph {n} about glaciers" for n in range(60))
    retriever = in_memory(k=4, passage_size=100)
    retriever.add_documents([Document(text, metadata={"doc_id": "long"}), *pages()])
    found = retriever.invoke("glaciers paragraph 41")
    assert ids(found).count("long") == 1
    assert found[0].page_content == text
    assert "Paragraph 41 " in found[0].metadata["snippet"]


def test_a_page_that_became_shorter_leaves_nothing_behind():
    """Indexed again, a document takes the place of its old passages."""
    retriever = in_memory(k=1, passage_size=40)
    long = "\n".join(f"walrus number {n} of the colony" for n in range(9))
    retriever.add_documents([Document(long, metadata={"doc_id": "a"})])
    retriever.add_documents([Document("otters", metadata={"doc_id": "a"})])
    assert len(retriever.vectorstore.store) == 1
    retriever.delete(["a", "not there"])
    assert retriever.vectorstore.store == {}
    assert list(retriever.docstore.yield_keys()) == []


def test_a_figure_leads_to_its_page_or_to_itself(tmp_path):
    """`returns` decides; both come with the handle of a picture in the store."""
    chart = Sheet(
        [(60, 780, 11, "The plant saved a third of its water this year, as planned."),
         (100, 380, 10, "Figure 1: Zebras per region")],
        drawing=bar_chart(100, 400),
    )  # fmt: skip
    path = tmp_path / "report.pdf"
    path.write_bytes(make_pdf(chart))
    loader = PDFPageLoader(path, text="embedded")
    retriever = in_memory(k=2)
    retriever.add_documents(loader.lazy_load())
    assert [d.metadata["kind"] for d in retriever.invoke("zebras per region")] == ["page"]
    matches = retriever.model_copy(update={"returns": "matches"})
    found = matches.invoke("zebras per region")
    assert {d.metadata["kind"] for d in found} == {"page", "figure"}
    assert all(d.metadata["image"] in loader.store for d in found)


NAMES = ("red", "lime", "blue")


class Colors:
    """Puts pictures and the names of colours in one space."""

    def embed_images(self, images):
        return [np.asarray(image.to_pil().convert("RGB")).mean((0, 1)).tolist() for image in images]

    def embed_query(self, text):
        return [255.0 * (name in text) for name in NAMES]


def test_pictures_and_text_are_fused():
    """A picture without a word is found by its pixels, beside what is found by its text."""
    store = ImageStore()
    handles = {name: store.put(PIL.Image.new("RGB", (8, 8), name)) for name in NAMES}
    docs = [
        Document("", metadata={"doc_id": name, "image": handle}) for name, handle in handles.items()
    ]
    retriever = in_memory(
        k=1, image_vectorstore=InMemoryVectorStore(PictureEmbeddings(Colors(), store))
    )
    retriever.add_documents([*docs, *pages()])
    [found] = retriever.invoke("something lime")
    assert (found.metadata["doc_id"], found.metadata["snippet"]) == ("lime", "")
    retriever.delete(["lime"])
    assert ids(retriever.invoke("something lime")) != ["lime"]


class Fixed(BaseRetriever):
    """Finds the same, as BM25 or a search service might."""

    found: list[Document]

    def _get_relevant_documents(self, query, *, run_manager):
        return self.found


async def test_other_retrievers_take_part():
    """What two searches have near the top comes before what one has at the top."""
    retriever = in_memory(k=2)
    retriever.add_documents(pages())
    other = [pages()[3], pages()[2]]
    both = retriever.model_copy(update={"retrievers": [Fixed(found=other)]})
    assert ids(both.invoke("hours of training"))[0] == "people"
    assert set(ids(await both.ainvoke("hours of training"))) == {"people", "audit"}
    alone = PageImageRetriever(retrievers=[Fixed(found=other)])
    assert ids(alone.invoke("any")) == ["audit", "people"]
    with pytest.raises(ValueError, match="Retrievers alone cannot index"):
        alone.add_documents(pages())


def test_documents_outlive_the_process_in_a_store_of_bytes():
    """A second retriever over the same stores finds whole documents."""
    kept, vectors = InMemoryByteStore(), InMemoryVectorStore(HashedEmbeddings())
    first = PageImageRetriever(vectorstore=vectors, docstore=DocumentStore(kept))
    first.add_documents(pages())
    second = PageImageRetriever(vectorstore=vectors, docstore=DocumentStore(kept), k=1)
    assert second.invoke("auditor")[0].page_content == TOPICS["audit"]


def test_passages_are_whole_lines_under_a_title():
    """Each passage says which document it is of, and begins with the line before it."""
    page = Document("Sales\nNorth 10\nSouth 20", metadata={"source": "x/my_report.pdf"})
    passages = [each.page_content for each in split_document(page, 16)]
    assert passages == ["my report: Sales\nSales\nNorth 10", "my report: Sales\nNorth 10\nSouth 20"]


def test_short_texts_do_not_win_every_search():
    """A page that says little is not the likest to every question about its file."""
    store = InMemoryVectorStore(HashedEmbeddings())
    long = "Kestrel annual report: training, hours, waste, " + " ".join(map(str, range(300, 380)))
    store.add_texts(["Kestrel annual report", long])
    assert store.similarity_search("Kestrel waste", k=1)[0].page_content == long


def test_what_was_learned_is_kept(tmp_path):
    """Counts of words go to a file and come back; another file is refused."""
    first, second = HashedEmbeddings(), HashedEmbeddings()
    first.embed_documents(list(TOPICS.values()) + ["hours and hours"] * 9)
    first.save(tmp_path / "words.json")
    before = second.embed_query("hours of training")
    second.load(tmp_path / "words.json")
    assert second.embed_query("hours of training") == first.embed_query("hours of training")
    assert second.embed_query("hours of training") != before
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(ValueError, match="holds no counts of words"):
        second.load(tmp_path / "other.json")
    with pytest.raises(ValueError, match="dimensions=8 must be 64 or more"):
        HashedEmbeddings(8)


def test_chroma_on_disk_finds_after_a_restart(tmp_path):
    """What was indexed is there for another client."""
    pytest.importorskip("langchain_chroma", reason="the extra 'index' is not installed")
    from langchain_gptv.rag.chroma import open_chroma

    retriever = PageImageRetriever(vectorstore=open_chroma(tmp_path / "a", HashedEmbeddings()), k=1)
    retriever.add_documents(pages())
    again = PageImageRetriever(vectorstore=open_chroma(tmp_path / "a", HashedEmbeddings()), k=1)
    assert ids(again.invoke("hours of training")) == ["people"]


class Postgres:
    """A server in a folder, from Debian's packages or what is on PATH."""

    def __init__(self, folder: Path) -> None:
        self.bin = _postgres_bin()
        self.folder, self.user = folder, "postgres" if os.getuid() == 0 else None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, command: str, *arguments: str) -> None:
        subprocess.run(
            [self.bin / command, "-D", self.folder / "data", *arguments],
            user=self.user, check=True, capture_output=True, cwd=self.folder,
        )  # fmt: skip

    def start(self) -> None:
        if self.user:
            shutil.chown(self.folder, self.user)
        self.run("initdb", "-U", "postgres", "-A", "trust")
        options = f"-p {self.port} -k '' -h 127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")


def _postgres_bin() -> Path:
    pytest.importorskip("langchain_postgres", reason="langchain-postgres is not installed")
    named = shutil.which("pg_ctl")
    places = [Path(named).parent] if named else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    told = subprocess.run(
        [places[-1] / "pg_config", "--sharedir"], capture_output=True, text=True, check=True
    )
    if not Path(told.stdout.strip(), "extension", "vector.control").exists():
        pytest.skip(
            f"the server in {places[-1]} has no pgvector: install its package, or put the bin of "
            "PyPI's pgserver on PATH"
        )
    return places[-1]


@pytest.fixture
def postgres():
    """A running server with pgvector."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as name:
        server = Postgres(Path(name))
        server.start()
        yield server
        with contextlib.suppress(subprocess.CalledProcessError):
            server.stop()


def test_postgres_finds_and_says_when_it_went_away(postgres):
    """Pgvector works like the others; when it stops in the middle, the error says what was done."""
    from langchain_postgres import PGVector

    vectors = PGVector(HashedEmbeddings(), connection=postgres.url, collection_name="pages")
    retriever = PageImageRetriever(vectorstore=vectors, k=1)
    retriever.add_documents(pages())
    assert ids(retriever.invoke("hours of training")) == ["people"]
    retriever.delete(["people"])
    assert ids(retriever.invoke("hours of training")) != ["people"]

    def more():
        yield from (Document(f"page {n}", metadata={"doc_id": f"p{n}"}) for n in range(32))
        postgres.stop()
        yield Document("one more", metadata={"doc_id": "late"})

    with pytest.raises(RetrievalError, match="Could not index documents: .*32 documents were") as e:
        retriever.add_documents(more())
    assert e.value.doc_ids == [f"p{n}" for n in range(32)]
    with pytest.raises(RetrievalError, match="Could not search: OperationalError"):
        retriever.invoke("anything")


async def test_a_store_that_went_away_is_told_as_such(tmp_path):
    """A collection that was deleted behind our back: one kind of error, sync and async."""
    pytest.importorskip("langchain_chroma", reason="the extra 'index' is not installed")
    from langchain_gptv.rag.chroma import open_chroma

    vectors = open_chroma(tmp_path, HashedEmbeddings())
    retriever = PageImageRetriever(vectorstore=vectors)
    retriever.add_documents(pages())
    vectors._client.delete_collection("gptv")
    with pytest.raises(RetrievalError, match="Could not search: .*Check that the vector store"):
        retriever.invoke("anything")
    with pytest.raises(ConnectionError, match="Could not search"):
        await retriever.ainvoke("anything")
