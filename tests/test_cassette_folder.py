"""`gptv cassettes`: a folder of recorded exchanges listed, shown, checked and made into a page."""

import base64
import html.parser
import json
import re
import sys

import pytest
from wire_support import data_url, encode

pytest.importorskip("vcr", reason="the extra 'test' is not installed")

import httpx2

from langchain_gptv.cli import main
from langchain_gptv.testing import make_vcr
from langchain_gptv.testing.answers import read_answer
from langchain_gptv.testing.exchanges import load_cassette
from langchain_gptv.testing.servers import name_servers
from langchain_gptv.testing.thumbnails import make_thumbnail

CHAT = "https://api.openai.com/v1/chat/completions"
AZURE = "https://acme.openai.azure.com/openai/deployments/d/chat/completions?api-version=1"
USAGE = {"prompt_tokens": 1_000_000, "completion_tokens": 0}
QUESTION = {
    "model": "gpt-4o",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [
            {"type": "text", "text": "What is the <total>?"},
            {"type": "image_url", "image_url": {"url": data_url(300), "detail": "high"}}]},
    ],
}  # fmt: skip


def completion(text, model="gpt-4o-2024-08-06"):
    """An answer of Chat Completions."""
    message = {"role": "assistant", "content": text}
    return {"model": model, "choices": [{"index": 0, "message": message}], "usage": USAGE}


def stream(*words):
    """An answer of Chat Completions in chunks."""
    chunks = [
        {"model": "gpt-4o", "choices": [{"index": 0, "delta": {"content": w}}]} for w in words
    ]
    return (
        b"".join(b"data: %b\n\n" % json.dumps(each).encode() for each in chunks) + b"data: [DONE]"
    )


def record(folder, name, *exchanges):
    """Record (address, question, status, answer) from a service that is played."""
    answers = iter(exchanges)

    def answer(_request):
        *_, status, body = next(answers)
        return httpx2.Response(status, **{"content" if isinstance(body, bytes) else "json": body})

    with (
        make_vcr(cassette_library_dir=str(folder), record_mode="all").use_cassette(name),
        httpx2.Client(transport=httpx2.MockTransport(answer)) as client,
    ):
        for address, question, *_ in exchanges:
            client.post(address, json=question)
    return folder / f"{name}.yaml"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a refusal, an answer and a stream in one cassette, and a drawing in another."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "cassettes"
    limited = {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}
    record(folder, "test_shop/test_total",
        (CHAT, QUESTION, 429, limited), (CHAT, QUESTION, 200, completion("12.50 euros")),
        (AZURE, QUESTION, 200, stream("Twelve ", "fifty.")))  # fmt: skip
    drawn = {"type": "image_generation_call", "result": encode(900, 900)}
    said = {"type": "message", "content": [{"type": "output_text", "text": "Here."}]}
    answer = {"model": "gptv-local", "output": [drawn, said],
              "gptv": {"engine": "gptv-local", "version": "0.1.0"}}  # fmt: skip
    asked = {"input": "Draw it."}
    record(folder, "test_draw", ("http://127.0.0.1:81/v1/responses", asked, 200, answer))
    return folder


@pytest.fixture
def gptv(monkeypatch, capsys):
    """Run `gptv cassettes` with arguments; return exit status, stdout and stderr."""

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["gptv", "cassettes", *map(str, args)])
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        return stopped.value.code or 0, out, err

    return run


def test_the_list_says_who_answered_and_what_it_cost(folder, gptv):
    """Each cassette has its servers, counts, tokens, price and size."""
    status, out, _ = gptv("ls", "--json")
    drawn, total = json.loads(out)
    assert status == 0
    assert drawn["recorded_with"] == ["gptv serve 0.1.0 (embedded engine), gptv-local"]
    assert total["recorded_with"] == ["OpenAI, gpt-4o-2024-08-06", "Azure OpenAI, gpt-4o"]
    assert (total["exchange_count"], total["image_count"]) == (3, 3)
    assert (total["input_tokens"], total["cost_usd"]) == (1_000_000, 2.5)
    assert drawn["cost_usd"] is None
    assert total["bytes"] == (folder / "test_shop" / "test_total.yaml").stat().st_size
    table = gptv("ls", folder)[1]
    assert re.search(r"test_shop/test_total\.yaml +3 +3 +1,000,000 +2\.5000", table)
    assert re.search(r"test_draw\.yaml +1 +0 +0 +- ", table)


def test_showing_prints_each_exchange(folder, gptv):
    """Images with their detail, roles, status, joined streams, errors and the bill are there."""
    status, out, _ = gptv("show", "cassettes/test_shop/test_total.yaml")
    assert status == 0
    assert re.search(r"image 1: 300x10 \w{8}\.\.\., detail high", out)
    for line in (
        *("system: Be brief.", "user: What is the <total>?", "answer: Twelve fifty."),
        *("answer: error: Rate limit reached", "1,000,000 tokens in, 0 out, $2.5000"),
    ):
        assert line in out
    drawn, _ = json.loads(gptv("show", "--json")[1])
    (exchange,) = drawn["exchanges"]
    assert exchange["answer"] == "[image_generation_call]\nHere."
    assert exchange["answer_images"][0]["size"] == "900x900"


class PageReader(html.parser.HTMLParser):
    """Notes tags and their attributes, and fails on one that is not closed."""

    VOID = ("meta", "img", "br")

    def __init__(self):
        super().__init__()
        self.tags, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_stands_alone(folder, gptv):
    """It asks for no other file, runs no script, and each thumbnail is inside with alt text."""
    status, _, err = gptv("html")
    page = folder.with_name("cassettes.html").read_text()
    assert (status, "wrote cassettes.html" in err) == (0, True)
    reader = PageReader()
    reader.feed(page)
    assert reader.open == []
    images = [attrs for tag, attrs in reader.tags if tag == "img"]
    assert len(images) == 4
    for image in images:
        data = base64.b64decode(image["src"].partition("base64,")[2])
        assert data[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0")
        assert re.match(r"image 1 (sent|in the answer): \d+x\d+ \w{8}\.\.\.", image["alt"])
    assert "script" not in {tag for tag, _ in reader.tags}
    assert not any("src" in attrs or "http" in attrs.get("href", "")
                   for tag, attrs in reader.tags if tag != "img")  # fmt: skip
    assert "url(" not in page
    assert "@import" not in page
    assert "What is the &lt;total&gt;?" in page
    assert "prefers-color-scheme: dark" in page


def test_a_broken_cassette_is_named_and_the_rest_is_shown(folder, gptv):
    """The list and the page go on, with status 1; the page names the file and the line."""
    (folder / "song.yaml").write_text("title: my song\n")
    for command in (("ls",), ("show",), ("html", "-o", "-")):
        status, out, err = gptv(*command)
        assert status == 1
        assert "song.yaml, line 1: this is no cassette" in err
        assert "test_total.yaml" in out
    assert "song.yaml, line 1" in out


def test_a_folder_that_is_not_there_is_one_line(folder, gptv):
    """Status 2, and the line names the folder."""
    for command in ("ls", "show", "check", "html"):
        status, out, err = gptv(command, "nowhere")
        assert (status, out) == (2, "")
        assert err.startswith("gptv: nowhere: There is no such folder")


def test_a_sound_folder_has_no_problem(folder, gptv):
    """What the package writes passes its own check."""
    assert gptv("check") == (0, "", "gptv: 2 cassettes, 0 problems\n")


def edit(old, new):
    """Change the text of the larger cassette."""

    def spoil(folder):
        path = folder / "test_shop" / "test_total.yaml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    return spoil


def remove_thumbnails(folder):
    """Take all thumbnails away."""
    for path in (folder / "images").iterdir():
        path.unlink()


TOTAL = r"^cassettes/test_shop/test_total\.yaml:"
LONG = base64.b64encode(bytes(range(256)) * 4).decode()


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (edit("12.50 euros", "13.50 euros"), TOTAL + r"\d+: exchange 2 was changed by hand"),
        (edit("12.50 euros", LONG), TOTAL + r"\d+: exchange 2 holds base64 in its response"),
        (edit("12.50 euros", "sk-abcdefgh12345678"), TOTAL + r"\d\d: looks like a secret"),
        (edit("model: gpt-4o\n", "api_key: hunter22\n        model: gpt-4o\n"),
         TOTAL + r"7: exchange 1 holds what looks like a secret in its request"),
        (edit("content-type: application/json", "x-key: a"), r"7: .* holds the header 'x-key'"),
        (edit("\n...\n", "\n"), TOTAL + r"\d+: the file ends without '\.\.\.'"),
        (edit("# langchain-gptv cassette\n", ""), TOTAL + "1: was not written by this package"),
        (lambda folder: (folder / "a.yml").write_text("a: [b"), r"^cassettes/a\.yml:2: "),
        (lambda folder: (folder / "big.txt").write_text("a\n" * 30_000),
         r"^cassettes/big\.txt: 60,000 bytes are over the limit of 50,000$"),
        (lambda folder: [(folder / f"{n}.txt").write_bytes(b"a" * 49_000) for n in range(110)],
         r"^cassettes: 5,\d{3},\d{3} bytes are over the limit of 5,000,000$"),
        (lambda folder: (folder / "test_draw.yaml").unlink(),
         r"^cassettes/images/\w{32}\.png: is shown by no cassette"),
        (remove_thumbnails, TOTAL + r"\d+: has no thumbnail of 300x10 \w{8}\.\.\."),
        (lambda folder: (folder / ".test_a.yaml.x1").write_bytes(b""), "by a run that was killed"),
    ],
    ids=["edit", "base64", "secret", "secret field", "header", "truncated", "foreign", "broken",
         "large file", "large folder", "orphan", "missing", "scrap"],
)  # fmt: skip
def test_the_check_finds_what_must_not_be_committed(folder, gptv, spoil, problem):
    """Each fault is a line with the file, and the line where there is one; status 1."""
    spoil(folder)
    status, out, _ = gptv("check")
    assert status == 1
    assert re.search(problem, out, re.MULTILINE), out
    listed = json.loads(gptv("check", "--json")[1])
    assert len(listed) == out.count("\n")


def test_a_secret_is_not_repeated(folder, gptv):
    """The line that names the place of a key does not hold the key."""
    edit("12.50 euros", "sk-abcdefgh12345678")(folder)
    assert "abcdefgh" not in gptv("check")[1]


def test_an_edit_may_be_owned(folder, gptv):
    """Without its line 'sha256' a changed exchange is nobody's recording, and passes."""
    edit("12.50 euros", "13.50 euros")(folder)
    path = folder / "test_shop" / "test_total.yaml"
    path.write_text(re.sub(r"  sha256: \w{16}\n", "", path.read_text()))
    assert gptv("check")[0] == 0


def test_a_cassette_of_vcrpy_can_be_looked_at(folder, tmp_path):
    """What vcrpy alone wrote is read as well, with the server told from the addresses."""
    from vcr.serializers import yamlserializer

    data = {"request": {"method": "POST", "uri": CHAT, "body": json.dumps(QUESTION), "headers": {}},
            "response": {"status": {"code": 200, "message": "OK"}, "headers": {},
                         "body": {"string": json.dumps(completion("12.50"))}}}  # fmt: skip
    path = tmp_path / "plain.yaml"
    path.write_text(yamlserializer.serialize({"version": 1, "interactions": [data]}))
    cassette = load_cassette(path)
    assert cassette.recorded_with == ("OpenAI, gpt-4o-2024-08-06",)
    assert cassette.exchanges[0].answer.text == "12.50"


def event(kind, **fields):
    """An event of Responses."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"


DELTA = "response.output_text.delta"
CALL = {"name": "total", "arguments": '{"a": 1}'}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (event(DELTA, output_index=0, delta="a") + event(DELTA, output_index=0, delta="b"), "ab"),
        (event(DELTA, output_index=0, delta="a") + event("response.completed", response={
            "output": [{"type": "function_call", **CALL}]}), 'total {"a": 1}'),
        (json.dumps({"choices": [{"index": 0, "message": {"tool_calls": [{"function": CALL}]}}]}),
         'total {"a": 1}'),
        (json.dumps({"choices": [{"index": n, "message": {"content": str(n)}} for n in (0, 1)]}),
         "0\n1"),
        (json.dumps({"choices": [{"index": 0, "message": {"refusal": "No."}}]}), "No."),
        (json.dumps({"data": [{"id": "gpt-4o"}, {"id": "o3"}]}), "gpt-4o, o3"),
        (json.dumps({"data": [{"embedding": [1]}, {"embedding": [2]}]}), "2 of embedding"),
        (json.dumps({"modelVersion": "1", "tagsResult": {}}),
         '{"modelVersion": "1", "tagsResult": {}}'),
        (json.dumps({"vector": [0.5] * 900}), '{"vector": [' + "0.5, " * 57 + "0.5..."),
        ("<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b"\xff\xfb", "2 bytes that are no text"),
        (None, ""),
    ],
    ids=["cut stream", "stream of a call", "call", "choices", "refusal", "models", "embeddings",
         "other", "long", "page", "bytes", "nothing"],
)  # fmt: skip
def test_an_answer_of_any_kind_is_told(body, text):
    """Streams are joined, calls and refusals are text, and other bodies are said to be such."""
    assert read_answer(body).text == text


def test_the_server_is_told_from_its_answer():
    """An alias of the engine, a stream, an error beside an answer, and a stranger are told."""
    local = "http://127.0.0.1/v1/chat/completions"
    chunk = 'data: {"model": "gpt-4o", "system_fingerprint": "gptv-local-0.2.0"}'
    engine = "gptv serve 0.2.0 (embedded engine), gpt-4o"
    assert name_servers([(local, chunk), (local, '{"error": {}}')]) == [engine]
    assert name_servers([("https://models.example.com/v1", "{}")]) == ["models.example.com"]
    assert name_servers([("https://x.services.ai.azure.com/v1", "{}")]) == ["Azure OpenAI"]
    analysed = "https://x.cognitiveservices.azure.com/computervision/imageanalysis:analyze"
    told = '{"modelVersion": "2023-10-01"}'
    assert name_servers([(analysed, told)]) == ["Azure AI Vision, 2023-10-01"]
    assert name_servers([("https://api.openai.com.evil.example/", "")]) == [
        "api.openai.com.evil.example"
    ]


def test_a_thumbnail_of_a_pdf_is_its_first_page():
    """With pypdfium2 the page is drawn; a file that only looks like a PDF has none."""
    pdfium = pytest.importorskip("pypdfium2", reason="the extra 'pdf' is not installed")
    import io

    import PIL.Image

    document = pdfium.PdfDocument.new()
    document.new_page(400, 800)
    buffer = io.BytesIO()
    document.save(buffer)
    _, data = make_thumbnail(buffer.getvalue())
    assert PIL.Image.open(io.BytesIO(data)).size == (128, 256)
    assert make_thumbnail(b"%PDF-1.7\nnothing") is None


def test_without_pypdfium2_a_pdf_has_a_place_on_the_page(folder, gptv, monkeypatch):
    """The type and the size stand where the first page would be."""
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    pdf = base64.b64encode(b"%PDF-1.7\n" + bytes(991)).decode()
    asked = {"input": [{"role": "user", "content": [{"type": "input_file", "file_data": pdf}]}]}
    record(folder, "test_pdf", (CHAT, asked, 200, completion("Empty.")))
    page = gptv("html", "-o", "-")[1]
    assert '<div class="blank">application/pdf<br>1,000 bytes</div>' in page
    assert gptv("check")[0] == 0


def test_pixels_that_cannot_be_decoded_are_crossed_out():
    """A picture whose header alone is sound has a grey thumbnail of its shape."""
    import io

    import PIL.Image

    whole = base64.b64decode(encode(400, 200))
    start = whole.index(b"IDAT") + 4
    broken = whole[:start] + bytes(8) + whole[start + 8 :]
    _, data = make_thumbnail(broken)
    picture = PIL.Image.open(io.BytesIO(data)).convert("L")
    assert picture.size == (256, 128)
    assert picture.getpixel((128, 10)) in range(195, 215)
