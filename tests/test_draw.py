"""Boxes, marks and grids on pictures, and the arithmetic of boxes and tiles."""

import itertools

import PIL.Image
import PIL.ImageDraw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_gptv import Box, draw_boxes, get_profile
from langchain_gptv.vision.boxes import grid_cells
from langchain_gptv.vision.draw import draw_grid, draw_marks
from langchain_gptv.vision.labels import place_labels
from langchain_gptv.vision.tiles import choose_tiles, cut_tiles

GREY = (120, 120, 120)


def changed(picture: PIL.Image.Image, box: Box) -> bool:
    """Tell whether anything in a part of a grey picture is no longer grey."""
    colors = picture.crop(box).getcolors(maxcolors=1 << 20)
    return colors != [(round(box.area), GREY)]


def test_a_mark_hides_nothing_of_what_it_marks():
    """Outline and number lie outside the box where there is room."""
    box = Box(100, 80, 180, 120)
    drawn = draw_marks(PIL.Image.new("RGB", (400, 300), GREY), [box])
    assert not changed(drawn, box)
    assert changed(drawn, Box(0, 0, 400, 300))


def test_the_given_picture_stays_as_it_was():
    """Drawing returns a copy, whatever the mode."""
    picture = PIL.Image.new("L", (200, 100), 120)
    for drawn in (draw_marks(picture, [Box(9, 9, 50, 50)]), draw_grid(picture, 2, 2)):
        assert drawn.mode == "RGB"
        assert drawn.size == picture.size
    assert picture.getcolors() == [(20_000, 120)]


def test_numbers_of_a_dense_page_do_not_cover_each_other():
    """Sixty lines in three columns keep their sixty numbers apart and inside the picture."""
    boxes = [
        Box(60 + 220 * (n % 3), 20 + 30 * (n // 3), 200 + 220 * (n % 3), 38 + 30 * (n // 3))
        for n in range(60)
    ]
    places = place_labels(boxes, [(22, 17)] * 60, (720, 640))
    assert all(place.clamped(720, 640) == place for place in places)
    assert not any(a.intersection(b).area for a, b in itertools.combinations(places, 2))
    assert not any(place.intersection(box).area for place in places for box in boxes)


def test_a_label_that_has_no_room_stays_in_the_picture():
    """A box over all of the picture gets its label inside."""
    [place] = place_labels([Box(0, 0, 100, 50)], [(20, 10)], (100, 50))
    assert place.clamped(100, 50) == place


def test_a_label_wider_than_the_picture_starts_at_its_edge():
    """Long text begins where it can be read."""
    drawn = draw_boxes(PIL.Image.new("RGB", (60, 60), GREY), [(Box(30, 30, 50, 50), "w" * 60)])
    assert changed(drawn, Box(0, 0, 10, 30))


@pytest.mark.parametrize(("color", "ink"), [("#000080", "white"), ("#ffff00", "black")])
def test_the_label_is_read_on_any_colour(color, ink):
    """White on dark ground, black on bright ground."""
    drawn = draw_boxes(
        PIL.Image.new("RGB", (200, 100), GREY), [(Box(50, 50, 99, 90), "M")], color=color
    )
    assert PIL.ImageColor.getrgb(ink) in {c for _, c in drawn.getcolors(1 << 20)}
    other = {"white": "black", "black": "white"}[ink]
    label = drawn.crop((30, 28, 48, 62))
    assert PIL.ImageColor.getrgb(other) not in {c for _, c in label.getcolors(1 << 20)} or (
        other == "white"  # the casing of the outline
    )


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 6), st.integers(1, 6))
def test_cells_cover_the_picture_once(width, height, columns, rows):
    """The areas of the cells add up to the picture's, and none meets another."""
    cells = grid_cells(width, height, columns, rows)
    assert sum(cell.area for cell in cells) == width * height
    assert Box.union(cells) == Box(0, 0, width, height)


@given(st.tuples(*[st.floats(0, 1000)] * 4), st.integers(1, 9000), st.integers(1, 9000))
def test_normalised_boxes_come_back(values, width, height):
    """Thousandths to pixels and back changes nothing but rounding."""
    there = Box.from_normalized(values, width, height).normalized(width, height)
    assert there == pytest.approx(values, abs=1e-6)


def test_coco_boxes():
    """x, y, width and height become edges."""
    assert Box.from_xywh(10, 20, 30, 40) == (10, 20, 40, 60)


def test_tiles_are_cut_between_columns():
    """A cut moves into the gap beside it, so that no text is cut."""
    picture = PIL.Image.new("L", (1000, 300), 255)
    draw = PIL.ImageDraw.Draw(picture)
    for y in range(10, 290, 12):
        draw.line((20, y, 470, y), fill=0, width=5)
        draw.line((490, y, 980, y), fill=0, width=5)
    left, right = cut_tiles(picture, 2, 1)
    assert left.x2 == right.x1
    assert 470 < left.x2 < 490


def test_tiles_overlap_where_there_is_no_gap():
    """What one tile cuts, its neighbour shows whole."""
    picture = PIL.Image.effect_noise((1000, 300), 90)
    left, right = cut_tiles(picture, 2, 1)
    assert left.x2 - right.x1 == pytest.approx(50, abs=2)


def test_tiles_are_no_more_than_the_text_needs():
    """Large text needs no cutting; small text the fewest tokens that make it readable."""
    profile = get_profile("gpt-4o")
    assert choose_tiles(3840, 2160, profile, 40) == (1, 1)
    assert choose_tiles(3840, 2160, profile, 13) == (2, 2)
    assert choose_tiles(3840, 2160, profile, 10) == (4, 1)
