"""Ask whether a pinned version has a known weakness; fails for one, not for a missing network.

    python scripts/audit.py          needs pip-audit

PyPI is asked, and where it does not answer OSV, or what `PIP_AUDIT_OSV_URL` names in its place. One
line says how many versions were asked about, so that an audit of nothing does not look like one of
all.
"""

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements-lock.txt"
SERVICES = ("pypi", "osv")
COMMAND = ("-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off")
FIRST_S = 10
"""For the first version at each service: where there is no network, that is all of it."""
ALL_S = 300


def main() -> int:
    """Audit the lock file; the exit status is 1 for a known weakness, 2 without pip-audit."""
    if importlib.util.find_spec("pip_audit") is None:
        sys.stderr.write("audit: pip-audit is not installed: pip install pip-audit\n")
        return 2
    for service in SERVICES:
        if not any(map(was_asked, first(service))):
            continue
        asked = audit(LOCK, service, ALL_S)
        if asked:
            return report(asked, service)
    sys.stdout.write("audit: no service for known weaknesses was reached, skipped\n")
    return 0


def first(service: str) -> list[dict]:
    """Ask a service about one version, to see whether it is there."""
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder, "one.txt")
        one.write_text(re.search(r"^\S+==\S+", LOCK.read_text(), re.MULTILINE)[0])
        return audit(one, service, FIRST_S)


def audit(requirements: Path, service: str, limit_s: float) -> list[dict]:
    """Return what pip-audit says of each version, or nothing where it does not come to an end."""
    options = ("--vulnerability-service", service, "--timeout", str(FIRST_S), "--format", "json")
    command = [sys.executable, *COMMAND, *options, "--requirement", str(requirements)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit_s)
        return json.loads(done.stdout)["dependencies"]
    except (ValueError, subprocess.TimeoutExpired):
        return []


def was_asked(each: dict) -> bool:
    """Tell whether a service knew a version; PyPI is not asked about one that it does not have."""
    return "skip_reason" not in each


def report(asked: list[dict], service: str) -> int:
    """Print what was found; return the exit status."""
    weak = [each for each in asked if each.get("vulns")]
    for each in weak:
        found = ", ".join(fault["id"] for fault in each["vulns"])
        sys.stdout.write(f"{each['name']} {each['version']}: {found}\n")
    known = sum(map(was_asked, asked))
    sys.stdout.write(
        f"audit: {known} of {len(asked)} versions audited by {service}, {len(weak)} weak\n"
    )
    return bool(weak)


if __name__ == "__main__":
    sys.exit(main())
