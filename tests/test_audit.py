"""`scripts/audit.py` against a service for known weaknesses, over HTTP on loopback."""

import contextlib
import http.server
import json
import subprocess
import sys
import threading

import pytest
from conftest import ROOT

pytest.importorskip("pip_audit", reason="pip-audit is not installed")

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

NOT_REACHED = "audit: no service for known weaknesses was reached, skipped\n"
WEAKNESS = {
    "id": "GHSA-0000-test",
    "summary": "Pictures come out upside down.",
    "modified": "2026-01-01T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "affected": [{"package": {"name": "pillow", "ecosystem": "PyPI"}, "versions": []}],
}


class _Osv(http.server.BaseHTTPRequestHandler):
    """OSV's API: a query for each version, and what is known of it."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        is_weak = asked["package"]["name"] == self.server.weak
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(json.dumps({"vulns": [WEAKNESS]} if is_weak else {}).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""


@contextlib.contextmanager
def osv(weak: str = "", status: int = 200):
    """Run the service; it knows of a weakness in one library."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Osv)
    server.weak, server.status, server.asked = weak, status, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def audited(monkeypatch):
    """Run the script where only the service at a port can be reached."""

    def run(port: int) -> tuple[int, str]:
        # Where nothing listens there is no PyPI; loopback is reached without a proxy.
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{port}/v1/query")
        command = [sys.executable, ROOT / "scripts" / "audit.py"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout

    return run


def test_every_pin_is_asked_about(audited):
    """With nothing known of any version, all is well, and the number says what "all" is."""
    with osv() as server:
        status, said = audited(server.server_port)
    pins = {each["package"]["name"] for each in server.asked}
    assert status == 0
    assert said == f"audit: {len(pins)} of {len(pins)} versions audited by osv, 0 weak\n"
    assert {"pillow", "openai", "langchain-core"} <= pins


def test_a_known_weakness_fails(audited):
    """It is named with its version."""
    with osv("pillow") as server:
        status, said = audited(server.server_port)
    (version,) = {a["version"] for a in server.asked if a["package"]["name"] == "pillow"}
    assert status == 1
    assert said.splitlines()[0] == f"pillow {version}: GHSA-0000-test"
    assert said.splitlines()[1].endswith(", 1 weak")


def test_nobody_to_ask_is_said_and_fails_nothing(audited):
    """One line, so that nobody takes the silence for an audit."""
    with osv() as gone:
        port = gone.server_port
    assert audited(port) == (0, NOT_REACHED)


def test_a_service_out_of_order_is_as_good_as_none(audited):
    """What answers with an error has audited nothing."""
    with osv(status=503) as server:
        assert audited(server.server_port) == (0, NOT_REACHED)
