"""The file of results: nothing that was written is lost, mixed up or written by two."""

import errno
import json
import subprocess
import sys

import pytest

from langchain_gptv.batch.journal import Journal
from langchain_gptv.exceptions import JournalError, JournalLockedError

LINES = [{"key": "a", "answer": "Zürich"}, {"key": "b", "ok": False, "error": "429"}]


def names_in(folder):
    """Return the names of all files."""
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def out(tmp_path):
    """A file with two records."""
    path = tmp_path / "deep" / "out.jsonl"
    with Journal(path) as journal:
        for line in LINES:
            journal.append(line)
    return path


def test_records_are_there_when_it_is_opened_again(out):
    """Keys, records and failures come back; the file is plain JSON lines and stands alone."""
    with Journal(out) as journal:
        assert list(journal) == ["a", "b"]
        assert journal["a"] == LINES[0]
        assert journal.failed == {"b"}
        assert journal.is_done("a")
        assert not journal.is_done("b")
    assert [json.loads(line) for line in out.read_bytes().splitlines()] == LINES
    assert names_in(out.parent) == ["out.jsonl"]


def test_the_last_record_of_a_key_counts(out):
    """An answer after a failure stands for it, and both lines stay."""
    with Journal(out) as journal:
        journal.append({"key": "b", "ok": True, "answer": "A dog."})
        assert journal["b"]["answer"] == "A dog."
    with Journal(out) as journal:
        assert journal.failed == frozenset()
        assert journal["b"]["answer"] == "A dog."
    assert len(out.read_bytes().splitlines()) == 3


def test_a_torn_last_line_is_cut_off_wherever_it_broke(out):
    """Every prefix of a line, and the zeros that a power cut leaves, cost no other record."""
    whole = out.read_bytes()
    line = json.dumps({"key": "c", "answer": "ü"}, ensure_ascii=False, separators=(",", ":"))
    torn = [line.encode()[:end] for end in range(len(line.encode()))]
    for tail in [*torn, bytes(100), line.encode()[:9] + bytes(50)]:
        out.write_bytes(whole + tail)
        with Journal(out) as journal:
            assert list(journal) == ["a", "b"]
            journal.append({"key": "d"})
        assert out.read_bytes() == whole + b'{"key":"d"}\n'


def test_a_line_that_lacks_its_end_alone_is_kept(out):
    """An answer that is all there was paid for, so it is not cut off."""
    with out.open("ab") as file:
        file.write(b'{"key":"c","answer":"A cat."}')
    for _ in range(2):
        with Journal(out) as journal:
            assert journal["c"]["answer"] == "A cat."
    assert len(out.read_bytes().splitlines()) == 3


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"Dear Sir", 1),
        (b"image,price\na.png,3\n", 1),
        (b'{"key":"a"}\n{"name":"b"}\n', 2),
        (b'{"key":"a"}\nhello', 2),
        (b'{"key":3}\n', 1),
    ],
)
def test_a_file_of_something_else_is_left_alone(tmp_path, content, line):
    """A letter, a CSV file or foreign JSON is refused with its line, and no byte of it changes."""
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=rf"line {line}, is no result of a batch"):
        Journal(path)
    assert path.read_bytes() == content
    assert names_in(tmp_path) == ["notes.txt"]


def test_a_second_one_is_refused_until_the_first_is_closed(out):
    """Within a process too, two writers never share a file; closing twice does no harm."""
    first = Journal(out)
    with pytest.raises(JournalLockedError, match="is in use by another run"):
        Journal(out)
    first.close()
    first.close()
    Journal(out).close()


def test_another_process_is_refused_and_a_dead_one_is_not_in_the_way(out):
    """The lock holds between processes, and the system lets go of it at kill -9."""
    code = (
        "import sys, time; from langchain_gptv.batch.journal import Journal\n"
        "held = Journal(sys.argv[1]); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, out], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(JournalLockedError, match=str(out)):
            Journal(out)
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with Journal(out) as journal:
        assert list(journal) == ["a", "b"]


LIMITED = """
import resource, sys
from langchain_gptv.batch.journal import Journal
from langchain_gptv.exceptions import JournalError
with Journal(sys.argv[1]) as journal:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
    kept = 0
    try:
        while True:
            journal.append({"key": str(kept), "answer": "x" * 300})
            kept += 1
            journal.check_room()
    except JournalError as error:
        print(kept, error)
"""


def test_a_file_that_may_not_grow_keeps_whole_lines(tmp_path):
    """At a limit of the file's size the half line is taken back, and the error says what to do."""
    pytest.importorskip("resource")
    out = tmp_path / "out.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, out], capture_output=True, text=True, check=True
    )
    kept, _, message = done.stdout.partition(" ")
    assert "cannot be written: File too large" in message
    assert f"The {kept} results that it holds are kept" in message
    with Journal(out) as journal:
        assert list(journal) == [str(number) for number in range(int(kept))]
        assert int(kept) > 3


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError:
        done = None
    if done is None or done.returncode:
        pytest.skip("no file system can be mounted here, which takes root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_keeps_what_was_under_way(small_disk):
    """One record more than fits is still written, into the room kept for it, and then it ends."""
    out = small_disk / "out.jsonl"
    with Journal(out) as journal:
        kept = 0
        while True:
            journal.append({"key": str(kept), "answer": "x" * 50_000})
            kept += 1
            try:
                journal.check_room()
            except JournalError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 - the loop ends here
                break
        for more in range(kept, kept + 8):  # those of the other workers
            journal.append({"key": str(more), "answer": "x" * 50_000})
    with pytest.raises(JournalError, match="No space left on device"), Journal(out):
        pass
    assert len(out.read_bytes().splitlines()) == kept + 8


def test_a_folder_that_cannot_be_written_says_so(tmp_path):
    """A path below a file is one clear error."""
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(tmp_path / "file" / "out.jsonl")
