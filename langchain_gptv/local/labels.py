"""The classes that the detector knows, and the everyday words for them."""

from dataclasses import dataclass

COCO_LABELS = {
    1: "person",
    2: "bicycle",
    3: "car",
    4: "motorcycle",
    5: "airplane",
    6: "bus",
    7: "train",
    8: "truck",
    9: "boat",
    10: "traffic light",
    11: "fire hydrant",
    13: "stop sign",
    14: "parking meter",
    15: "bench",
    16: "bird",
    17: "cat",
    18: "dog",
    19: "horse",
    20: "sheep",
    21: "cow",
    22: "elephant",
    23: "bear",
    24: "zebra",
    25: "giraffe",
    27: "backpack",
    28: "umbrella",
    31: "handbag",
    32: "tie",
    33: "suitcase",
    34: "frisbee",
    35: "skis",
    36: "snowboard",
    37: "sports ball",
    38: "kite",
    39: "baseball bat",
    40: "baseball glove",
    41: "skateboard",
    42: "surfboard",
    43: "tennis racket",
    44: "bottle",
    46: "wine glass",
    47: "cup",
    48: "fork",
    49: "knife",
    50: "spoon",
    51: "bowl",
    52: "banana",
    53: "apple",
    54: "sandwich",
    55: "orange",
    56: "broccoli",
    57: "carrot",
    58: "hot dog",
    59: "pizza",
    60: "donut",
    61: "cake",
    62: "chair",
    63: "couch",
    64: "potted plant",
    65: "bed",
    67: "dining table",
    70: "toilet",
    72: "tv",
    73: "laptop",
    74: "mouse",
    75: "remote",
    76: "keyboard",
    77: "cell phone",
    78: "microwave",
    79: "oven",
    80: "toaster",
    81: "sink",
    82: "refrigerator",
    84: "book",
    85: "clock",
    86: "vase",
    87: "scissors",
    88: "teddy bear",
    89: "hair drier",
    90: "toothbrush",
}
"""Class id of the COCO data set to its label; the ids have gaps."""

_SYNONYMS = {
    "human": "person",
    "pedestrian": "person",
    "somebody": "person",
    "someone": "person",
    "anybody": "person",
    "anyone": "person",
    "bike": "bicycle",
    "cycle": "bicycle",
    "automobile": "car",
    "motorbike": "motorcycle",
    "plane": "airplane",
    "aeroplane": "airplane",
    "aircraft": "airplane",
    "lorry": "truck",
    "ship": "boat",
    "hydrant": "fire hydrant",
    "rucksack": "backpack",
    "purse": "handbag",
    "necktie": "tie",
    "ski": "skis",
    "ball": "sports ball",
    "racket": "tennis racket",
    "mug": "cup",
    "doughnut": "donut",
    "sofa": "couch",
    "plant": "potted plant",
    "table": "dining table",
    "television": "tv",
    "notebook computer": "laptop",
    "remote control": "remote",
    "phone": "cell phone",
    "cellphone": "cell phone",
    "smartphone": "cell phone",
    "fridge": "refrigerator",
    "teddy": "teddy bear",
    "hairdryer": "hair drier",
    "hair dryer": "hair drier",
}
"""Everyday words that mean the same as a label."""

_PEOPLE = "man woman child kid boy girl baby lady guy player rider driver cyclist chef waiter"

_NARROWER = {
    **dict.fromkeys(_PEOPLE.split(), "person"),
    **dict.fromkeys(("taxi", "van", "suv", "jeep"), "car"),
    **dict.fromkeys(("puppy", "poodle"), "dog"),
    **dict.fromkeys(("kitten", "tabby"), "cat"),
    **dict.fromkeys(("pony", "foal"), "horse"),
    **dict.fromkeys(("calf", "bull"), "cow"),
    **dict.fromkeys(("pigeon", "duck", "gull", "parrot", "owl"), "bird"),
}
"""Words that mean some of a label's things; the detector cannot tell which."""

_GROUPS = {
    "animal": [
        *("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"),
    ],
    "pet": ["cat", "dog", "bird"],
    "vehicle": ["bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"],
    "fruit": ["banana", "apple", "orange"],
    "vegetable": ["broccoli", "carrot"],
    "food": [
        *["banana", "apple", "sandwich", "orange", "broccoli", "carrot", "pizza", "donut", "cake"],
        "hot dog",
    ],
    "furniture": ["chair", "couch", "bed", "dining table", "bench"],
    "appliance": ["microwave", "oven", "toaster", "refrigerator", "hair drier"],
    "tableware": ["bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl"],
    "cutlery": ["fork", "knife", "spoon"],
    "bag": ["backpack", "handbag", "suitcase"],
    "device": ["tv", "laptop", "mouse", "remote", "keyboard", "cell phone"],
}
"""Words for several labels at once."""

_IRREGULAR = {
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
    "calf": "calves",
    "mouse": "mice",
    "knife": "knives",
    **{word: word for word in ("sheep", "scissors", "skis", "aircraft", "cutlery")},
    **{word: word for word in ("tableware", "furniture", "food", "fruit")},
}


@dataclass(frozen=True, slots=True)
class Noun:
    """A word for things that the detector finds.

    Attributes:
        word: In the singular.
        labels: The classes it may mean.
        is_exact: False when it means only some things of the class, as 'woman' of 'person'.
    """

    word: str
    labels: tuple[str, ...]
    is_exact: bool = True


def pluralize(word: str) -> str:
    """Return the plural of a noun from the tables above.

    Example:
        >>> pluralize("person"), pluralize("bus"), pluralize("puppy"), pluralize("sheep")
        ('people', 'buses', 'puppies', 'sheep')
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "ch", "sh", "x")) else "s")


def count_noun(count: int, word: str) -> str:
    """Return '1 cup', '2 cups', 'no cups'.

    Example:
        >>> count_noun(1, "person"), count_noun(3, "person"), count_noun(0, "bus")
        ('1 person', '3 people', 'no buses')
    """
    return f"{count or 'no'} {word if count == 1 else pluralize(word)}"


def _build_nouns() -> dict[str, Noun]:
    nouns = [Noun(label, (label,)) for label in COCO_LABELS.values()]
    nouns += [Noun(word, (label,)) for word, label in _SYNONYMS.items()]
    nouns += [Noun(word, (label,), is_exact=False) for word, label in _NARROWER.items()]
    nouns += [Noun(word, tuple(labels)) for word, labels in _GROUPS.items()]
    nouns.append(Noun("object", tuple(COCO_LABELS.values())))
    forms = {noun.word: noun for noun in nouns}
    forms |= {pluralize(noun.word): noun for noun in nouns}
    return forms | {"persons": forms["person"], "things": forms["object"]}


NOUNS = _build_nouns()
"""Every known word, singular and plural, to what it means."""


def labels_of(word: str) -> tuple[str, ...]:
    """Return the labels that an everyday word may mean; none for a word that is not known.

    Example:
        >>> labels_of("sofa"), labels_of("lorries"), labels_of("freedom")
        (('couch',), ('truck',), ())
    """
    noun = NOUNS.get(word.lower())
    return noun.labels if noun else ()
