"""The verdicts: every sentence of 2017 and every test, on its own numbers and on our runs."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from lenet.results.tables import Evidence
from lenet.verdicts import filters, learning_rate, runtime, sides
from lenet.verdicts.bands import FAILS, HOLDS, NOT_MEASURED, Measurement, decide, gravest
from lenet.verdicts.definitions import CONCLUSIONS, Sentence, Test
from lenet.verdicts.intervals import Estimate
from lenet.verdicts.sides import SLOWEST, Side

IN_PART = "holds in part"


class TestResult(NamedTuple):
    """What a test measured on both sides."""

    test: Test
    hand_in: list[Measurement]
    ours: list[Measurement]

    @property
    def verdict_2017(self) -> str:
        """The verdict on 2017's numbers, where one run must do."""
        return decide(self.hand_in, self.test.bands, 1)

    @property
    def verdict(self) -> str:
        """The verdict on our runs."""
        return decide(self.ours, self.test.bands, self.test.fewest)

    @property
    def runs(self) -> list[str]:
        """The names of our runs that were looked at."""
        return sorted({run for one in self.ours for run in one.runs})

    def to_json(self) -> dict:
        """The test's fields, its verdicts, its numbers on both sides, and our runs."""
        entry = self.test._asdict()
        for group in ("bands", "shown", "conditions"):
            entry[group] = {name: band._asdict() for name, band in entry[group].items()}
        entry["verdict_2017"] = self.verdict_2017
        entry["verdict"] = self.verdict
        entry["numbers"] = {
            "2017": [one.to_json() for one in self.hand_in],
            "ours": [one.to_json() for one in self.ours],
        }
        entry["runs"] = self.runs
        return entry


class SentenceResult(NamedTuple):
    """A sentence and the results of its tests."""

    sentence: Sentence
    tests: list[TestResult]

    @property
    def verdict_2017(self) -> str:
        """The verdict on 2017's numbers; a test that its one run cannot answer is left out."""
        verdicts = [result.verdict_2017 for result in self.tests]
        return together([verdict for verdict in verdicts if verdict != NOT_MEASURED])

    @property
    def verdict(self) -> str:
        """The verdict on our runs."""
        return together([result.verdict for result in self.tests])

    def to_json(self) -> dict:
        """The sentence, the names of its tests, and both verdicts."""
        entry = self.sentence._asdict()
        entry["verdict_2017"] = self.verdict_2017
        entry["verdict"] = self.verdict
        return entry


def together(verdicts: list[str]) -> str:
    """The verdict on a sentence from those of its tests.

    >>> together(["holds", "does not hold"]), together(["holds", "undecided"])
    ('holds in part', 'undecided')
    """
    if HOLDS in verdicts and FAILS in verdicts:
        return IN_PART
    return gravest(verdicts)


class Conclusions(NamedTuple):
    """The sentences of 2017 in their order, the tests that are ours, and all tests by name."""

    sentences: list[SentenceResult]
    ours: list[TestResult]
    tests: dict[str, TestResult]

    def to_json(self) -> dict:
        """The entries `conclusions` and `tests` of results.json."""
        conclusions = [result.to_json() for result in self.sentences]
        tests = {name: result.to_json() for name, result in self.tests.items()}
        return finite({"conclusions": conclusions, "tests": tests})


def finite(value: Any) -> Any:
    """The same lists and dicts, with None for each number that is not finite.

    >>> finite({"ends": [2.0, math.inf], "unit": "ratio"})
    {'ends': [2.0, None], 'unit': 'ratio'}
    """
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def judge(evidence: Evidence) -> Conclusions:
    """All verdicts. Raises ValueError where two runs of one network disagree."""
    hand_in = sides.hand_in(evidence)
    ours = sides.as_in_2017(evidence)
    tests = {}
    for name, test in CONCLUSIONS.tests.items():
        theirs = measure(test, hand_in)
        tests[name] = TestResult(test, theirs, measure(test, ours))
    sentences = []
    for sentence in CONCLUSIONS.sentences:
        results = [tests[name] for name in sentence.tests]
        sentences.append(SentenceResult(sentence, results))
    return Conclusions(sentences, [tests[name] for name in CONCLUSIONS.ours], tests)


def measure(test: Test, side: Side) -> list[Measurement]:
    """All measurements of a test on a side, with the runs and places that were looked at.

    One is named after its point ("0.01"), its band ("loss"), or both ("8 filters time"). Raises
    ValueError where an estimate has no name and the test more than one band.
    """
    function = function_of(test.name)
    found = []
    for point, arguments in points(test, side.learning_rates).items():
        side.forget()
        result = function(side, *arguments)
        if isinstance(result, Estimate):
            band = name_of_band(test)
            found.append(measurement(test, point or band, band, result, side))
            continue
        for key, estimate in result.items():
            if test.quantity(key).side in ("", side.name):
                name = f"{point} {key}".strip()
                found.append(measurement(test, name, key, estimate, side))
    return found


def name_of_band(test: Test) -> str:
    """The name of a test's one band. Raises ValueError where it has more."""
    if len(test.bands) > 1:
        names = ", ".join(test.bands)
        raise ValueError(f"{test.name}: must return its estimates by the names {names}")
    return next(iter(test.bands))


def measurement(test: Test, name: str, key: str, estimate: Estimate, side: Side) -> Measurement:
    """A measurement of a band of the test, or of what it only shows; arithmetic has no runs."""
    runs = []
    if estimate.n is not None:
        runs = sorted(side.runs)
        place = "; ".join(sorted(side.places))
        estimate = estimate.noted(estimate.note or place)
    band = key if key in test.bands else ""
    return Measurement(name, estimate, band, test.quantity(key).unit, runs)


def points(test: Test, learning_rates: Sequence[float]) -> dict[str, Sequence]:
    """Where a test is measured: the names of the points, and what its function gets at each.

    >>> test = Test("growth", "It grows.", {}, points="doublings", filters=(8, 16, 32))
    >>> points(test, [])
    {'8 to 16': (8, 16), '16 to 32': (16, 32)}
    """
    if test.points == "learning rates":
        return {f"{lr:g}": [lr] for lr in learning_rates if lr > SLOWEST}
    if test.points == "neighbours":
        return {f"{pair[0]:g} over {pair[1]:g}": pair for pair in pairwise(learning_rates)}
    if test.points == "filters":
        return {f"{filters} filters": [filters] for filters in test.filters}
    if test.points == "doublings":
        return {f"{pair[0]} to {pair[1]}": pair for pair in pairwise(test.filters)}
    return {"": []}


def function_of(name: str) -> Callable:
    """The function that measures a test. Raises ValueError where there is none.

    >>> function_of("0001_goes_on").__name__
    'at_0001_goes_on'
    """
    function = f"at_{name}" if name[0].isdigit() else name
    for module in (filters, learning_rate, runtime):
        found = getattr(module, function, None)
        # What a module has imported is no test of its own.
        if found and found.__module__ == module.__name__:
            return found
    raise ValueError(f"{name}: must be a function in filters, learning_rate or runtime")
