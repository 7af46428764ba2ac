"""Pictures that the tests of `vision` make for themselves, in every type and mode."""

import io
import random
import struct
import zlib

import PIL.Image
import PIL.ImageDraw
from PIL import ImageCms

FILE_TYPES = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")


def encoded(picture: PIL.Image.Image, file_type: str, **save: object) -> bytes:
    """Return the picture as a file."""
    buffer = io.BytesIO()
    picture.save(buffer, file_type, **save)
    return buffer.getvalue()


def decoded(data: bytes) -> PIL.Image.Image:
    """Return the pixels of a file, as an independent reader sees them."""
    with PIL.Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


def corners(width: int = 120, height: int = 80) -> PIL.Image.Image:
    """Draw a picture whose quarters tell how it was turned: red, green, blue, black."""
    picture = PIL.Image.new("RGB", (width, height))
    picture.paste("red", (0, 0, width // 2, height // 2))
    picture.paste("lime", (width // 2, 0, width, height // 2))
    picture.paste("blue", (0, height // 2, width // 2, height))
    return picture


def quarters(picture: PIL.Image.Image) -> str:
    """Name the colours of the four quarters: "RGBK" for upright `corners`."""
    picture = picture.convert("RGB")
    names = ""
    for y in (1, 3):
        for x in (1, 3):
            pixel = picture.getpixel((picture.width * x // 4, picture.height * y // 4))
            names += "RGB"[pixel.index(max(pixel))] if max(pixel) > 100 else "K"
    return names


def noise(width: int, height: int) -> PIL.Image.Image:
    """Make a picture that no encoder likes, like a photo; the same one every time."""
    pixels = random.Random(width * 65_537 + height).randbytes(3 * width * height)
    return PIL.Image.frombytes("RGB", (width, height), pixels)


def text_page(width: int, height: int, *, mode: str = "RGB") -> PIL.Image.Image:
    """Draw black lines of text on white."""
    page = PIL.Image.new(mode, (width, height), "white" if mode != "RGBA" else (0, 0, 0, 0))
    draw = PIL.ImageDraw.Draw(page)
    for y in range(10, height - 10, 20):
        draw.text((10, y), f"Line {y} of the invoice, total 1,234.50", fill="black")
    return page


def ramp(mode: str) -> PIL.Image.Image:
    """Make a picture that goes from black at the left to white at the right, in any mode."""
    grey = PIL.Image.linear_gradient("L").rotate(90).resize((64, 48))
    if mode in {"I", "I;16"}:
        values = (value * 257 for value in grey.tobytes())
        deep = PIL.Image.new("I", grey.size)
        deep.putdata(list(values))
        return deep.convert(mode)
    if mode == "F":
        return grey.convert("F").point(lambda value: value * (1 / 255) + 0)
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        return ImageCms.profileToProfile(grey.convert("RGB"), srgb, lab, outputMode="LAB")
    if mode in {"La", "RGBa"}:
        return grey.convert(mode.upper()).convert(mode)
    if mode == "P":
        return grey.convert("RGB").quantize(64)
    return grey.convert("RGB").convert(mode) if mode not in {"L", "LA", "1"} else grey.convert(mode)


def swapped_profile() -> bytes:
    """Make a colour profile in which red and green have changed places."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    name = "sRGB".encode("utf-16-be")
    profile = profile.replace(name, "swap".encode("utf-16-be"))
    return profile.replace(b"rXYZ", b"tttt").replace(b"gXYZ", b"rXYZ").replace(b"tttt", b"gXYZ")


def chunk(kind: bytes, data: bytes) -> bytes:
    """Make a PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def exif(orientation: int = 1, *, author: str = "", gps: bool = False) -> PIL.Image.Exif:
    """Make EXIF data, with a place and a name where asked for."""
    tags = PIL.Image.Exif()
    tags[0x0112] = orientation
    if author:
        tags[0x013B] = author
    if gps:
        tags.get_ifd(0x8825)[1] = "N"
        tags.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return tags


def one_page(text: str) -> bytes:
    """Make a PDF file with one line of text, the same bytes everywhere."""
    draw = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET"
    parts = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(draw)} >>\nstream\n{draw}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    file, offsets = "%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        offsets.append(len(file))
        file += f"{number} 0 obj\n{part}\nendobj\n"
    rows = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    table = f"xref\n0 6\n0000000000 65535 f \n{rows}trailer << /Size 6 /Root 1 0 R >>\n"
    return f"{file}{table}startxref\n{len(file)}\n%%EOF\n".encode()
