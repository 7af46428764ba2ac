"""What lies under a handle: a line of JSON, then the bytes of the picture."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from langchain_gptv.exceptions import CorruptImageError
from langchain_gptv.vision.boxes import Box


@dataclass(frozen=True, slots=True)
class Crop:
    """Where a crop was cut from.

    Attributes:
        parent: The handle it was cut from, which may be a crop itself.
        root: The handle of the whole picture.
        box: In pixels of the root picture, also for a crop of a crop.
        size: (width, height) in pixels of the crop as stored; it may have been enlarged.
    """

    parent: str
    root: str
    box: Box
    size: tuple[int, int]

    def to_root(self, box: Box) -> Box:
        """Map a box in pixels of the crop to pixels of the root picture.

        Example:
            >>> crop = Crop("img_3f9a2c", "img_3f9a2c", Box(100, 50, 200, 100), (400, 200))
            >>> crop.to_root(Box(0, 0, 40, 40))
            Box(x1=100.0, y1=50.0, x2=110.0, y2=60.0)
        """
        across, down = self.box.width / self.size[0], self.box.height / self.size[1]
        left, top = self.box[:2]
        return Box(
            left + box.x1 * across,
            top + box.y1 * down,
            left + box.x2 * across,
            top + box.y2 * down,
        )


@dataclass(frozen=True, slots=True)
class Record:
    """A picture as it is kept.

    Attributes:
        data: The bytes of the file.
        crop: Where it was cut from, if it was.
    """

    data: bytes
    crop: Crop | None = None

    def encode(self) -> bytes:
        """Return the value for the backend."""
        fields: dict[str, object] = {"sha256": hashlib.sha256(self.data).hexdigest()}
        if self.crop is not None:
            crop = self.crop
            fields["crop"] = [crop.parent, crop.root, list(crop.box), list(crop.size)]
        return json.dumps(fields, sort_keys=True).encode() + b"\n" + self.data

    @classmethod
    def decode(cls, value: bytes, *, handle: str) -> Record:
        """Read the value of a backend.

        Raises:
            CorruptImageError: It was cut off, changed, or written by something else.
        """
        try:
            head, _, data = value.partition(b"\n")
            fields = json.loads(head)
            crop = fields.get("crop")
            record = cls(data, _crop(*crop) if crop else None)
            intact = fields["sha256"] == hashlib.sha256(data).hexdigest()
        except (ValueError, TypeError, LookupError, AttributeError):
            intact = False
        if not intact:
            raise CorruptImageError(
                f"What is stored under '{handle}' is damaged or not ours. Put the picture again, "
                "and give the store a folder or namespace that nothing else writes to."
            )
        return record


def _crop(parent: str, root: str, box: list[float], size: list[int]) -> Crop:
    return Crop(parent, root, Box(*box), (size[0], size[1]))
