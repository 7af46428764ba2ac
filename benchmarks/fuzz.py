"""Throw changed inputs at every parser of the package, and print how they ended.

Usage: python benchmarks/fuzz.py [--inputs 1000000] [--only NAME] [--seed 1]

Each target runs in a process of its own, with its memory limited. A defect is an error that is
none of this package's, a broken promise (an address inside the network, a file outside the roots,
a fence that is open), more than 2 s of processor time for one input, more memory than the limit,
or a process that dies or stands still. The input of a defect is printed, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.targets import TARGETS, Target, run_one

MAX_CPU_S = 2.0
MAX_BYTES = 3 << 30
"""Of the address space of a process; an image of 179 megapixels takes 1 GB of it."""

STILL_S = 120
"""After which a process without progress is stopped."""

MAX_DEFECTS = 20


def main() -> int:
    """Run the targets; return the exit status."""
    options = _options()
    if options.worker is not None:
        return _work(TARGETS[options.worker], options.inputs, options.seed, options.last)
    print(f"{'target':32}{'inputs':>10}{'a second':>10}{'accepted':>10}{'slowest':>10}{'peak':>9}")
    chosen = [(n, t) for n, t in enumerate(TARGETS) if options.only in t.name]
    parts = sum(target.share for _, target in chosen)
    found = [_run(n, t, round(options.inputs * t.share / parts), options.seed) for n, t in chosen]
    total = sum(each["inputs"] for each in found)
    defects = [defect for each in found for defect in each["defects"]]
    slowest, peak = max(e["slowest_s"] for e in found), max(e["peak_mb"] for e in found)
    print(f"{total:,} inputs, {len(defects)} defects, slowest {slowest:.2f} s, peak {peak:,} MB")
    for defect in defects:
        print(defect)
    return 1 if defects else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--only", default="", help="part of the name of a target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--last", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(number: int, target: Target, inputs: int, seed: int) -> dict:
    """Run one target in a process, watch over it, and print its row."""
    with tempfile.TemporaryDirectory() as folder:
        last = Path(folder) / "last"
        last.touch()
        command = [sys.executable, __file__, "--worker", number, "--inputs", inputs]
        command += ["--seed", seed, "--last", last]
        # Decoders in C say on stderr what they think of each input.
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        with subprocess.Popen(
            [*map(str, command)], env={**os.environ, "TMPDIR": folder}, **pipes
        ) as process:
            while process.poll() is None and time.time() - last.stat().st_mtime < STILL_S:
                time.sleep(0.2)
            process.kill()
            lines = process.stdout.read().splitlines() if process.stdout else []
        found = json.loads(lines[-1]) if process.returncode == 0 else _died(process, last)
    row = f"{target.name:32}{found['inputs']:>10,}{found['rate']:>10,.0f}{found['accepted']:>10,}"
    print(f"{row}{found['slowest_s']:>8.2f} s{found['peak_mb']:>6,} MB", flush=True)
    return {**found, "defects": [f"{target.name}: {defect}" for defect in found["defects"]]}


def _died(process: subprocess.Popen, last: Path) -> dict:
    defect = f"ended with {process.returncode} on {last.read_bytes()!r}"
    found = {"inputs": 0, "rate": 0, "accepted": 0, "slowest_s": 0, "peak_mb": 0}
    return {**found, "defects": [defect]}


def _work(target: Target, inputs: int, seed: int, last: Path) -> int:
    """Run one target here; the last line printed is what was found."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    signal.signal(signal.SIGPROF, _too_slow)
    dice, seeds = random.Random(f"{target.name} {seed}"), target.seeds()
    ends: collections.Counter[str] = collections.Counter()
    defects: list[str] = []
    slowest, start = 0.0, time.perf_counter()
    for number in range(inputs):
        data = target.change(dice.choice(seeds), dice, seeds)
        # Writing takes time too: of quick targets only some inputs are kept for a death.
        if number % 16 == 0 or number < 1000 * (time.perf_counter() - start) + 1000:
            last.write_bytes(data)
        began = time.process_time()
        ends[_outcome(target, data, defects)] += 1
        slowest = max(slowest, time.process_time() - began)
        if len(defects) >= MAX_DEFECTS:
            break
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found = {"inputs": sum(ends.values()), "rate": sum(ends.values()) / took}
    found |= {"accepted": ends["accepted"], "slowest_s": slowest, "peak_mb": peak}
    print(json.dumps({**found, "defects": defects}), flush=True)
    os._exit(0)


def _outcome(target: Target, data: bytes, defects: list[str]) -> str:
    signal.setitimer(signal.ITIMER_PROF, MAX_CPU_S)
    try:
        return run_one(target, data)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}:{where.lineno}"
        defects.append(f"{type(error).__name__}: {str(error)[:300]} at {place} on {data[:1000]!r}")
        return "defect"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _too_slow(number: int, frame: object) -> None:
    raise TimeoutError(f"over {MAX_CPU_S:g} s of processor time")


if __name__ == "__main__":
    sys.exit(main())
