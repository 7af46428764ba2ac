"""Parts of a picture at the size at which the model sees them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.choose import READABLE_PX
from langchain_gptv.vision.encode import choose_encoding
from langchain_gptv.vision.headers import ACCEPTED_TYPES
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.prepare import prepare_to_size
from langchain_gptv.vision.profiles import VisionProfile
from langchain_gptv.vision.rules import Detail
from langchain_gptv.vision.text_height import measure_text_height
from langchain_gptv.vision.tiles import choose_tiles, cut_tiles, seen_scale
from langchain_gptv.vision.transform import Transform

if TYPE_CHECKING:
    import PIL.Image

_MEASURED = 4000  # pixels of a side; more is cut out of the middle to be measured
_ENLARGED_SIDE = 768
_MOST_ENLARGED = 3
_FAINT = 16  # grey levels


@dataclass(frozen=True)
class View:
    """A part of a picture as it is shown.

    Attributes:
        picture: Its pixels, not larger than the model sees them.
        box: Where it lies, in pixels of the original.
        detail: The API setting to show it with.
        tokens: Estimated input tokens.
    """

    picture: PIL.Image.Image
    box: Box
    detail: Detail
    tokens: int

    @property
    def scale(self) -> float:
        """The size at which it is shown, as a part of the original's."""
        return self.picture.width / self.box.width

    def to_original(self, box: Box) -> Box:
        """Map a box from pixels of the view to pixels of the original."""
        return self._transform.to_original(box).moved(self.box.x1, self.box.y1)

    def to_view(self, box: Box) -> Box:
        """Map a box from pixels of the original to pixels of the view."""
        return self._transform.to_prepared(box.moved(-self.box.x1, -self.box.y1))

    @property
    def image(self) -> Image:
        """The view as a file, of the type that suits its content."""
        return as_file(self.picture)

    @property
    def _transform(self) -> Transform:
        size = round(self.box.width), round(self.box.height)
        return Transform(original=size, prepared=self.picture.size)


class Sight:
    """A picture, and how a model sees it.

    Args:
        image: The picture.
        profile: How the model takes images.
    """

    def __init__(self, image: Image, profile: VisionProfile) -> None:
        self.image, self.profile = image, profile
        self.whole = Box(0, 0, image.width, image.height)
        self.detail = profile.main_detail

    @cached_property
    def picture(self) -> PIL.Image.Image:
        """All pixels, upright; decoded once."""
        return self.image.to_pil()

    @cached_property
    def text_height(self) -> int | None:
        """The font size in pixels of most of the text, or None where none is seen."""
        if max(self.image.width, self.image.height) <= _MEASURED:
            return measure_text_height(self.image)
        x, y = (max(0, side - _MEASURED) // 2 for side in self.picture.size)
        middle = self.picture.crop((x, y, x + _MEASURED, y + _MEASURED))
        return measure_text_height(Image.from_pil(middle))

    @property
    def is_seen_whole(self) -> bool:
        """Whether the model sees every pixel of the picture at once."""
        return seen_scale(self.image.width, self.image.height, self.profile) >= 1

    def reads(self, text_height: float, box: Box) -> bool:
        """Tell whether text of that font size can be read when a part is shown."""
        scale = seen_scale(round(box.width), round(box.height), self.profile)
        return text_height * scale >= min(READABLE_PX, text_height)

    def view(self, box: Box | None = None, *, enlarge: bool = False) -> View:
        """Return a part of the picture as the model would see it.

        Args:
            box: In pixels of the picture; None is all of it.
            enlarge: Whether a small part is made larger, up to three times.
        """
        part = (box or self.whole).clamped(*self.whole[2:]).rounded()
        size = self.profile.seen_size(int(part.width), int(part.height), self.detail)
        if enlarge:
            size = _enlarged(size)
        pixels = self.picture.resize(size, _LANCZOS, box=part, reducing_gap=3.0)
        return View(pixels, part, self.detail, self.profile.tokens(*size, self.detail))

    def tiles(self, text_height: float | None = None) -> list[Box]:
        """Return the parts that show text of that font size (by default its own) readably.

        Parts on which there is nothing at all are left out.
        """
        height = text_height or self.text_height
        if height is None:
            return [self.whole]
        columns, rows = choose_tiles(self.image.width, self.image.height, self.profile, height)
        tiles = cut_tiles(self.picture, columns, rows)
        return [tile for tile in tiles if not self._is_blank(tile)] or [self.whole]

    def _is_blank(self, box: Box) -> bool:
        levels = self.picture.crop(box).convert("L").tobytes()
        return max(levels) - min(levels) < _FAINT


def as_file(picture: PIL.Image.Image) -> Image:
    """Return pixels as a file of the type that suits them: photos as JPEG, pages as PNG."""
    return Image(prepare_to_size(picture, resize="never").data, name="view")


def as_drawn_file(picture: PIL.Image.Image) -> Image:
    """Return pixels with lines drawn on them as a file that keeps the colours of thin lines.

    A photo's usual JPEG halves the resolution of colours, which leaves the sides of one box in
    different ones.
    """
    encoding = replace(choose_encoding(picture, ACCEPTED_TYPES), is_drawn=True)
    if encoding.mime_type == "image/webp":
        encoding = replace(encoding, mime_type="image/png", quality=None)
    return Image(encoding.write(picture), name="marked view")


_LANCZOS = 1  # PIL.Image.Resampling.LANCZOS


def _enlarged(size: tuple[int, int]) -> tuple[int, int]:
    by = min(_MOST_ENLARGED, max(1.0, _ENLARGED_SIDE / max(size)))
    return round(size[0] * by), round(size[1] * by)
