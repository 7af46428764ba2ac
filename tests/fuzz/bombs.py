"""Pictures that are small as files and endless, huge or foreign inside, run under a limit.

`python -m fuzz.bombs` in the folder of the tests prints how each ended, as JSON. It is a process of
its own so that its memory can be limited.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
import time
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import PIL.Image
from pictures import chunk, encoded, text_page

from langchain_gptv import Image
from langchain_gptv.exceptions import GPTVError
from langchain_gptv.vision import jpeg
from langchain_gptv.vision.prepare import prepare_to_size
from langchain_gptv.vision.text_height import measure_text_height

LIMIT_BYTES = 3 << 30
"""Of the address space: Python, the libraries, and the largest picture that is decoded."""


@dataclass(frozen=True)
class Bomb:
    """One file.

    Attributes:
        make: Makes its bytes.
        refused: The class of the error; empty where the picture is harmless when handled well.
    """

    make: Callable[[], bytes]
    refused: str = ""


def run(data: bytes) -> dict[str, object]:
    """Do everything that is done with a picture, and say how it ended and how long it took."""
    ends: list[str] = []
    start = time.process_time()
    for use in (_count, _show, _measure, _prepare):
        try:
            use(data)
            ends.append("")
        except GPTVError as error:
            ends.append(type(error).__name__)
        except Exception as error:
            ends.append(f"DEFECT {error!r}")
    return {"ends": ends, "seconds": time.process_time() - start}


def _count(data: bytes) -> None:
    _ = Image(data).frame_count


def _show(data: bytes) -> None:
    Image(data).to_pil()


def _measure(data: bytes) -> None:
    measure_text_height(Image(data))


def _prepare(data: bytes) -> None:
    prepare_to_size(data, (512, 512), resize="always")


def _png(*parts: bytes, width: int = 8, height: int = 8) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes((width + 1) * height)))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(parts) + pixels + chunk(b"IEND", b"")


def _png_head(width: int, height: int) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@cache
def _packed(size: int = 100_000_000) -> bytes:
    packer = zlib.compressobj(1)
    block = bytes(1_000_000)
    return b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()


def _blank(kind: str, mode: str = "RGB", side: int = 13_000) -> bytes:
    PIL.Image.MAX_IMAGE_PIXELS = None
    try:
        return encoded(PIL.Image.new(mode, (side, side)), kind)
    finally:
        PIL.Image.MAX_IMAGE_PIXELS = 89_478_485


def _scans(count: int, *, progressive: bool = True) -> bytes:
    data = encoded(PIL.Image.new("RGB", (3000, 3000)), "JPEG", progressive=progressive)
    last = [segment for segment in jpeg.segments(data) if segment.code == jpeg.SOS][-1]
    return data[: last.end] + data[last.start : last.end] * count + b"\xff\xd9"


def _gif(blocks: bytes, width: int = 1, height: int = 1) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + blocks


def _gif_frame(width: int, height: int) -> bytes:
    return b"," + struct.pack("<4HB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\0"


def _tiff(count: int, *, loop: bool = False) -> bytes:
    """Make a TIFF of many directories without entries behind a sound first one."""
    first = encoded(PIL.Image.new("L", (8, 8)), "TIFF")
    (start,) = struct.unpack_from("<I", first, 4)
    (entries,) = struct.unpack_from("<H", first, start)
    end = start + 2 + 12 * entries
    base = len(first) + len(first) % 2
    chain = (
        struct.pack("<HI", 0, base + 6 * (n + 1) if n < count - 1 else 0) for n in range(count)
    )
    data = bytearray(first.ljust(base, b"\0") + b"".join(chain))
    struct.pack_into("<I", data, end, start if loop else base)
    return bytes(data)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def _avif(ipma: bytes = b"", ipco: bytes = b"", before: bytes = b"") -> bytes:
    boxes = _box(b"iprp", _box(b"ipco", ipco) + _box(b"ipma", ipma or bytes(8)))
    meta = bytes(4) + _box(b"pitm", b"\0\0\0\0\0\1") + boxes
    return _box(b"ftyp", b"avif\0\0\0\0avif") + before + _box(b"meta", meta)


def _ispe(width: int, height: int) -> bytes:
    return _box(b"ispe", struct.pack(">III", 0, width, height))


def _jpeg_with(segments: bytes) -> bytes:
    return b"\xff\xd8\xff" + segments + encoded(text_page(60, 40), "JPEG")[2:]


def _webp(width: int, height: int) -> bytes:
    canvas = b"VP8X" + struct.pack("<II", 10, 2) + struct.pack("<I", width - 1)[:3]
    body = b"WEBP" + canvas + struct.pack("<I", height - 1)[:3]
    return b"RIFF" + struct.pack("<I", len(body)) + body


CORRUPT, LARGE, FOREIGN = "CorruptImageError", "ImageTooLargeError", "UnsupportedImageError"

BOMBS: dict[str, Bomb] = {
    "pixels: PNG of 60,000 x 60,000": Bomb(lambda: _png_head(60_000, 60_000), LARGE),
    "pixels: PNG of 2 billion x 2 billion": Bomb(lambda: _png_head(2**31 - 1, 2**31 - 1), LARGE),
    "pixels: WebP canvas of 16 million squared": Bomb(lambda: _webp(2**24, 2**24), LARGE),
    "pixels: GIF frame outside its canvas": Bomb(lambda: _gif(_gif_frame(65_535, 65_535)), LARGE),
    "pixels: AVIF of 100,000 x 100,000": Bomb(
        lambda: _avif(struct.pack(">IIHBB", 0, 1, 1, 1, 1), _ispe(100_000, 100_000)), LARGE
    ),
    "pixels: PNG of 169 megapixels in 492 kB": Bomb(lambda: _blank("PNG")),
    "pixels: GIF of 169 megapixels": Bomb(lambda: _blank("GIF", "P")),
    "scans: JPEG with 50,000 scans in 750 kB": Bomb(lambda: _scans(50_000), CORRUPT),
    "scans: JPEG with 400 scans": Bomb(lambda: _scans(400), CORRUPT),
    "frames: GIF of 200,000 frames": Bomb(lambda: _gif(_gif_frame(1, 1) * 200_000), CORRUPT),
    "frames: TIFF of 300,000 pages": Bomb(lambda: _tiff(300_000), CORRUPT),
    "frames: TIFF pages in a circle": Bomb(lambda: _tiff(3, loop=True), CORRUPT),
    "chunks: PNG of 200,000 chunks": Bomb(lambda: _png(chunk(b"teST", b"") * 200_000), CORRUPT),
    "chunks: GIF comment of 3 million steps": Bomb(
        lambda: _gif(b"!\xfe" + b"\x01a" * 3_000_000 + b"\0" + _gif_frame(1, 1) + b";"), CORRUPT
    ),
    "chunks: JPEG of a million stray bytes": Bomb(
        lambda: _jpeg_with(b"\x01\0" + b"\xff\x01\0" * 1_000_000), CORRUPT
    ),
    "chunks: JPEG of ten million filling bytes": Bomb(
        lambda: _jpeg_with(b"\xff" * 10_000_000), CORRUPT
    ),
    "metadata: zTXt of 100 MB": Bomb(lambda: _png(chunk(b"zTXt", b"a\0\0" + _packed()))),
    "metadata: iTXt of 100 MB": Bomb(
        lambda: _png(chunk(b"iTXt", b"a\0\x01\0\0\0" + _packed()))
    ),
    "metadata: iCCP of 100 MB": Bomb(lambda: _png(chunk(b"iCCP", b"a\0\0" + _packed()))),
    "metadata: 500 zTXt of 10 MB": Bomb(
        lambda: _png(chunk(b"zTXt", b"a\0\0" + _packed(10_000_000)) * 500)
    ),
    "metadata: EXIF of 4,000 entries, a thousand times": Bomb(
        lambda: _jpeg_with(
            (b"\xe1" + struct.pack(">H", 48_022) + b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 4000)
             + b"\1\x12\0\3\0\0\0\1\0\6\0\0" * 4000 + b"\xff") * 1000 + b"\xe0\0\2"),
        CORRUPT,
    ),
    "boxes: AVIF of 2 million associations": Bomb(
        lambda: _avif(struct.pack(">II", 0, 2_000_000) + b"\xff\xff\0" * 2_000_000), CORRUPT
    ),
    "boxes: AVIF of 2 million properties": Bomb(
        lambda: _avif(ipco=_box(b"free", b"") * 1_900_000), CORRUPT
    ),
    "boxes: AVIF box of 2^62 bytes": Bomb(
        lambda: _avif(before=struct.pack(">I4sQ", 1, b"free", 2**62)), CORRUPT
    ),
    "boxes: AVIF box of no bytes": Bomb(lambda: _avif(before=bytes(8)), CORRUPT),
    "boxes: TIFF tag of 4 billion values": Bomb(
        lambda: b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHIII", 256, 4, 2**32 - 1, 8, 0), CORRUPT
    ),
    "foreign: SVG": Bomb(lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', FOREIGN),
    "foreign: SVG behind an XML head": Bomb(lambda: b'<?xml version="1.0"?><svg/>', FOREIGN),
    "foreign: SVG, packed": Bomb(lambda: b"\x1f\x8b\x08\0\0\0\0\0\0\x03<svg/>", FOREIGN),
    "foreign: PostScript": Bomb(lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n", FOREIGN),
    "foreign: EPS with a DOS head": Bomb(lambda: b"\xc5\xd0\xd3\xc6" + bytes(60), FOREIGN),
    "foreign: PDF": Bomb(lambda: b"%PDF-1.7\n" + bytes(60), FOREIGN),
    "foreign: HTML": Bomb(lambda: b"<html><img src=file:///etc/passwd></html>", FOREIGN),
    "foreign: ImageMagick's MVG": Bomb(lambda: b"push graphic-context\nimage over 0,0", FOREIGN),
    "foreign: WMF": Bomb(lambda: b"\xd7\xcd\xc6\x9a" + bytes(60), FOREIGN),
    "foreign: PSD": Bomb(lambda: b"8BPS\0\1" + bytes(60), FOREIGN),
    "foreign: ICO": Bomb(lambda: b"\0\0\1\0\1\0" + bytes(60), FOREIGN),
    "foreign: JPEG 2000": Bomb(lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60), FOREIGN),
    "foreign: ZIP": Bomb(lambda: b"PK\3\4" + bytes(60), FOREIGN),
    "foreign: BM and text": Bomb(lambda: b"BM is how this text begins, and no picture", FOREIGN),
    "foreign: SVG behind a PNG's first bytes": Bomb(
        lambda: b"\x89PNG\r\n\x1a\n" + b'<svg xmlns="http://www.w3.org/2000/svg"/>', CORRUPT
    ),
}  # fmt: skip


def main() -> None:
    """Run all under the limit and print the ends."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    ends = {name: run(bomb.make()) for name, bomb in BOMBS.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(f"{json.dumps(ends)}\n{json.dumps({'peak_mb': peak})}\n")


if __name__ == "__main__":
    sys.stderr = io.StringIO()
    main()
