"""docs/cassettes.md, followed to the letter in an empty project."""

import os
import re
import subprocess
import sys

import PIL.Image
import pytest
from conftest import EXAMPLE_IMAGES, ROOT
from wire_support import build_app, running

pytest.importorskip("pytest_recording", reason="the extra 'test' is not installed")

from langchain_gptv.local.wire import LocalService

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])


@pytest.fixture
def project(tmp_path):
    """The files that the page shows, and the receipt it names."""
    page = (ROOT / "docs" / "cassettes.md").read_text()
    conftest, test = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[:2]
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_receipt.py").write_text(test)
    with PIL.Image.open(EXAMPLE_IMAGES / "receipt.png") as receipt:
        receipt.save(tmp_path / "receipt.png")
    return tmp_path


def run(project, *arguments, base="http://127.0.0.1:1"):
    """Run pytest in the project and return its exit status and what it printed."""
    environment = {
        **os.environ,
        "OPENAI_BASE_URL": f"{base}/v1",
        "PYTHONPATH": str(ROOT),
        # Only what the page needs, and our plugin once, installed or not.
        "PYTEST_ADDOPTS": "",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": "pytest_recording.plugin,langchain_gptv.testing.plugin",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=project, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_a_fresh_project_records_replays_and_sees_one_pixel(project, engine):
    """Recorded from the engine, replayed with it stopped, and failed when a pixel changes."""
    with running(build_app(LocalService(engine))) as base:
        status, out = run(project, "test_receipt.py::test_total", "--record-mode=once", base=base)
    assert status == 0, out
    text = (project / "cassettes" / "test_receipt" / "test_total.yaml").read_text()
    assert "recorded_with:\n- gptv serve" in text
    assert run(project, "--block-network")[0] == 0
    with PIL.Image.open(project / "receipt.png") as receipt:
        changed = receipt.convert("RGB")
    changed.putpixel((0, 0), (1, 2, 3))
    changed.save(project / "receipt.png")
    status, out = run(project, "--block-network")
    assert status == 1
    line = r"Differs from \S+test_total\.yaml: body: image 1: (\d+x\d+) \w{8}\.\.\. recorded, \1 "
    assert re.search(line + r"\w{8}\.\.\. sent\n", out), out
