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
    """A hypothesis, where it is measured, and its bands; `conclusions.yaml` tells the fields."""

    name: str
    hypothesis: str
    bands: dict[str, Band]
    reading: str = ""
    kind: str = "observation"
    at: str = ""
    filters: tuple[int, ...] = ()
    runs: int = 1
    shown: dict[str, dict[str, str]] = {}


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
            bands = {key: band(f"{name}: {key}", each) for key, each in entry["bands"].items()}
            tests[name] = Test(name, **{**entry, "bands": bands})
    return Definitions(sentences, tests, list(entries["ours"]))


def band(name: str, entry: dict[str, Any]) -> Band:
    """A band from its entry. Raises ValueError if its edges do not rise.

    >>> fall = band("fall", {"quantity": "q", "at_most": 0.1, "why": "w", "unit": "u"})
    >>> fall.low, fall.high
    (-inf, 0.1)
    """
    words = {key: entry[key] for key in ("quantity", "why", "unit")}
    place = next(key for key in entry if key not in words)
    low, high = edges(place, entry[place])
    if low > high:
        raise ValueError(f"{name}: within = {entry[place]}: must rise")
    return Band(place, low, high, **words)


CONCLUSIONS = load((FOLDER / "conclusions.yaml").read_text("utf-8"))
TESTS = CONCLUSIONS.tests
