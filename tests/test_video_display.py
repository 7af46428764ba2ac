"""How a file says that its frames are shown: cut, delayed, turned, mirrored, in HDR."""

import numpy as np
import pytest

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

import PIL.Image  # noqa: E402
from boxes import with_edits  # noqa: E402
from clips import TICKS, picture, read_number, render_clip, write  # noqa: E402
from PIL.Image import Transpose  # noqa: E402

from langchain_gptv import sample_frames  # noqa: E402

SECOND = 1000
START = 2 * TICKS // 10
"""Of the media: behind what B-frames need."""

EDITS = {
    "from a keyframe": [(3 * SECOND, START + 2 * TICKS)],
    "from between two": [(2700, START + 31 * TICKS // 10)],
    "delayed": [(1500, -1), (6 * SECOND, START)],
    "a piece cut out": [(2 * SECOND, START), (1500, START + 4 * TICKS)],
    "the end first": [(500, START + 4 * TICKS), (1500, START)],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Six seconds at 10 frames per second, with B-frames."""
    return render_clip(tmp_path_factory.mktemp("display") / "clip.mp4").read_bytes()


def shown(data: bytes, path) -> list[tuple[float, int]]:
    """Return time and number of each frame, as decoding the whole file gives them."""
    path.write_bytes(data)
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [(float(f.pts * f.time_base), read_number(f.to_image())) for f in frames]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_list_is_followed(whole, tmp_path, kind, exact):
    """What an edit list cuts off is not shown; times and indexes are those of what is left."""
    path = tmp_path / "clip.mp4"
    truth = shown(with_edits(whole, *EDITS[kind]), path)
    frames = list(sample_frames(path, 9, exact=exact))
    assert len(frames) == 9
    for frame in frames:
        seconds, number = truth[frame.frame_index]
        assert frame.timestamp_s == pytest.approx(seconds, abs=1e-6)
        assert read_number(frame.image.to_pil()) == number


@pytest.mark.parametrize("exact", [False, True])
def test_a_part_that_was_copied_out_starts_where_it_was_cut(whole, tmp_path, exact):
    """A cut without decoding keeps frames before it, to decode the rest; they are not shown."""
    (tmp_path / "whole.mp4").write_bytes(whole)
    path, cut = tmp_path / "clip.mp4", 33 * TICKS // 10
    with av.open(str(tmp_path / "whole.mp4")) as source, av.open(str(path), "w") as target:
        video = source.streams.video[0]
        stream = target.add_stream_from_template(video)
        source.seek(2 * TICKS, stream=video)
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.pts, packet.dts = packet.pts - cut, packet.dts - cut
                packet.stream = stream
                target.mux(packet)
    frames = list(sample_frames(path, 9, exact=exact))
    assert len(frames) == 9
    for frame in frames:
        number = read_number(frame.image.to_pil())
        assert number == 33 + frame.frame_index
        assert frame.timestamp_s == pytest.approx(frame.frame_index / 10, abs=1e-3)


TURNS = {
    (0, False, False): None,
    (90, False, False): Transpose.ROTATE_270,
    (180, False, False): Transpose.ROTATE_180,
    (270, False, False): Transpose.ROTATE_90,
    (0, True, False): Transpose.FLIP_LEFT_RIGHT,
    (0, False, True): Transpose.FLIP_TOP_BOTTOM,
    (90, True, False): Transpose.TRANSVERSE,
    (90, False, True): Transpose.TRANSPOSE,
}
"""By rotation and mirroring of the display matrix, what a camera did that is held so."""


@pytest.mark.parametrize("turn", TURNS)
def test_every_display_matrix_gives_an_upright_picture(tmp_path, turn):
    """Turned, mirrored, or both: the number in the picture is read as it was drawn."""
    upright = [picture(number, (320, 192)) for number in range(20, 40)]
    degrees, hflip, vflip = turn
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "18"})
        stored = [p if TURNS[turn] is None else p.transpose(TURNS[turn]) for p in upright]
        stream.width, stream.height = stored[0].size
        stream.pix_fmt = "yuv420p"
        stream.set_display_rotation(degrees, hflip=hflip, vflip=vflip)
        for each in stored:
            container.mux(stream.encode(av.VideoFrame.from_image(each)))
        container.mux(stream.encode())
    for exact in (False, True):
        for frame in sample_frames(path, 4, exact=exact):
            assert (frame.image.width, frame.image.height) == (320, 192)
            assert read_number(frame.image.to_pil()) == 20 + frame.frame_index


PQ, HLG = 16, 18
"""Transfer characteristics, as ITU-T H.273 numbers them."""


def to_pq(light):
    """Return the signal of linear light, where 1 is white paper (203 cd/m2)."""
    power = (light * 203 / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def to_hlg(light):
    """Return the signal of linear light on a display of 1000 cd/m2."""
    seen = light * 0.203
    bright = (seen @ [0.2627, 0.6780, 0.0593])[..., None]
    scene = np.where(bright > 0, seen * np.maximum(bright, 1e-9) ** (1 / 1.2 - 1), 0)
    log = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), log)


BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


def hdr_frame(drawn, encode):
    """Return a picture in sRGB as a frame of 10 bits in the colours of BT.2020."""
    srgb = np.asarray(drawn, float) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    red, green, blue = np.moveaxis(encode(linear @ BT2020.T), -1, 0)
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    planes = luma, (blue - luma) / 1.8814, (red - luma) / 1.4746
    frame = av.VideoFrame(drawn.width, drawn.height, "yuv444p10le")
    for plane, values, (zero, scale) in zip(
        frame.planes, planes, ((64, 876), (512, 896), (512, 896)), strict=True
    ):
        rows = np.zeros((drawn.height, plane.line_size // 2), "<u2")
        rows[:, : drawn.width] = np.round(zero + scale * values)
        plane.update(rows.tobytes())
    frame.colorspace, frame.color_range = 9, 1
    return frame


def render_hdr(path, drawn, encode, transfer):
    """Write two frames of HDR, without loss."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = *drawn.size, "yuv444p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace = transfer, 9, 9
        context.color_range = 1
        for number in range(2):
            frame = hdr_frame(drawn, encode)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(("transfer", "encode"), [(PQ, to_pq), (HLG, to_hlg)])
def test_hdr_comes_in_ordinary_colours(tmp_path, transfer, encode):
    """What was drawn in sRGB and stored as HDR comes back as it was; white stays nearly white."""
    colors = [(200, 120, 40), (40, 120, 200), (128, 128, 128), (60, 160, 60), (0, 0, 0)]
    drawn = PIL.Image.new("RGB", (192, 64), "white")
    for place, color in enumerate(colors):
        drawn.paste(color, (place * 32, 0, place * 32 + 32, 64))
    path = render_hdr(tmp_path / "clip.mkv", drawn, encode, transfer)
    seen = next(sample_frames(path, 1)).image.to_pil()
    for place, color in enumerate(colors):
        assert seen.getpixel((place * 32 + 16, 32)) == pytest.approx(color, abs=12)
    assert min(seen.getpixel((176, 32))) > 225


@pytest.mark.usefixtures("engine")
def test_print_in_hdr_is_read(engine, tmp_path):
    """Grey words on black, which as stored are hardly told from it."""
    from PIL import ImageDraw

    drawn = PIL.Image.new("RGB", (480, 192), "black")
    write("frame 4711", 60)(ImageDraw.Draw(drawn), 0)
    path = render_hdr(tmp_path / "clip.mkv", drawn, to_pq, PQ)
    lines = engine.observe(next(sample_frames(path, 1)).image).lines
    assert "4711" in " ".join(line.text for line in lines)
