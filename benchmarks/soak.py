"""Ask `gptv serve` from 200 callers for ten minutes, and print what came of it.

    python benchmarks/soak.py [--minutes 10] [--callers 200]

As `load.py`, only longer: what leaks a little shows in the memory and in the open files.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Iterator

from load import run


def until(deadline: float) -> Iterator[int]:
    """Count until a moment of `time.monotonic()`."""
    for number in itertools.count():
        if time.monotonic() >= deadline:
            return
        yield number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--callers", type=int, default=200)
    options = parser.parse_args()
    numbers = until(time.monotonic() + 60 * options.minutes)
    sys.exit(not run(numbers, options.callers, every_s=max(1, options.minutes)))


if __name__ == "__main__":
    main()
