"""`gptv index` and `gptv find`: a folder is indexed once, kept up to date, and searched."""

import json
import os
import shutil

import pytest
from pdfs import LOCKED, Sheet, make_pdf
from typer.testing import CliRunner

from langchain_gptv.cli import app, main
from langchain_gptv.exceptions import ImageNotFoundError, JournalLockedError, RetrievalError
from langchain_gptv.rag import FolderIndex

pytest.importorskip("langchain_chroma", reason="the extra 'index' is not installed")
pytest.importorskip("pypdfium2", reason="the extra 'pdf' is not installed")


def pdf(*texts: str) -> bytes:
    """Return a PDF of one page for each text."""
    return make_pdf(*(Sheet([(60, 780, 11, text), (60, 760, 11, "x" * 30)]) for text in texts))


@pytest.fixture
def folder(tmp_path):
    """Two reports, and things that are none."""
    place = tmp_path / "papers"
    (place / "old").mkdir(parents=True)
    (place / "report.pdf").write_bytes(pdf("Revenue by region", "Electricity of the sites"))
    (place / "old" / "audit.pdf").write_bytes(pdf("The auditor has no objections"))
    (place / "notes.txt").write_text("no page")
    return place


@pytest.fixture
def index(tmp_path):
    """An empty index."""
    with FolderIndex(tmp_path / "index") as opened:
        yield opened


def first(index, query):
    """Return name and page of the best result, or None."""
    found = index.find(query, 1)
    return (os.path.basename(found[0].paths[0]), found[0].page) if found else None  # noqa: PTH119


def test_pages_are_found(index, folder):
    """File, page and the line that fits; junk is passed over."""
    report = index.update(folder)
    assert (len(report.new), report.documents, report.errors) == (2, 3, {})
    [found] = index.find("electricity per site", 1)
    assert (found.page, found.snippet) == (2, "Electricity of the sites")
    assert found.document.metadata["image"] in index.store


def test_what_is_not_there_is_not_found(index, folder):
    """Neither an empty index nor one without the words gives a result."""
    assert index.find("revenue") == []
    index.update(folder)
    assert index.find("zebra crossing") == []


def test_an_unchanged_folder_is_no_work(index, folder, monkeypatch):
    """The second run opens no file and asks nothing of the vector store."""
    index.update(folder)
    monkeypatch.setattr("langchain_gptv.rag.index.open_source", None)
    monkeypatch.setattr(index, "_vectors", None)
    report = index.update(folder)
    assert (len(report.unchanged), report.new, report.changed, report.documents) == (2, [], [], 0)


def test_changed_and_removed_files(index, folder):
    """What a file no longer says is no longer found; what it says now is."""
    index.update(folder)
    (folder / "report.pdf").write_bytes(pdf("Penguins by colony"))
    (folder / "old" / "audit.pdf").unlink()
    report = index.update(folder)
    assert [len(report.changed), len(report.removed), report.documents] == [1, 1, 1]
    assert first(index, "penguins") == ("report.pdf", 1)
    assert [first(index, query) for query in ("electricity", "auditor")] == [None, None]
    assert index.counts() == (1, 1)
    assert len(index.retriever.invoke("electricity", k=9)) == 1


def test_copies_and_moved_files(index, folder):
    """A copy is found with its original, and stays when that is gone."""
    index.update(folder)
    copy = folder / "copy.pdf"
    shutil.copy(folder / "report.pdf", copy)
    index.update(folder)
    assert len(index.find("revenue", 1)[0].paths) == 2
    (folder / "report.pdf").unlink()
    index.update(folder)
    assert first(index, "revenue") == ("copy.pdf", 1)


def test_only_the_folder_that_is_updated_changes(index, folder, tmp_path):
    """Files of another folder stay in the index."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "birds.pdf").write_bytes(pdf("Puffins on the coast"))
    index.update(other)
    assert index.update(folder).removed == []
    assert first(index, "puffins") == ("birds.pdf", 1)


def test_junk_is_recorded_and_the_rest_goes_on(index, folder):
    """Each file that cannot be read is named, again in the next run, until it is mended."""
    (folder / "a.pdf").write_bytes(LOCKED)
    (folder / "b.pdf").write_bytes(b"no pdf")
    (folder / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    report = index.update(folder)
    assert [os.path.basename(path) for path in sorted(report.errors)] == ["a.pdf", "b.pdf", "c.png"]  # noqa: PTH119
    assert first(index, "auditor") == ("audit.pdf", 1)
    again = index.update(folder)
    assert (again.errors, again.documents) == (report.errors, 0)
    (folder / "a.pdf").unlink()
    (folder / "c.png").unlink()
    (folder / "b.pdf").write_bytes(pdf("A page at last"))
    assert index.update(folder).errors == {}


def test_what_failed_for_another_reason_is_tried_again(index, folder, monkeypatch):
    """A file that could not be opened is read by the next run, though it did not change."""
    with monkeypatch.context() as refused:
        refused.setattr("langchain_gptv.rag.index.open_source", _refuse)
        report = index.update(folder)
    assert (len(report.errors), report.documents) == (2, 0)
    again = index.update(folder)
    assert (len(again.changed), again.documents, again.errors) == (2, 3, {})


def _refuse(path):
    raise PermissionError(f"'{path}' may not be read")


def test_an_index_outlives_the_process(folder, tmp_path):
    """Another one over the same folder finds the same, and has nothing to do."""
    with FolderIndex(tmp_path / "kept") as opened:
        opened.update(folder)
    with FolderIndex(tmp_path / "kept") as again:
        assert first(again, "electricity") == ("report.pdf", 2)
        assert again.update(folder).documents == 0


def test_an_index_inside_its_folder_does_not_index_itself(folder):
    """Its own pictures are no new files."""
    with FolderIndex(folder / "gptv-index") as opened:
        assert len(opened.update(folder).new) == 2
        assert opened.update(folder).new == []


def test_what_cannot_be_updated_is_an_error(index, folder, tmp_path):
    """No folder, and an index that is being updated already."""
    with pytest.raises(ImageNotFoundError, match="'nowhere' is no folder"):
        index.update("nowhere")
    busy = pytest.raises(JournalLockedError, match="in use by another run")
    with FolderIndex(tmp_path / "index") as other, other._locked(), busy:
        index.update(folder)


def test_an_update_that_broke_off_goes_on(index, folder):
    """A vector store that fails in the middle: nothing is lost, and the next run does the rest."""
    name = index._vectors._collection.name
    client = index._vectors._client
    client.delete_collection(name)
    with pytest.raises(RetrievalError, match="Could not index documents"):
        index.update(folder)
    index._vectors._chroma_collection = client.create_collection(name)
    assert len(index.update(folder).new) == 2
    assert first(index, "auditor") == ("audit.pdf", 1)


@pytest.fixture
def gptv(tmp_path, monkeypatch):
    """A function that runs a command on an index of its own."""
    monkeypatch.setenv("GPTV_INDEX", str(tmp_path / "index"))
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


def test_the_commands(gptv, folder):
    """Index, index again, find; in words and as JSON; the exit status tells."""
    done = gptv("index", folder)
    assert done.exit_code == 0
    assert "2 new, 0 changed, 0 unchanged, 0 removed, 0 with errors; 3 pages" in done.stdout
    assert json.loads(gptv("index", folder, "--json").stdout)["documents"] == 0
    found = gptv("find", "electricity of sites", "-k", 1)
    assert found.stdout.strip() == f"{folder / 'report.pdf'}:2: Electricity of the sites"
    [as_json] = json.loads(gptv("find", "electricity", "-k", 1, "--json").stdout)
    assert (as_json["page"], as_json["kind"], as_json["copies"]) == (2, "page", [])
    nothing = gptv("find", "zebra")
    assert (nothing.exit_code, nothing.stdout) == (1, "")


def test_a_file_that_fails_is_told_by_the_exit_status(gptv, folder):
    """The file and the reason on stderr, the rest on stdout, status 1."""
    (folder / "locked.pdf").write_bytes(LOCKED)
    done = gptv("index", folder)
    assert done.exit_code == 1
    assert "locked.pdf" in done.stderr
    assert "encrypted" in done.stderr
    assert "1 with errors; 3 pages" in done.stdout


def test_find_without_an_index_says_how_to_make_one(tmp_path, monkeypatch, capsys):
    """One line and status 2."""
    monkeypatch.setattr("sys.argv", ["gptv", "find", "x", "--index", str(tmp_path / "none")])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "Make one: gptv index FOLDER." in capsys.readouterr().err
