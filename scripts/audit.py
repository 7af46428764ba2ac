"""Ask whether a pinned version has a known weakness; fails for one, not for a missing network.

    python scripts/audit.py          needs pip-audit

It says how many versions could be asked about, so that an audit of nothing does not look like one
of all.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements-lock.txt"
COMMAND = ("-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off")


def main() -> int:
    """Audit the lock file; the exit status is 1 for a known weakness."""
    command = [sys.executable, *COMMAND, "--format", "json", "--requirement", str(LOCK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        asked = json.loads(done.stdout)["dependencies"]
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        sys.stderr.write(f"audit: nothing was audited: {last[:200]}\n")
        return 0
    weak = [each for each in asked if each.get("vulns")]
    skipped = sum("skip_reason" in each for each in asked)
    for each in weak:
        found = ", ".join(fault["id"] for fault in each["vulns"])
        sys.stdout.write(f"{each['name']} {each['version']}: {found}\n")
    sys.stdout.write(
        f"audit: {len(asked) - skipped} of {len(asked)} versions audited, {len(weak)} weak\n"
    )
    return bool(weak)


if __name__ == "__main__":
    sys.exit(main())
