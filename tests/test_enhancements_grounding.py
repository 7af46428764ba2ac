"""Which phrases of an answer are tied to what: objects by their names, text by its words."""

import pytest
from local_pages import RECEIPT, line, seen, thing

from langchain_gptv import Box
from langchain_gptv.local.grounding import Grounder

CAT = thing("cat", 0.9, (0, 0, 100, 100))
BUS = thing("bus", 0.9, (100, 0, 300, 100))
PEOPLE = [thing("person", 0.9, (0, 200, 50, 300)), thing("person", 0.8, (60, 200, 110, 300))]


def tied(answer, lines=(), objects=()):
    """The phrases of an answer that have a box."""
    return [span.text for span in Grounder(seen(lines, objects)).ground(answer)]


@pytest.mark.parametrize(
    ("answer", "phrases"),
    [
        ("I see a cat.", ["a cat"]),
        ("The CAT sleeps", ["The CAT"]),
        ("Two small white kittens play", ["Two small white kittens"]),
        ("There are animals and vehicles", ["animals", "vehicles"]),
        ("a cat-like shape, a concatenation", []),
        ("There are no cats here", []),
        ("Three buses", ["Three buses"]),
        ("things and objects", []),
        ("It is a dog", []),
        ("", []),
    ],
)
def test_objects_are_known_by_their_everyday_names(answer, phrases):
    """Plurals, synonyms and groups count; parts of words, denials and absent things do not."""
    assert tied(answer, objects=[CAT, BUS]) == phrases


def test_a_word_for_one_of_several_is_tied_to_none():
    """Of two persons the detector cannot tell which is the woman; of one it can."""
    assert tied("The woman waves", objects=PEOPLE) == []
    assert tied("The woman waves", objects=PEOPLE[:1]) == ["The woman"]
    assert tied("The people wave", objects=PEOPLE) == ["The people"]


def test_labels_of_other_observers_are_words_too():
    """A class that the embedded detector does not know is found by its own name."""
    assert tied("A red Fire Engine.", objects=[thing("Fire engine")]) == ["A red Fire Engine"]


@pytest.mark.parametrize(
    ("answer", "phrases"),
    [
        ("The total is £9.35.", ["9.35"]),
        ("It was bought at Harbour Street Cafe.", ["Harbour Street Cafe"]),
        ("It was bought at the Harbor Street Cafe.", ["Harbor Street Cafe"]),
        ("The total is 9.36.", []),
        ("On 13/04/2026 at 14:32", ["13/04/2026", "14:32"]),
        ("It lists 2 things and a change of plan", []),
        ('It says "croissant".', ["croissant"]),
        ("A croissant", []),
        ("the of and in", []),
        ('The shop says "at Harbour Street Cafe".', ["Harbour Street Cafe"]),
    ],
)
def test_printed_words_are_found(answer, phrases):
    """Numbers must be the very same; words may be misread; lone common words are chance."""
    pytest.importorskip("rapidfuzz", reason="the extra 'local' is not installed")
    assert tied(answer, RECEIPT) == phrases


def test_a_number_that_is_printed_twice_is_that_of_its_row():
    """9.35 is both subtotal and total; the row that the answer speaks of decides."""
    subtotal, total = (
        Grounder(seen(RECEIPT)).ground(f"The {name} is 9.35.")[-1].box(600, 400)
        for name in ("subtotal", "TOTAL")
    )
    assert subtotal.center[1] == pytest.approx(190, abs=1)
    assert total.center[1] == pytest.approx(250, abs=1)


@pytest.mark.parametrize("said", ["“NO ENTRY”", '"NO ENTRY."', "'No entry'"])
def test_a_quotation_has_its_small_words_too(said):
    """Between quotation marks 'no' is what is printed; without, it is anybody's word."""
    sign = [line("NO ENTRY", 0, 0)]
    assert tied(f"The sign says {said}", sign) == [said.strip("“”\"'.")]
    assert tied("There is no ENTRY", sign) == ["ENTRY"]


def test_a_quotation_over_two_lines_is_two_spans():
    """Each line has its own box, as no rectangle holds both without more."""
    lines = [line("Keep off", 0, 0), line("the grass please", 0, 30)]
    assert tied("It says: keep off the grass please", lines) == ["keep off", "the grass please"]


def test_offsets_count_code_points():
    """Signs outside the basic plane count one each, as in Python's strings."""
    (span,) = Grounder(seen([], [CAT])).ground("😀😀 a cat")
    assert (span.offset, span.length) == (3, 5)


def test_lines_without_words_are_parted_by_their_length():
    """An observer that gives lines alone still gives a word its part of the line."""
    from dataclasses import replace

    bare = replace(line("Total 12.50 paid", 0, 0), words=())
    (span,) = Grounder(seen([bare])).ground("12.50")
    assert tuple(span.box(600, 400).rounded()) == (60, 0, 110, 20)


def test_boxes_stay_inside_the_picture():
    """A box over the edge is cut there, so that polygons lie in 0..1."""
    (span,) = Grounder(seen([], [thing("cat", 0.9, (-20, -5, 700, 500))])).ground("a cat")
    assert span.polygon == ((0, 0), (1, 0), (1, 1), (0, 1))
    assert span.box(600, 400).iou(Box(0, 0, 600, 400)) == 1
