"""Hostile picture files: bombs in pixels, scans, frames, chunks and metadata, and foreign types."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from fuzz.bombs import BOMBS, LIMIT_BYTES

MAX_SECONDS = 4.0
"""Of processor time for all that is done with one file: four things, each within two seconds."""


@pytest.fixture(scope="module")
def ends():
    """How each bomb ended, in one process whose memory is limited."""
    run = subprocess.run(
        [sys.executable, "-m", "fuzz.bombs"],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": f"{Path(__file__).parent}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    found, peak = map(json.loads, run.stdout.splitlines())
    return {**found, **peak}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_do_no_harm(ends, name):
    """Each is refused by the right error, or handled, in bounded time; nothing else is raised."""
    end, refused = ends[name], BOMBS[name].refused
    assert not [each for each in end["ends"] if each.startswith("DEFECT")]
    assert end["seconds"] < MAX_SECONDS
    assert (refused in end["ends"]) if refused else True
    if name.startswith(("foreign", "pixels")) and refused:
        assert set(end["ends"]) == {refused}


def test_memory_stays_within_its_limit(ends):
    """The largest picture that is decoded, with all that is held beside it."""
    assert ends["peak_mb"] < LIMIT_BYTES >> 20


def test_every_decoder_is_told_its_format():
    """`PIL.Image.open` without `formats` would give hostile bytes to any of forty decoders."""
    calls = [
        (path.name, call)
        for path in sorted((ROOT / "langchain_gptv").rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("Image.open")
    ]
    assert calls
    unbound = [name for name, call in calls if not any(k.arg == "formats" for k in call.keywords)]
    assert unbound == []


def test_the_fast_reader_reads_only_what_the_header_says(monkeypatch):
    """Whatever libvips would take a file for, a picture it read as another type is not used."""
    pyvips = pytest.importorskip("pyvips")
    from pictures import corners, encoded

    from langchain_gptv import Image
    from langchain_gptv.vision import vips

    image = Image(encoded(corners(), "PNG"))
    assert vips.scaled(image, image.header, (30, 20)) is not None
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"/>'
    monkeypatch.setattr(
        vips, "_thumbnail", lambda *_: pyvips.Image.thumbnail_buffer(drawing, 30, size="force")
    )
    try:
        vips._thumbnail()
    except pyvips.Error:
        monkeypatch.setattr(vips, "_thumbnail", lambda *_: _read_as(pyvips, "svgload_buffer"))
    assert vips.scaled(image, image.header, (30, 20)) is None


def _read_as(pyvips, loader):
    picture = pyvips.Image.black(30, 20, bands=3).copy()
    picture.set_type(pyvips.GValue.gstr_type, "vips-loader", loader)
    return picture
