"""The command `gptv`, as a person types it."""

import json
import os
import re
import socket
import struct
import subprocess
import sys
import zlib
from itertools import pairwise
from pathlib import Path

import documents
import PIL.Image
import pytest
from conftest import EXAMPLE_IMAGES, ROOT

from langchain_gptv import ChatGPTV
from langchain_gptv.cli import main
from langchain_gptv.cli.batch import _collecting
from langchain_gptv.cli.models import workers_for

RECEIPT = str(EXAMPLE_IMAGES / "receipt.png")


@pytest.fixture
def gptv(monkeypatch, capsys):
    """Run `gptv` with arguments; return exit status, stdout and stderr."""

    def run(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gptv", *map(str, args)])
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        return stopped.value.code or 0, out, err

    return run


def png_header(width: int, height: int) -> bytes:
    """Return the start of a PNG that declares a size and has no pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


@pytest.fixture
def bad_file(request, tmp_path) -> Path:
    """A file that is no usable image, by the name of what is wrong with it."""
    photo = tmp_path / "photo.jpg"
    PIL.Image.effect_noise((300, 200), 50).convert("RGB").save(photo, quality=90)
    contents = {
        "missing": None,
        "empty": b"",
        "text": b"Dear Sir or Madam,\n",
        "truncated": photo.read_bytes()[:5000],
        "bomb": png_header(60_000, 60_000),
    }
    path = tmp_path / f"{request.param}.png"
    if contents[request.param] is not None:
        path.write_bytes(contents[request.param])
    return path


@pytest.mark.parametrize(
    ("bad_file", "match"),
    [
        ("missing", "There is no file"),
        ("empty", "is empty (0 bytes)"),
        ("text", "is no image"),
        ("truncated", "truncated"),
        ("bomb", "60000 x 60000"),
    ],
    indirect=["bad_file"],
)
def test_a_bad_file_is_one_clear_line(gptv, bad_file, match):
    """The line names the file and the rule; status 2, nothing on stdout, no traceback."""
    status, out, err = gptv("ask", bad_file, "What is it?")
    assert (status, out) == (2, "")
    assert match in err
    assert str(bad_file) in err
    assert err.startswith("gptv: ")
    assert err.count("\n") == 1


def test_a_directory_is_one_clear_line(gptv, tmp_path):
    """A folder is told from a file."""
    status, _, err = gptv("ask", tmp_path, "What is it?")
    assert (status, err.count("\n")) == (2, 1)
    assert "is a directory" in err


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (["-m", "gptv-locl"], "Did you mean 'gptv-local'?"),
        (["-m", "gpt-4o"], "OPENAI_API_KEY"),
        (["-d", "hihg"], "hihg"),
    ],
)
def test_a_wrong_choice_says_the_way_out(gptv, args, match):
    """Unknown model, missing key and unknown detail end with status 2 and advice."""
    status, out, err = gptv("ask", *args, RECEIPT, "What is the total?")
    assert (status, out) == (2, "")
    assert match in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (["ask", RECEIPT], f'gptv ask {RECEIPT} "What is the total?"'),
        (["ask", "a.png", RECEIPT], "the question comes last"),
        (["ask", RECEIPT, " "], "The question is empty"),
        (["ask", RECEIPT, "What?", "--boxes", "out.xyz"], "the name of no picture"),
        (["ask", RECEIPT, "What?", "--boxes", "nowhere/out.png"], "no folder 'nowhere'"),
        (["video", "clip.mp4", "What?", "--sheet", "sheet"], "the name of no picture"),
        (["serve", "--port", "99999"], "equal to 65535"),
        (["tokens", RECEIPT, "--max-tokens", "0"], "--max-tokens"),
        (["index", "nowhere", "--index", "index"], "'nowhere' is no folder"),
        (["index", ".", "--index", RECEIPT], "is a file"),
        (["batch", ".", "--ask", "?", "-o", "o", "--schema", "recept"], "form, receipt, table"),
    ],
)
def test_wrong_use_is_told_before_anything_is_done(gptv, tmp_path, monkeypatch, args, match):
    """Status 2 and the way out; no model is asked and nothing is written."""
    monkeypatch.chdir(tmp_path)
    PIL.Image.new("RGB", (8, 8)).save("one.png")
    status, out, err = gptv(*args)
    assert (status, out) == (2, "")
    assert match in " ".join(err.replace("│", "").split())
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == [tmp_path / "one.png"]


def test_a_folder_with_nothing_in_it_is_told(gptv, tmp_path):
    """An empty folder is no error, and not silence either."""
    (tmp_path / "empty").mkdir()
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    status, out, err = gptv("cassettes", "ls", tmp_path / "empty")
    assert (status, out) == (0, "")
    assert f"there is no cassette in '{tmp_path / 'empty'}'" in err
    pytest.importorskip("langchain_chroma", reason="the extra 'index' is not installed")
    status, _, err = gptv("index", tmp_path / "empty", "--index", tmp_path / "index")
    assert status == 0
    assert "holds no PDF file, image or video" in err


def test_a_question_without_an_image_says_how_to_ask(gptv):
    """One argument alone cannot be both."""
    status, _, err = gptv("ask", "What is the total?")
    assert status == 2
    assert "give the image first" in err


def test_a_port_in_use_is_one_clear_line(gptv):
    """`gptv serve` names the port and the way out."""
    pytest.importorskip("uvicorn", reason="the extra 'local' is not installed")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, _, err = gptv("serve", "--port", port)
    assert status == 2
    assert str(port) in err
    assert err.count("\n") == 1


@pytest.mark.usefixtures("engine")
def test_ask_prints_the_answer_and_says_who_answers(gptv, truth):
    """The answer is all of stdout; who answered is one line on stderr."""
    status, out, err = gptv("ask", RECEIPT, "What is the total?")
    assert status == 0
    assert truth["receipt.png"]["total"]["text"] in out
    assert err.count("\n") == 1
    assert "gptv-local" in err
    assert "no language model" in err
    assert len(err) <= 81


@pytest.mark.usefixtures("engine")
def test_json_has_answer_evidence_and_usage(gptv, truth):
    """`--json` is for programs."""
    _, out, _ = gptv("ask", RECEIPT, "What is the total?", "--json")
    reply = json.loads(out)
    assert truth["receipt.png"]["total"]["text"] in reply["answer"]
    assert reply["is_language_model"] is False
    assert reply["certainty"] == "seen"
    assert reply["usage"]["input_tokens"] > 0
    assert len(reply["evidence"][0]["box"]) == 4


@pytest.mark.usefixtures("engine")
def test_boxes_are_drawn(gptv, tmp_path):
    """`--boxes` writes the picture with what the answer rests on."""
    out = tmp_path / "boxes.png"
    status, _, err = gptv("ask", RECEIPT, "What is the total?", "--boxes", out)
    assert status == 0
    assert "drew 1 box" in err
    with PIL.Image.open(out) as drawn, PIL.Image.open(RECEIPT) as original:
        assert drawn.size == original.size
        assert drawn.convert("RGB").tobytes() != original.convert("RGB").tobytes()


@pytest.mark.usefixtures("engine")
def test_read_keeps_the_layout(gptv, truth):
    """A label and its amount stay in one row."""
    _, out, _ = gptv("read", RECEIPT)
    total = truth["receipt.png"]["total"]["text"]
    assert any(total in row and "total" in row.lower() for row in out.splitlines())


@pytest.mark.usefixtures("detector")
def test_describe_says_what_is_there(gptv):
    """A photo's things and a page's text are told."""
    status, out, _ = gptv("describe", EXAMPLE_IMAGES / "street.jpg")
    assert status == 0
    assert "person" in out or "people" in out


@pytest.mark.usefixtures("engine")
def test_several_images_are_answered_in_turn(gptv):
    """Each image of a question has its line."""
    _, out, _ = gptv("ask", RECEIPT, EXAMPLE_IMAGES / "invoice.png", "What is the total?")
    assert [line[:8] for line in out.splitlines()] == ["Image 1:", "Image 2:"]


def test_tokens_shows_each_model_and_the_plan(gptv):
    """Tokens per model and detail, and what would be sent; no model is asked."""
    status, out, _ = gptv("tokens", EXAMPLE_IMAGES / "page.png", "-m", "gpt-4o", "-d", "high")
    assert status == 0
    assert "1,105" in out
    assert 'With detail="auto" on gpt-4o:' in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("columns", [45, 50, 80])
def test_tokens_fits_a_narrow_terminal(gptv, monkeypatch, columns):
    """Where a table has no room, names of models and files stand above their rows, whole."""
    monkeypatch.setenv("FORCE_COLOR", "1")  # as in a terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    pictures = [EXAMPLE_IMAGES / name for name in ("page.png", "receipt.png")]
    status, out, _ = gptv("tokens", *pictures, "-m", "gpt-4o", "-m", "gpt-5.6-sol")
    lines = out.splitlines()
    assert status == 0
    assert max(map(len, lines)) <= columns
    assert sum(line.startswith("page.png") for line in lines) == 1
    if columns < 80:
        assert lines.count("gpt-5.6-sol") == lines.count("gpt-4o") == 2
        assert lines[2:4] == ["gpt-4o", "  auto       768x1086   1,105  35 kB  $0.0028"]


def test_tokens_as_json(gptv):
    """`--json` has the rows and the plan."""
    _, out, _ = gptv("tokens", EXAMPLE_IMAGES / "page.png", "-m", "gpt-4o-mini", "--json")
    rows = json.loads(out)["rows"]
    assert {row["detail"]: row["tokens"] for row in rows}["low"] == 2833


def test_doctor_says_what_to_do(gptv):
    """It names versions, keys that are not set, and who answers."""
    status, out, _ = gptv("doctor")
    assert status == 0
    assert "OPENAI_API_KEY" in out
    assert "not set" in out
    assert "langchain-openai" in out


def test_help_fits_eighty_columns():
    """Help is readable in a narrow terminal, and has an example."""
    for command in ("ask", "describe", "read", "tokens", "serve", "doctor"):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "from langchain_gptv.cli import main; main()",
                command,
                "--help",
            ],
            capture_output=True,
            text=True,
            check=True,
            env={"COLUMNS": "80", "PATH": "/usr/bin", "TERM": "dumb"},
        )
        assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_embedded_engine_is_asked_less_at_a_time():
    """It takes all cores itself; a service, and the engine behind `gptv serve`, are asked more."""
    local = ChatGPTV(model="gptv-local")
    served = ChatGPTV(model="gptv-local", base_url="http://127.0.0.1:8000/v1", api_key="k")
    assert (workers_for(local), workers_for(served)) == (2, 8)


def test_the_command_that_collects_goes_to_the_same_server():
    """What `gptv batch submit` tells to type next parses, and keeps the model and the address."""
    line = _collecting(Path("my answers.jsonl"), "gpt-4o", "http://127.0.0.1:8000/v1")
    [args] = documents.commands(line)
    documents.parse(args)
    assert args[2:6] == ["--out", "my answers.jsonl", "--model", "gpt-4o"]
    assert args[6:] == ["--base-url", "http://127.0.0.1:8000/v1", "--wait"]


def _listed(columns, folder):
    """List cassettes in a terminal of some columns."""
    code = "from langchain_gptv.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "cassettes", "ls", str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": str(columns)},
    )
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout).splitlines()


@pytest.mark.parametrize("columns", [50, 80])
def test_names_of_cassettes_are_not_cut_inside_a_word(columns):
    """Where a table has no room for them they stand above their numbers, broken at a _ or /."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    folder = ROOT / "cassettes"
    lines = _listed(columns, folder)
    assert max(map(len, lines)) <= columns
    broken = [one for one, after in pairwise(lines) if re.match("  [^ ]", after)]
    assert {line[-1] for line in broken} <= {"_", "/", "-"}
    names = "".join(line.strip() for line in lines)
    for path in folder.rglob("*.yaml"):
        assert path.relative_to(folder).as_posix() in names


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE")
def test_a_reader_that_goes_away_is_no_error():
    """`gptv ... | head -1` ends with the documented status and without a word on stderr."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    code = "from langchain_gptv.cli import main; main()"
    command = [sys.executable, "-c", code, "cassettes", "show", str(ROOT / "cassettes")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
