"""The scripts in examples/ do what they say."""

import importlib.util
import json

import pytest
from conftest import EXAMPLE_IMAGES, ROOT

from langchain_gptv import Box, Image
from langchain_gptv.local.layout import order_for_reading

EXAMPLES = ROOT / "examples"


def run(name: str, *args, **constants):
    """Import examples/NAME.py, change some of its constants (in capitals), and call its `main`."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    settings = {key: constants.pop(key) for key in [*constants] if key.islower()}
    vars(module).update(constants)
    return module.main(*args, **settings)


@pytest.mark.usefixtures("engine")
def test_ask_a_picture(truth, capsys):
    """It prints the total and where it stands."""
    assert truth["receipt.png"]["total"]["text"] in run("ask_a_picture")
    assert "score" in capsys.readouterr().out


@pytest.mark.usefixtures("engine")
def test_extract_receipt():
    """The typed receipt has the printed values, and its items add up to a printed amount."""
    receipt = run("extract_receipt")
    assert len(receipt.items) >= 5
    assert receipt.total == pytest.approx(sum(item.price for item in receipt.items), rel=0.3)


@pytest.mark.usefixtures("detector")
def test_draw_evidence(tmp_path):
    """The street has people and vehicles, and their boxes are drawn."""
    assert run("draw_evidence", tmp_path / "out.png") >= 3
    assert Image.of(tmp_path / "out.png").mime_type == "image/png"


@pytest.mark.usefixtures("engine")
def test_azure_deployment(truth):
    """The due date of the invoice comes over Azure's wire."""
    assert truth["invoice.png"]["due_date"]["text"] in run("azure_deployment")


@pytest.mark.vcr
def test_stream_from_server(service, truth):
    """A stock client gets the text as it arrives: of the chart, since a page records long."""
    text = run("stream_from_server", base_of(service), PAGE=EXAMPLE_IMAGES / "chart.png")
    assert truth["chart.png"]["title"]["text"] in text


@pytest.mark.vcr
@pytest.mark.usefixtures("engine")
def test_agent_inspects_receipt(service, truth):
    """The agent extracts the printed total with a tool, and its sums hold."""
    pytest.importorskip("langchain", reason="the extra 'agents' is not installed")
    found = run("agent_inspects_receipt", EXAMPLE_IMAGES / "receipt.png", base_of(service))
    assert found == {"total": float(truth["receipt.png"]["total"]["text"]), "sums_hold": True}


@pytest.mark.vcr
@pytest.mark.usefixtures("engine")
def test_agent_zooms(service, truth, capsys):
    """The agent is shown the part it asked for, and reads the answer in it."""
    pytest.importorskip("langchain", reason="the extra 'agents' is not installed")
    pytest.importorskip("PIL", minversion="13", reason="an older Pillow scales a little otherwise")
    answer = run("agent_zooms", base_url=base_of(service))
    assert "zoom_image: " in capsys.readouterr().out
    assert truth["invoice.png"]["total"]["text"] in answer


@pytest.mark.vcr
@pytest.mark.usefixtures("detector")
def test_ground_objects(service, tmp_path, truth):
    """Each drawn box lies on the true place of its thing, and each thing has one."""
    spans = run("ground_objects", tmp_path / "out.png", base_of(service))
    boxes = [span.box(1024, 576) for span in spans]
    things = [Box(*fact["box"]) for fact in truth["street.jpg"]["objects"]]
    assert [max(box.iou(true) for true in things) > 0.5 for box in boxes] == [True] * 4
    assert [max(box.iou(true) for box in boxes) > 0.5 for true in things] == [True] * 4
    assert Image.of(tmp_path / "out.png").width == 1024


def base_of(service) -> str:
    """Return the address of the embedded engine, which calls tools by its own rule."""
    if service.address is None or not service.is_engine:
        pytest.skip("the script asks a server of the embedded engine")
    return f"{service.address}/v1"


def test_every_image_is_accounted_for():
    """Each picture has a row in the table of sources and licences."""
    table = (EXAMPLE_IMAGES / "README.md").read_text()
    pictures = [path.name for path in EXAMPLE_IMAGES.iterdir() if path.suffix in {".png", ".jpg"}]
    assert len(pictures) >= 5
    assert [name for name in pictures if name not in table] == []


def _facts(truth: dict):
    for name, facts in truth.items():
        for field, fact in facts.items():
            if isinstance(fact, dict) and "text" in fact and "box" in fact:
                yield name, field, fact


@pytest.mark.usefixtures("engine")
def test_the_engine_reads_every_printed_fact(engine, truth):
    """Each fact that a picture shows is read where the renderer put it."""
    missed = []
    for name, field, fact in _facts(truth):
        lines = engine.observe(Image.of(EXAMPLE_IMAGES / name)).lines
        wanted = fact["text"].replace(" ", "")
        near = [line for line in lines if line.box.intersection(Box(*fact["box"])).area > 0]
        text = "".join(line.text for line in order_for_reading(near)).replace(" ", "")
        if wanted not in text:
            missed.append((name, field, fact["text"], text))
    assert missed == [], json.dumps(missed, indent=1)
