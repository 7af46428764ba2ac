"""Prepare every file of a folder of odd images: each must come out, or be refused by name.

Usage: python benchmarks/odd_files.py FOLDER

A folder worth trying is Tests/images of Pillow's source distribution. Printed are how many files
ended in which way; a file that ends in anything but an image or one of our errors, takes over two
seconds, or comes out in another size than was said, is listed and makes the exit status 1.
"""

import collections
import io
import sys
import time
import warnings
from pathlib import Path

import PIL.Image

from langchain_gptv.exceptions import GPTVError
from langchain_gptv.vision.prepare import prepare_to_size


def outcome(path: Path) -> str:
    """Prepare one file and say how it ended."""
    start = time.perf_counter()
    try:
        prepared = prepare_to_size(path, (512, 512), resize="always")
        with PIL.Image.open(io.BytesIO(prepared.data)) as picture:
            picture.load()
            if picture.size != (prepared.width, prepared.height):
                return f"DEFECT: {picture.size} is not what was said"
    except GPTVError as error:
        return type(error).__name__
    except Exception as error:
        return f"DEFECT: {error!r}"
    took = time.perf_counter() - start
    return f"prepared as {prepared.mime_type}" if took < 2 else f"DEFECT: took {took:.1f} s"


def main(folder: str) -> int:
    """Print the counts; return the exit status."""
    warnings.simplefilter("ignore")
    files = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    ends = {path: outcome(path) for path in files}
    for end, count in collections.Counter(ends.values()).most_common():
        print(f"{count:6} {end}")
    defects = [f"{path}: {end}" for path, end in ends.items() if end.startswith("DEFECT")]
    print("\n".join(defects) or f"{len(files)} files, no defect")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
