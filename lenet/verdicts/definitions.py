"""The sentences of 2017 and their tests, as `conclusions.yaml` defines them."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from lenet.verdicts.bands import Band, edges

FOLDER = Path(__file__).parent
SCHEMA = yaml.safe_load((FOLDER / "conclusions.schema.yaml").read_text("utf-8"))


class Test(NamedTuple):
    """A hypothesis, where it is measured, and its bands; `conclusions.yaml` tells the fields.

    What is only shown is a band without a place.
    """

    name: str
    hypothesis: str
    bands: dict[str, Band]
    reading: str = ""
    kind: str = "observation"
    points: str = ""
    filters: tuple[int, ...] = ()
    fewest: int = 1
    shown: dict[str, Band] = {}
    conditions: dict[str, Band] = {}

    def quantity(self, key: str) -> Band:
        """What is measured under a name, to decide or to be shown."""
        return self.bands.get(key) or self.shown[key]


class Sentence(NamedTuple):
    """A sentence of 2017 in our words, the section it stands in, and the names of its tests."""

    number: int
    section: str
    paraphrase: str
    tests: list[str]


class Definitions(NamedTuple):
    """All sentences in their order, all tests by name, and the names of the tests that are ours."""

    sentences: list[Sentence]
    tests: dict[str, Test]
    ours: list[str]


def load(text: str) -> Definitions:
    """The definitions in a YAML text. Raises ValueError, with the entry and its rule."""
    entries = yaml.safe_load(text)
    fault = best_match(Draft202012Validator(SCHEMA).iter_errors(entries))
    if fault:
        rule = fault.schema.get("description", "see conclusions.schema.yaml")
        raise ValueError(f"{fault.json_path}: {fault.message} ({rule})")
    sentences = []
    groups = []
    for number, entry in enumerate(entries["sentences"], start=1):
        names = list(entry["tests"])
        sentences.append(Sentence(number, entry["section"], entry["paraphrase"], names))
        groups.append(entry["tests"])
    tests: dict[str, Test] = {}
    for group in [*groups, entries["ours"]]:
        for name, entry in group.items():
            if name in tests:
                raise ValueError(f"{name}: must be the name of one test only")
            tests[name] = Test(name, **entry)._replace(
                bands=bands(name, entry["bands"]),
                shown=bands(name, entry.get("shown", {})),
                conditions=bands(name, entry.get("conditions", {})),
            )
    return Definitions(sentences, tests, list(entries["ours"]))


def bands(test: str, entries: dict) -> dict[str, Band]:
    """The bands of a test by name."""
    return {name: band(f"{test}: {name}", entry) for name, entry in entries.items()}


def band(name: str, entry: dict) -> Band:
    """A band from its entry; without a place it reaches everywhere. ValueError: edges must rise.

    >>> fall = band("fall", {"quantity": "q", "at_most": 0.1, "why": "w", "unit": "u"})
    >>> fall.low, fall.high
    (-inf, 0.1)
    """
    words: dict[str, Any] = {
        key: str(entry.get(key, "")) for key in ("quantity", "why", "unit", "side")
    }
    place = next((key for key in entry if key not in words), "")
    if not place:
        return Band(**words)
    low, high = edges(place, entry[place])
    if low > high:
        raise ValueError(f"{name}: within = {entry[place]}: must rise")
    return Band(place, low, high, **words)


CONCLUSIONS = load((FOLDER / "conclusions.yaml").read_text("utf-8"))
TESTS = CONCLUSIONS.tests
