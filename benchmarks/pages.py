"""Pages of a PDF: rendering beside PyMuPDF and pdf2image, flat memory, and a second run.

    python benchmarks/pages.py [FILE.pdf ...]

Without a file one is written. `pip install pymupdf pdf2image` and poppler bring the peers; those
that are not installed are left out. All of them give RGB pictures at the same dots per inch.
"""

import contextlib
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import PIL.Image
from timing import seconds, speedups

from langchain_gptv import ImageStore
from langchain_gptv.rag import PDFPageLoader
from langchain_gptv.vision.pdf import open_pdf

DPI = 150
PAGES = 8
LONG = 200


def ours(path: Path, count: int) -> None:
    with open_pdf(path) as file:
        for index in range(min(count, file.page_count)):
            with file.page(index) as page:
                page.render(DPI)


def peers(path: Path, count: int) -> dict[str, Callable[[], object]]:
    found: dict[str, Callable[[], object]] = {}
    with contextlib.suppress(ImportError):
        import pymupdf

        def by_pymupdf() -> None:
            with pymupdf.open(path) as document:
                for index in range(min(count, len(document))):
                    pixels = document[index].get_pixmap(dpi=DPI)
                    PIL.Image.frombytes("RGB", (pixels.width, pixels.height), pixels.samples)

        found["PyMuPDF"] = by_pymupdf
    with contextlib.suppress(ImportError):
        import pdf2image

        found["pdf2image"] = lambda: pdf2image.convert_from_path(path, dpi=DPI, last_page=count)
    return found


def write_pages(path: Path, count: int) -> Path:
    """Write a PDF of text pages with a chart, no two of them alike."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"",
        b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>",
    ]
    kids = []
    for page in range(count):
        content = _content(page)
        parts.append(b"<</Length %d>>stream\n%b\nendstream" % (len(content), content))
        parts.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
            b"/Resources<</Font<</F1 3 0 R>>>>>>" % len(parts)
        )
        kids.append(b"%d 0 R" % len(parts))
    parts[1] = b"<</Type/Pages/Count %d/Kids[%b]>>" % (count, b" ".join(kids))
    path.write_bytes(_file(parts))
    return path


def _content(page: int) -> bytes:
    lines = (
        f"BT /F1 10 Tf 60 {780 - 13 * n} Td (Line {n} of page {page + 1}: the committee met and"
        f" reviewed site {n * page % 97} of the company in every detail) Tj ET"
        for n in range(38)
    )
    bars = (f"{100 + 24 * n} 80 16 {20 + (n * 37 + page * 11) % 150} re f" for n in range(16))
    return "\n".join([*lines, "80 260 m 80 80 l 500 80 l S 0.2 0.4 0.8 rg", *bars]).encode()


def _file(parts: list[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, part)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(parts) + 1, start)
    return bytes(out)


def peak_mb() -> float:
    """Return the most memory that this process has had, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def compare_rendering(path: Path) -> None:
    for name, ratio in speedups(lambda: ours(path, PAGES), peers(path, PAGES)).items():
        # speedups() says how much faster the other is.
        print(f"{path.name}: rendering at {DPI} dpi, ours takes {ratio:.2f} of the time of {name}")


def long_file(folder: Path) -> None:
    path = write_pages(folder / "long.pdf", LONG)
    store, cache = ImageStore.on_disk(folder / "store"), folder / "cache.db"

    def load() -> list[float]:
        loader = PDFPageLoader(path, text="embedded", store=store, cache=cache)
        marks = []
        for done, _ in enumerate(loader.lazy_load(), 1):
            if done in (LONG // 5, 2 * LONG - 10):
                marks.append(peak_mb())
        return marks

    marks: list[float] = []
    first = seconds(lambda: marks.extend(load()))
    second = seconds(load)
    print(f"{LONG} pages with a figure each: {LONG / first:.1f} pages/s (this machine, now)")
    print(f"memory after {LONG // 10} and after all pages: {marks[0]:.0f} MB, {marks[-1]:.0f} MB")
    print(f"a second run takes 1/{first / second:.0f} of the first")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [Path(arg) for arg in sys.argv[1:]] or [write_pages(folder / "pages.pdf", PAGES)]
        for path in files:
            compare_rendering(path)
        long_file(folder)


if __name__ == "__main__":
    main()
