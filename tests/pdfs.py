"""PDF files with a text layer, drawings and pictures, written by hand so that the truth is known.

Coordinates are points from the bottom left, as in the file.
"""

import base64
import zlib
from dataclasses import dataclass, field

import PIL.Image

A4 = (595, 842)

# One page, 200 x 100 pt, RC4 with 128 bits, the user's password "secret"; written by reportlab.
LOCKED = zlib.decompress(
    base64.b64decode(
        "eNqtVU+IG1UYP4ky0kO9WATxKaZsDtt5/yezhNVkktSw292YrO1hZ8W3mZd0luxMmJnY3YoXL5Zu9WKvLbUnRQRpoQpC"
        "RVBBbQ8e7J4KehAULNjqyV78ZpJ1p92iHhyYP+/7+/t97/vmFVq1xjQ5xIzCO2e2zqO2HoZRMq9W0WEd6Egl2kNggbyw"
        "O1rXQYKmwqEO4nAUdXXRIAijcHXNKJcNs0EQhWXbmJ01dOClYppTV1WsGyEEMF/Qg1d14ncVMutBN/T8oI/MY35QCWJ/"
        "V7Cg1jVKg5qd0WqyOYTFEjzJ+AUaiJVLxXKpHFAB1BiVUjzIPKI9X1XDDbQMa4woxojAvYLMlopSTtbYrq3HvGKU8UnB"
        "krGmFYXdjk4ggJkWw1zSG0Ckua76ujp5O5N3E60ALAgWJlA8cDeXIhVkIVO5gXYItMA4R4DnCKSqI6EHRi/FeiEMJtbx"
        "DtBxAEclahD2czFELkZllBwPIzTlUiZcxi0XE+pSTp5pu5gRl1HsYkyKECbSKvHDoJbCBXMLu1SyYy6zLB+cyGGXUv68"
        "W3SZJLC2XCY4BGKvuFSQzYJLCXMZpiaY4fTeCfmfks/pzRNh5MVoChZA+X8EAXvmjbo6QyFk5oCpACfsFudmwDpd45nM"
        "g1gWQCWQE6AyMLYw7ruMAWhq9VzoGFDT1+CDQSqyBt445fM64BEpKi5OAGhQWsAq3WNo2jXdTdLkhIxLQCWorVnXhRRA"
        "AEJhxsapOQfAS34y0Pc4ACAuzQ58pezSekEvDYcwkmZDDeJ8+8j8JPqDBHibnUQFnorAel4H/eQ4IrSEzEVUxnVBqU1F"
        "hdV5vWRxhzmNilOtNwQhFYtVHF53aLVWkqLm1FiNS2pJwm1iVaqNmlXn0N4tNM2hyRGDHkVlYZeoLYRgnFVFiTDsNIRF"
        "6ty2ZQXXJEzbP1/juTiKaI6Rdc9Ej7JhNOd86JVlxLI5WMmPUpxzLe0tBkxupeM0myVR091stBoD6LXJYiVXIpwGihNo"
        "4XXj0nD+6v6Z39m+fVO3Hz35U/Tu5W8/Mi68ePH7l5d+2Xrs6qmjB9788bdzPwSnq+LW5Ydv3L1289TnVw5+996BJy/e"
        "eeTXcxfeKH5z89Di9pUzfz504+MPbt157om328+e3Tr9eGv7y4WDt986+9n1T/d/dX77qQ/Dr59+/5Prc5futr6QP/8B"
        "PCYIJow2It0zMLKN3ZohCfUWqIf+lkn4W2WaYFdm0z0yYtt7ZOwBdlziPTJbWvfLCHTwHhllcleWRMof6CjbDvjBR5vD"
        "BMnsqDCbNWQslzXrEtxlSvEePIklubZLqudxraWnFZv9d4sVo5A7u/oPPrump5HnQ6vcd4oBjKAXIjGG1A7DBPHxd8c/"
        "qaHoWUOoKMl2gXAujUKhvtgw/gJY0wwT"
    )
)


@dataclass
class Sheet:
    """One page: lines of text as (x, y, size, text), drawing operators, and pictures."""

    lines: list[tuple[float, float, float, str]] = field(default_factory=list)
    drawing: str = ""
    pictures: list[tuple[float, float, float, float, PIL.Image.Image]] = field(default_factory=list)
    size: tuple[float, float] = A4
    more: str = ""

    @property
    def content(self) -> bytes:
        """The operators that draw the page."""
        texts = (f"BT /F1 {s} Tf {x} {y} Td ({text}) Tj ET" for x, y, s, text in self.lines)
        images = (
            f"q {w} 0 0 {h} {x} {y} cm /I{n} Do Q"
            for n, (x, y, w, h, _) in enumerate(self.pictures)
        )
        return "\n".join([self.drawing, *images, *texts]).encode("latin-1")


def make_pdf(*sheets: Sheet) -> bytes:
    """Write a file."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    kids = []
    for sheet in sheets:
        images = ""
        for number, (*_, picture) in enumerate(sheet.pictures):
            parts.append(_image(picture))
            images += f"/I{number} {len(parts)} 0 R"
        parts.append(_stream(b"", sheet.content))
        kids.append(len(parts) + 1)
        things = f"<</Font<</F1 3 0 R>>/XObject<<{images}>>>>"
        parts.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {sheet.size[0]} {sheet.size[1]}]"
            f"{sheet.more}/Contents {len(parts)} 0 R/Resources{things}>>".encode()
        )
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    parts[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{listed}]>>".encode()
    return _file(parts)


def bar_chart(x: float, y: float, heights: tuple[float, ...] = (40, 90, 60)) -> str:
    """Return operators for a chart of 150 x 110 points with its axes and filled bars."""
    bars = "".join(f"{x + 10 + 45 * n} {y} 30 {h} re f " for n, h in enumerate(heights))
    return f"{x} {y + 110} m {x} {y} l {x + 150} {y} l S 0.2 0.4 0.8 rg {bars} 0 g"


def report(pages: int) -> bytes:
    """Write a file of pages with 30 lines each, which name their page."""
    return make_pdf(
        *(
            Sheet([(60, 780 - 20 * n, 11, f"Line {n} of page {page + 1}") for n in range(30)])
            for page in range(pages)
        )
    )


def _image(picture: PIL.Image.Image) -> bytes:
    rgb = picture.convert("RGB")
    head = (
        f"/Type/XObject/Subtype/Image/Width {rgb.width}/Height {rgb.height}"
        "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode"
    )
    return _stream(head.encode(), zlib.compress(rgb.tobytes()))


def _stream(head: bytes, data: bytes) -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (head, len(data), data)


def _file(parts: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, part)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(parts) + 1, start)
    return bytes(out)
