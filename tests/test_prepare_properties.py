"""What holds for every picture, every size and every kind of damage."""

import base64
import io

import PIL.Image
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pictures import corners, decoded, encoded, exif, noise, text_page

from langchain_gptv.exceptions import ImageError
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.headers import ACCEPTED_TYPES
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.prepare import fit_within, prepare_image, prepare_to_size
from langchain_gptv.vision.profiles import get_profile

sides = st.integers(1, 400)
boxes = st.tuples(st.integers(1, 300), st.integers(1, 300))
modes = {
    "JPEG": ("L", "RGB", "CMYK"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "GIF": ("L", "P", "RGBA"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("1", "L", "RGB"),
    "TIFF": ("1", "L", "RGB", "RGBA", "CMYK"),
}
damage_settings = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Draw a picture file of any type, mode, content and orientation."""
    file_type = draw(st.sampled_from(sorted(modes)))
    mode = draw(st.sampled_from(modes[file_type]))
    make = draw(st.sampled_from([corners, noise, text_page]))
    picture = make(draw(sides), draw(sides)).convert(mode)
    save = {} if file_type in {"GIF", "BMP"} else {"exif": exif(draw(st.integers(1, 8)))}
    return encoded(picture, file_type, **save)


@settings(max_examples=80, deadline=None)
@given(data=files(), box=boxes, resize=st.sampled_from(["auto", "always", "never"]))
def test_every_output_opens_and_keeps_the_promises(data, box, resize):
    """It opens, is of an accepted type, never larger, of the same aspect, and as it says."""
    image = Image(data)
    prepared = prepare_to_size(image, box, resize=resize)
    picture = decoded(prepared.data)
    assert picture.size == (prepared.width, prepared.height)
    assert prepared.mime_type in ACCEPTED_TYPES
    assert PIL.Image.MIME[picture.format] == prepared.mime_type
    assert prepared.width <= image.width
    assert prepared.height <= image.height
    assert _aspect_is_kept((image.width, image.height), (prepared.width, prepared.height))
    if resize == "always":
        assert prepared.width <= box[0]
        assert prepared.height <= box[1]
    assert base64.b64decode(prepared.base64) == prepared.data


def _aspect_is_kept(size: tuple[int, int], scaled: tuple[int, int]) -> bool:
    """Tell whether one scale explains both sides to within a pixel; no side is below 1."""
    pairs = list(zip(size, scaled, strict=True))
    low = max(0 if after == 1 else (after - 1) / before for before, after in pairs)
    high = min((after + 1) / before for before, after in pairs)
    return low <= high


@settings(max_examples=60, deadline=None)
@given(
    data=files(),
    max_bytes=st.integers(500, 20_000),
    accepted=st.sets(st.sampled_from(ACCEPTED_TYPES)),
)
def test_limits_and_accepted_types_are_kept(data, max_bytes, accepted):
    """Every output is under the byte limits and of an accepted type, or a typed error is raised."""
    for limits in ({"max_bytes": max_bytes}, {"max_base64_bytes": max_bytes}):
        try:
            prepared = prepare_to_size(data, accepted=accepted, **limits)
        except ImageError:
            assert accepted <= {"image/gif"} or max_bytes < 1000
            continue
        size = len(prepared.data) if "max_bytes" in limits else len(prepared.base64)
        assert size <= max_bytes
        assert prepared.mime_type in accepted
        decoded(prepared.data)


@given(size=st.tuples(sides, sides), box=boxes, x=st.floats(0, 1), y=st.floats(0, 1))
def test_there_and_back_is_within_a_pixel(size, box, x, y):
    """A box mapped to the prepared picture and back is where it was."""
    prepared = prepare_to_size(PIL.Image.new("L", size), box)
    where = Box(0, 0, x * size[0], y * size[1])
    back = prepared.transform.to_original(prepared.transform.to_prepared(where))
    assert all(abs(one - other) < 1 for one, other in zip(where, back, strict=True))
    inside = prepared.transform.to_prepared(where)
    assert inside == inside.clamped(prepared.width + 1e-6, prepared.height + 1e-6)


@given(size=st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)), box=boxes)
def test_fitting_never_enlarges_and_keeps_the_aspect(size, box):
    """The fitted size lies inside box and picture, and off by less than a pixel."""
    width, height = fit_within(size, box)
    assert 1 <= width <= min(size[0], box[0])
    assert 1 <= height <= min(size[1], box[1])
    scale = min(1, box[0] / size[0], box[1] / size[1])
    assert abs(width - max(1, size[0] * scale)) <= 0.5
    assert abs(height - max(1, size[1] * scale)) <= 0.5


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    model=st.sampled_from(["gpt-4o", "gpt-4o-mini", "gpt-5-mini", "gpt-5.6-sol", "o4-mini"]),
    detail=st.sampled_from(["auto", "low", "high"]),
)
def test_preparing_does_not_change_the_tokens(size, model, detail):
    """The estimate of the prepared size equals that of the original under the same detail."""
    profile = get_profile(model)
    prepared = prepare_image(PIL.Image.new("1", size), profile, detail)
    sent = profile.tokens(prepared.width, prepared.height, detail)
    assert sent == profile.tokens(*size, detail)


def _outcome(data: bytes, **options: object) -> None:
    """Prepare; only a picture that opens or one of our errors may come out."""
    try:
        prepared = prepare_to_size(Image(data, name="damaged"), **options)
    except ImageError as error:
        assert "damaged" in str(error)  # noqa: PT017
        return
    decoded(prepared.data)


@pytest.mark.parametrize(
    "file_type", ["JPEG", "PROGRESSIVE", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"]
)
@pytest.mark.parametrize("size", [None, (20, 20)], ids=["whole", "scaled"])
@damage_settings
@given(data=st.data())
def test_damage_gives_a_typed_error_or_a_picture(file_type, size, data):
    """Truncations and flipped bytes anywhere in a file never do anything else."""
    save = {"progressive": True} if file_type == "PROGRESSIVE" else {}
    name = file_type.replace("PROGRESSIVE", "JPEG")
    if name in {"JPEG", "PNG", "WEBP", "TIFF", "AVIF"}:
        save["exif"] = exif(data.draw(st.sampled_from([1, 6])))
    whole = bytearray(encoded(noise(64, 48), name, **save))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(whole), data.draw(st.integers(0, len(whole)))]))
    _outcome(bytes(whole[:end]), size=size, resize="always")


@damage_settings
@given(data=st.data())
def test_damaged_heic_gives_a_typed_error_or_a_picture(data):
    """The same holds for HEIC, whose decoder is another library."""
    heif = pytest.importorskip("pillow_heif", reason="the extra 'heic' is not installed")
    buffer = io.BytesIO()
    heif.from_pillow(corners()).save(buffer)
    whole = bytearray(buffer.getvalue())
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    _outcome(bytes(whole), size=(20, 20))


@given(junk=st.binary(max_size=200))
def test_junk_is_a_typed_error(junk):
    """Random bytes are refused with our own errors, as bytes and as base64."""
    with pytest.raises(ImageError, match=r"'(image|base64 text)' is"):
        prepare_to_size(b"\0" + junk)
    with pytest.raises(ImageError, match=r"'(image|base64 text)' is"):
        Image.from_base64(base64.b64encode(b"\0" + junk).decode())
