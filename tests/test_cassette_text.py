"""What a cassette says of pictures, and what it does not say of secrets."""

import base64
import io
import json
import re

import PIL.Image
import pytest
from wire_support import data_url, encode

pytest.importorskip("vcr", reason="the extra 'test' is not installed")

from vcr.request import Request

from langchain_gptv.testing import digest_base64, scrub_text, vcr_config
from langchain_gptv.testing.cleaning import clean_request, clean_response
from langchain_gptv.testing.files import CassetteFiles
from langchain_gptv.testing.matching import find_differences, normalize
from langchain_gptv.testing.serializer import deserialize, serialize

URL = "https://acme-prod.openai.azure.com/openai/deployments/d/chat/completions"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 4


def post(body, headers=None, uri=URL):
    """A request as vcrpy has it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request("POST", uri, raw, {"content-type": "application/json", **(headers or {})})


def answer(body, headers=None):
    """A response as vcrpy has it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {
        "status": {"code": 200, "message": "OK"},
        "headers": {"content-type": ["application/json"], **(headers or {})},
        "body": {"string": raw},
    }


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (data_url(30), r"data:image/png;digest,30x10;\d+;sha256-[0-9a-f]{32}$"),
        (f"see ![x]({data_url(30)}) here", r"^see !\[x\]\(data:image/png;digest,30x10.*\) here$"),
        (json.dumps({"a": data_url()}), r'^\{"a": "data:image/png;digest,20x10;[^"]*"\}$'),
        (f"data:application/pdf;base64,{base64.b64encode(PDF).decode()}",
         r"^data:application/pdf;digest,1033;sha256-[0-9a-f]{32}$"),
        (base64.b64encode(PDF).decode(), r"^base64:application/pdf;digest,1033;sha256-\w{32}$"),
        (json.dumps({"b64_json": encode(900, 900)}), r'"base64:image/png;digest,900x900;[^"]*"\}$'),
        (json.dumps(base64.encodebytes(PDF).decode()), "base64:application/pdf;digest,1033;"),
        (base64.urlsafe_b64encode(b"\xfb\xff" * 600).decode(), "^base64:;digest,1200;sha256-"),
        ("A" * 100_001, r"^base64:;digest,\d+;sha256-\w{32}$"),
    ],
    ids=["url", "in text", "in json", "pdf", "bare pdf", "bare png", "wrapped", "urlsafe", "long"],
)  # fmt: skip
def test_long_base64_becomes_a_digest(text, digest):
    """Data URLs and bare base64 give type, size, bytes and sha256, and a digest stays."""
    once = digest_base64(text)
    assert re.search(digest, once)
    assert "base64," not in once
    assert digest_base64(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "What is the total? " * 100,
        json.dumps({"embedding": "A" * 5000}),
        json.dumps({"id": "resp_" + "0" * 64}),
        "\\n".join(["word"] * 500),
    ],
    ids=["prose", "embedding", "id", "list"],
)
def test_other_text_stays(text):
    """Prose, ids and embeddings, which the client decodes, are not touched."""
    assert digest_base64(text) == text


def test_every_place_of_a_picture_is_digested():
    """Chat, Responses, tool outputs, files and answers hold no base64 afterwards."""
    request = clean_request(post({
        "messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": data_url(), "detail": "low"}}]}],
        "input": [
            {"type": "input_image", "image_url": data_url(40)},
            {"type": "function_call_output", "output": json.dumps({"shot": data_url(50)})},
            {"type": "input_file", "file_data": base64.b64encode(PDF).decode()},
        ],
    }))  # fmt: skip
    response = clean_response(answer({"output": [{"result": encode(900, 900)}]}))
    assert request.body.count(b";digest,") == 4
    assert len(request.body.pictures) == 4
    assert b"base64:image/png;digest,900x900" in response["body"]["string"]
    assert clean_request(request).body == request.body
    assert clean_response(response) == response


def test_a_form_with_a_picture_is_the_same_every_time():
    """The random boundary of a multipart body, and its bytes, become one digest."""
    bodies = []
    for boundary in (b"0f3a", b"9c1d"):
        raw = b"--" + boundary + b"\r\nfile\r\n\x89PNG\xff\xfe\r\n--" + boundary + b"--"
        kind = f"multipart/form-data; boundary={boundary.decode()}"
        bodies.append(clean_request(post(raw, {"content-type": kind})))
    assert bodies[0].body == bodies[1].body
    assert bodies[0].headers == bodies[1].headers
    assert bodies[0].body.startswith(b"data:application/octet-stream;digest,")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
def test_a_body_that_is_a_picture_is_one_digest(kind):
    """Raw bytes become a line with type and size; a black BMP, which is UTF-8 too, as well."""
    data = io.BytesIO()
    PIL.Image.new("RGB", (60, 40)).save(data, kind)
    octets = {"content-type": "application/octet-stream"}
    request = clean_request(post(data.getvalue(), octets))
    mime_type = f"image/{kind.lower()}"
    assert request.body.startswith(f"data:{mime_type};digest,60x40;".encode())
    assert list(request.body.pictures.values()) == [data.getvalue()]
    assert clean_request(request).body == request.body
    kept = clean_response(answer(data.getvalue()))
    assert kept["body"]["string"] == data.getvalue()


def test_keys_of_data_sources_are_taken_out():
    """A request carries keys of other resources under names of Azure's; a short "key" stays."""
    key = "PLANTED0123456789abcdef01234567890"
    body = {
        "dataSources": [{"parameters": {"computerVisionApiKey": "PLANTED", "key": key}}],
        "schema": {"key": "C sharp minor"},
    }
    cleaned = clean_request(post(body)).body
    assert b"PLANTED" not in cleaned
    assert b"C sharp minor" in cleaned


def test_a_port_of_this_machine_does_not_count_in_a_body():
    """A server for tests has another one every time."""
    bodies = [
        clean_request(post({"url": f"http://{host}:{port}/computervision"})).body
        for port in (40123, 50321)
        for host in ("127.0.0.1", "localhost", "[::1]", "example.com")
    ]
    assert bodies[:3] == bodies[4:7]
    assert bodies[3] != bodies[7]


SECRETS = {
    "key": "sk-proj-PLANTEDaaaaaaaaaaaa", "azure": "PLANTED0123456789abcdef01234567",
    "org": "org-PLANTED0123456789", "project": "proj_PLANTED0123456789",
    "cookie": "__cf_bm=PLANTED.cookie.0123456789", "bearer": "PLANTED.bearer-0123456789abc",
    "jwt": "eyJPLANTEDhdr.eyJPLANTEDbody.PLANTEDsig-_0", "sas": "PLANTED%2Fsas%3D",
    "resource": "planted-resource", "basic": "PLANTEDpass", "field": "PLANTEDfield",
}  # fmt: skip


def planted():
    """A request and its answer with a secret of every kind in every place."""
    s = SECRETS
    blob = f"https://planted.blob.core.windows.net/c/x.png?se=PLANTED&sp=r&sig={s['sas']}"
    host = f"https://{s['resource']}.openai.azure.com"
    texts = [
        *s.values(), blob, host, f"Bearer {s['bearer']}", f"Incorrect key: {s['key']}",
        f"https://me:{s['basic']}@example.com", f"?api-key={s['sas']}&token=PLANTED",
    ]  # fmt: skip
    texts = [
        text for text in texts if text not in (s["sas"], s["basic"], s["field"], s["resource"])
    ]
    body = {
        "messages": texts,
        "api_key": s["field"],
        "nested": json.dumps({"password": s["field"]}),
    }
    headers = {
        "authorization": f"Bearer {s['bearer']}", "api-key": s["azure"], "x-secret": "PLANTED",
        "openai-organization": s["org"], "openai-project": s["project"], "cookie": s["cookie"],
    }  # fmt: skip
    request = post(body, headers, f"{host}/v1/chat?api-key={s['sas']}&sig=PLANTED&api-version=1")
    back = {
        "set-cookie": ["__cf_bm=PLANTED"], "openai-organization": [s["org"]],
        "x-id": ["PLANTED"], "location": [blob],
    }  # fmt: skip
    return request, answer(body, back)


def test_a_planted_secret_of_every_kind_reaches_no_file(tmp_path):
    """Headers, addresses and bodies, sent and received, are clean in the file."""
    from langchain_gptv.testing import serializer

    request, response = planted()
    exchange = {"requests": [clean_request(request)], "responses": [clean_response(response)]}
    CassetteFiles().save_cassette(tmp_path / "a.yaml", exchange, serializer)
    text = (tmp_path / "a.yaml").read_text()
    assert "planted" not in text.lower()
    assert "https://RESOURCE.openai.azure.com/v1/chat?" in text
    assert "api-version=1" in text
    assert scrub_text(text) == text


@pytest.mark.parametrize("text", [
    "The bearer of this ticket, on a risk-assessment task-description, pays 12.50 euros.",
    "https://example.com/a.png?width=20&page=3", "organisation proj-x eyJ",
])  # fmt: skip
def test_harmless_text_is_not_scrubbed(text):
    """Words that look a little like secrets stay."""
    assert scrub_text(text) == text


@pytest.mark.parametrize(
    "body",
    ['{"a": [1, 1.5, "Zürich", null, true, "a\\nb", "1e3", "no", ""]}', "data: {}\r\n\r\n",
     '{"a": "\\ud800"}', "tab\tand \x07 bell\n", "  leading\n", "", '{"a": NaN}', "\ufeffx",
     "\u2028\x85", '{"a": {"json": 1}}', "12"],
)  # fmt: skip
def test_bodies_survive_the_yaml(body):
    """What is written is read back: JSON as the same values, other text to the byte."""
    request = {"method": "POST", "uri": "http://x/y", "headers": {"a": ["b"]}, "body": body}
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": body}}
    text = serialize({"version": 1, "interactions": [{"request": request, "response": response}]})
    back = deserialize(text)["interactions"][0]
    for given in (back["request"]["body"], back["response"]["body"]["string"]):
        given = given.decode() if isinstance(given, bytes) else given
        assert given == body or json.loads(given) == json.loads(body)
    assert back["request"]["headers"] == {"a": ["b"]}


def test_a_difference_is_one_line():
    """Pictures first, then what else differs, and no more than a few of many."""
    old = normalize(json.dumps({"n": 1, "messages": [f"a {digest_base64(data_url(30))}"]}).encode())
    new = normalize(json.dumps({"n": 2, "messages": [f"b {digest_base64(data_url(31))}"]}).encode())
    image, number, prompt = find_differences(old, new)
    assert image.startswith("image 1: 30x10 ")
    assert number == "n 1 -> 2"
    assert prompt.startswith("prompt differs at messages[0]: character 0, 'a ")
    many = find_differences({}, {str(i): i for i in range(50)})
    assert many[-1] == "and 46 more"


def test_functions_of_the_user_come_after_ours():
    """A hook that is passed in is called with what is clean already."""
    config = vcr_config(before_record_request=lambda request: request, ignore_hosts=["x"])
    assert config["before_record_request"][0] is clean_request
    assert len(config["before_record_request"]) == 2
    assert config["ignore_hosts"] == ["x"]
