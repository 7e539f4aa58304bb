"""The sentences of 2017 and their tests, as `conclusions.yaml` defines them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from lenet.verdicts.bands import Band, edges

FOLDER = Path(__file__).parent
SCHEMA = yaml.safe_load((FOLDER / "conclusions.schema.yaml").read_text("utf-8"))
PLACES = {"within", "at_least", "at_most", "above", "below"}


@dataclass(frozen=True)
class Test:
    """A hypothesis, where it is measured, and its bands; `conclusions.yaml` tells the fields.

    What is only shown is a band without a place.
    """

    name: str
    hypothesis: str
    bands: dict[str, Band]
    shown: dict[str, Band]
    reading: str = ""
    kind: str = "observation"
    points: str = ""
    filters: tuple[int, ...] = ()
    fewest: int = 1

    @property
    def quantities(self) -> dict[str, Band]:
        """All that is measured, by name: what decides, and what is shown."""
        return {**self.bands, **self.shown}


def load(text: str) -> tuple[list[dict], dict[str, Test]]:
    """All sentences in their order, and all tests by name, those that are ours last.

    A sentence has its number, section, paraphrase, and the names of its tests. Raises ValueError,
    with the entry and its rule.
    """
    entries = yaml.safe_load(text)
    fault = best_match(Draft202012Validator(SCHEMA).iter_errors(entries))
    if fault:
        rule = fault.schema.get("description", "see conclusions.schema.yaml")
        raise ValueError(f"{fault.json_path}: {fault.message} ({rule})")
    sentences = []
    tests = {}
    for number, entry in enumerate(entries["sentences"], start=1):
        sentences.append({**entry, "number": number, "tests": list(entry["tests"])})
        tests.update(entry["tests"])
    tests.update(entries["ours"])
    return sentences, {name: test(name, entry) for name, entry in tests.items()}


def test(name: str, entry: dict) -> Test:
    """A test from its entry."""
    bands = {key: band(words) for key, words in entry["bands"].items()}
    shown = {key: band(words) for key, words in entry.get("shown", {}).items()}
    return Test(name, **{**entry, "bands": bands, "shown": shown})


def band(entry: dict) -> Band:
    """A band from its entry; without a place it reaches everywhere.

    >>> fall = band({"quantity": "q", "at_most": 0.1, "why": "w", "unit": "u"})
    >>> fall.low, fall.high
    (-inf, 0.1)
    """
    words: dict[str, Any] = dict(entry)
    for place in PLACES.intersection(entry):
        low, high = edges(place, words.pop(place))
        words.update(place=place, low=low, high=high)
    return Band(**words)


SENTENCES, TESTS = load((FOLDER / "conclusions.yaml").read_text("utf-8"))
