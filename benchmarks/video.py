"""How fast 20 frames of a long video are, how small and how true, beside five other ways.

    python benchmarks/video.py [--rounds 1] [--quick] [--folder /tmp/gptv-video]

Every speed is a ratio of things measured in turn in this run. Sequential decoding is PyAV with
frame threads, which scales only the frames that are wanted; it takes a minute or more per round.
The clips are made once and take 3 GB: 1080p H.264 with B-frames, a keyframe every 4 seconds, and in
each frame its number as squares. OpenCV, decord, torchcodec and the program ffmpeg are measured
where they are installed.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import av
from timing import seconds
from video_clips import FPS, make_long_clip, make_short_clip, make_uneven_clip, read_code

from langchain_gptv.vision.video.sampling import sample_frames

COUNT, SIDE = 20, 512

_PEAK = """
from pathlib import Path
from langchain_gptv.vision.video.sampling import sample_frames
list(sample_frames({small!r}, 2))
Path("/proc/self/clear_refs").write_text("5")
def kilobytes(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1])
before = kilobytes("VmRSS")
frames = list(sample_frames({path!r}, {count}, exact={exact}))
print((kilobytes("VmHWM") - before) / 1024)
"""


def length_of(path: Path) -> float:
    with av.open(str(path)) as container:
        return container.duration / 1_000_000


def times_of(path: Path, count: int = COUNT) -> list[float]:
    length = length_of(path)
    return [(place + 0.5) * length / count for place in range(count)]


def sequential(path: Path) -> list[object]:
    """Decode everything, and scale the frame that is nearest to each moment."""
    found, wanted = [], iter(times_of(path))
    target = next(wanted)
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            if frame.time >= target:
                size = {"width": SIDE, "height": SIDE * frame.height // frame.width}
                found.append(frame.reformat(**size, format="rgb24").to_image())
                target = next(wanted, 1e9)
    return found


def by_opencv(path: Path) -> list[object]:
    import cv2

    found, video = [], cv2.VideoCapture(str(path))
    for time in times_of(path):
        video.set(cv2.CAP_PROP_POS_FRAMES, round(time * FPS))
        _, picture = video.read()
        found.append(cv2.resize(picture, (SIDE, SIDE * 9 // 16), interpolation=cv2.INTER_AREA))
    video.release()
    return found


def by_decord(path: Path) -> list[object]:
    import decord

    reader = decord.VideoReader(str(path), width=SIDE, height=SIDE * 9 // 16)
    return list(reader.get_batch([round(time * FPS) for time in times_of(path)]).asnumpy())


def by_torchcodec(path: Path) -> list[object]:
    from torchcodec.decoders import VideoDecoder

    return list(VideoDecoder(str(path)).get_frames_played_at(times_of(path)).data)


def by_ffmpeg(path: Path) -> list[object]:
    found = []
    for time in times_of(path):
        call = ["ffmpeg", "-v", "error", "-ss", f"{time}", "-i", str(path), "-frames:v", "1"]
        call += ["-vf", f"scale={SIDE}:-1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        found.append(subprocess.run(call, capture_output=True, check=True).stdout)
    return found


PEERS = {"cv2": by_opencv, "decord": by_decord, "torchcodec": by_torchcodec, "ffmpeg": by_ffmpeg}


def peers() -> dict[str, Callable[[Path], list[object]]]:
    found = {name for name in PEERS if find_spec(name) or shutil.which(name)}
    return {name: call for name, call in PEERS.items() if name in found}


class Report:
    """Prints each figure beside its goal, and counts the goals that were missed."""

    missed = 0

    def line(self, what: str, value: float, goal: float | None = None, *, at_most: bool) -> None:
        """Report a figure, with a goal where there is one."""
        met = goal is None or (value <= goal if at_most else value >= goal)
        self.missed += not met
        sign = "<=" if at_most else ">="
        shown = "" if goal is None else f"goal {sign} {goal:g}" + ("" if met else "   MISSED")
        print(f"{what:<58} {value:>8.3g}   {shown}", flush=True)


def ours(path: Path, count: int = COUNT, *, exact: bool = False) -> Callable[[], object]:
    return lambda: list(sample_frames(path, count, exact=exact))


def speed_on_long(path: Path, base: Path, rounds: int, report: Report) -> None:
    """Compare with sequential decoding of `base`, scaled up to the length of `path`."""
    scale = length_of(path) / length_of(base)
    times: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        times.setdefault("sequential", []).append(measured(lambda: sequential(base), scale))
        for _ in range(3):
            times.setdefault("near", []).append(measured(ours(path)))
            times.setdefault("exact", []).append(measured(ours(path, exact=True)))
            for name, call in peers().items():
                times.setdefault(name, []).append(measured(lambda call=call: call(path)))
    for place, clock in enumerate(("wall", "CPU")):
        middle = {name: statistics.median(pair[place] for pair in times[name]) for name in times}
        for name, goal in (("near", 60), ("exact", 12)):
            ratio = middle["sequential"] / middle[name]
            report.line(f"30 min, {name}, {clock}: times faster", ratio, goal, at_most=False)
        for name in peers():
            ratio = middle[name] / middle["exact"]
            what = f"30 min, exact, {clock}, beside {name}: times faster"
            report.line(what, ratio, 0.9, at_most=False)


def measured(call: Callable[[], object], scale: float = 1) -> tuple[float, float]:
    """Return wall and CPU seconds, those of child processes included."""
    before = sum(os.times()[:4])
    wall = seconds(call)
    return wall * scale, (sum(os.times()[:4]) - before) * scale


def speed_on_short(path: Path, report: Report) -> None:
    pairs = [
        (seconds(lambda: sequential(path)), seconds(ours(path)), seconds(ours(path, exact=True)))
        for _ in range(5)
    ]
    near = statistics.median(base / mine for base, mine, _ in pairs)
    exact = statistics.median(base / mine for base, _, mine in pairs)
    report.line("10 s, near: times faster than sequential", near, 0.95, at_most=False)
    report.line("10 s, exact: times faster than sequential", exact, 0.95, at_most=False)


def growth(long: Path, short: Path, report: Report) -> None:
    pairs = [(seconds(ours(long)), seconds(ours(short)), seconds(ours(long, 80))) for _ in range(5)]
    length = statistics.median(base / other for base, other, _ in pairs)
    frames = statistics.median(more / base for base, _, more in pairs)
    report.line("20 frames of 30 min beside 20 of 5 min: times slower", length, 1.5, at_most=True)
    report.line("80 frames beside 20: times slower", frames, 6, at_most=True)


def truth(long: Path, uneven: Path, report: Report) -> None:
    wrong = sum(
        read_code(frame.image.to_pil()) != frame.frame_index % (30 * FPS)
        for exact in (False, True)
        for frame in sample_frames(long, exact=exact)
    )
    report.line("frames whose picture is not that of their index", wrong, 0, at_most=True)
    spacing = 30 * 60 / COUNT
    off = [
        abs(frame.timestamp_s - time)
        for frame, time in zip(sample_frames(long), times_of(long), strict=True)
    ]
    report.line(
        "30 min, near: furthest from its moment / spacing", max(off) / spacing, 0.1, at_most=True
    )
    report.line("uneven rate: error / gap, worst", uneven_error(uneven), 1, at_most=True)


def uneven_error(path: Path) -> float:
    """Return how far the pictures' own numbers are from the moments, in gaps between frames."""
    half = 5
    shown = [i / FPS for i in range(half * FPS)] + [half + i / 5 for i in range(half * 5)]
    frames = list(sample_frames(path, exact=True))
    errors = []
    for frame, time in zip(frames, times_of(path), strict=True):
        at = shown[read_code(frame.image.to_pil())]
        errors.append(abs(at - time) / (1 / FPS if time < half else 1 / 5))
    return max(errors)


def peak(long: Path, short: Path, *, exact: bool) -> float:
    code = _PEAK.format(path=str(long), small=str(short), exact=exact, count=COUNT)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def everything_else(long: Path, medium: Path, short: Path, uneven: Path, report: Report) -> None:
    truth(long, uneven, report)
    growth(long, medium, report)
    speed_on_short(short, report)
    if Path("/proc/self/clear_refs").exists():
        for exact in (False, True):
            kind = "exact" if exact else "near"
            megabytes = peak(long, short, exact=exact)
            report.line(f"30 min, {kind}: peak above the start, MB", megabytes, 120, at_most=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="decode 5 minutes, not 30")
    parser.add_argument("--only", choices=["long", "rest"], help="speed on the long clip, or not")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "gptv-video")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    long, medium = make_long_clip(asked.folder), make_long_clip(asked.folder, minutes=5)
    short, uneven = make_short_clip(asked.folder), make_uneven_clip(asked.folder)
    print("not installed, and left out:", ", ".join(PEERS.keys() - peers()) or "no peer")
    report = Report()
    if asked.only != "long":
        everything_else(long, medium, short, uneven, report)
    if asked.only != "rest":
        speed_on_long(long, medium if asked.quick else long, asked.rounds, report)
    print(f"{report.missed} goals missed")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
