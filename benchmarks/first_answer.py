"""What the first minute costs: import, a warm second question, the memory of `gptv ask`.

    python benchmarks/first_answer.py

Every figure is a ratio of two things measured in turn in this run (medians), but for the memory,
which is the peak resident size of the whole process as the operating system counts it.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

IMAGES = Path(__file__).parents[1] / "examples" / "images"
PAGE = IMAGES / "invoice.png"


def cpu_seconds(code: str) -> float:
    """Return the CPU seconds of a fresh interpreter that runs `code`."""
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = os.times()
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )


def import_ratio(statement: str, peer: str, rounds: int = 7) -> float:
    """Return the median cost of an import as a share of the peer's, above a bare interpreter."""
    ratios = []
    for _ in range(rounds):
        bare, ours, theirs = (cpu_seconds(code) for code in ("pass", statement, peer))
        ratios.append(max(ours - bare, 0) / (theirs - bare))
    return statistics.median(ratios)


def warm_ratio(pictures: list[Path]) -> float:
    """Return the median of second-question over first-question time, picture by picture."""
    from langchain_gptv import ChatGPTV, human_message

    model = ChatGPTV(model="gptv-local")
    model.invoke([human_message("Describe it.", IMAGES / "receipt.png")])
    ratios = []
    for picture in pictures:
        message = human_message("Describe it.", picture)
        times = []
        for _ in range(4):
            start = time.perf_counter()
            model.invoke([message])
            times.append(time.perf_counter() - start)
        ratios.append(statistics.median(times[1:]) / times[0])
    return statistics.median(ratios)


def peak_megabytes(*command: str) -> float:
    """Return the peak resident memory of a command, in MB."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}")
    return usage.ru_maxrss / 1024


def main() -> None:
    """Print each figure beside its goal."""
    gptv = str(Path(sys.executable).with_name("gptv"))
    # First, while this process is small: a child's peak starts at its parent's size.
    peak = peak_megabytes(gptv, "ask", str(PAGE), "What is the total?")
    pictures = [path for path in sorted(IMAGES.glob("*.*g")) if path.name != "receipt.png"]
    peer = "import langchain_openai"
    tokens = "import langchain_gptv.vision.tokens"
    rows = [
        (f"import langchain_gptv / {peer}", 0.05, import_ratio("import langchain_gptv", peer)),
        (f"{tokens} / {peer}", None, import_ratio(tokens, peer)),
        ("second question / first, same picture", 0.05, warm_ratio(pictures)),
        ("gptv ask on an A4 page, peak MB", 900, peak),
    ]
    print(f"{'figure':62} {'goal':>8} {'measured':>9}")
    for name, goal, value in rows:
        print(f"{name:62} {f'<= {goal}' if goal else '':>8} {value:9.3g}")


if __name__ == "__main__":
    main()
