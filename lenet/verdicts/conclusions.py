"""The verdicts: every sentence of 2017 and every test, on its own numbers and on our runs."""

import json
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from typing import NamedTuple

from lenet.results.tables import Evidence
from lenet.verdicts import sides
from lenet.verdicts.bands import FAILS, HOLDS, NOT_MEASURED, Measurement, decide, gravest
from lenet.verdicts.definitions import FOLDER, SENTENCES, TESTS, Test
from lenet.verdicts.intervals import Estimate
from lenet.verdicts.sides import Side

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

    def to_json(self) -> dict:
        """The test's fields, its verdicts, its numbers on both sides, and our runs."""
        return {
            **asdict(self.test),
            "verdict_2017": self.verdict_2017,
            "verdict": self.verdict,
            "numbers": {
                "2017": [one.to_json() for one in self.hand_in],
                "ours": [one.to_json() for one in self.ours],
            },
            "runs": sorted({run for one in self.ours for run in one.runs}),
        }


def on_sentence(sentence: dict, tests: dict[str, TestResult]) -> dict:
    """A sentence with both verdicts; on 2017's side without what its one run cannot answer."""
    results = [tests[name] for name in sentence["tests"]]
    then = [result.verdict_2017 for result in results]
    return {
        **sentence,
        "verdict_2017": together([verdict for verdict in then if verdict != NOT_MEASURED]),
        "verdict": together([result.verdict for result in results]),
    }


def together(verdicts: list[str]) -> str:
    """The verdict on a sentence from those of its tests.

    >>> together(["holds", "does not hold"]), together(["holds", "undecided"])
    ('holds in part', 'undecided')
    """
    if HOLDS in verdicts and FAILS in verdicts:
        return IN_PART
    return gravest(verdicts)


class Conclusions(NamedTuple):
    """The results of all tests by name."""

    tests: dict[str, TestResult]

    def to_json(self) -> dict:
        """The entries `conclusions` and `tests` of results.json; None where none is finite."""
        conclusions = [on_sentence(sentence, self.tests) for sentence in SENTENCES]
        tests = {name: result.to_json() for name, result in self.tests.items()}
        text = json.dumps({"conclusions": conclusions, "tests": tests})
        return json.loads(text, parse_constant=lambda infinity: None)


def judge(evidence: Evidence) -> Conclusions:
    """All verdicts. Raises ValueError where two runs of one network disagree."""
    hand_in = sides.hand_in(evidence)
    ours = sides.as_in_2017(evidence)
    tests = {}
    for name, test in TESTS.items():
        tests[name] = TestResult(test, measure(test, hand_in), measure(test, ours))
    return Conclusions(tests)


def measure(test: Test, side: Side) -> list[Measurement]:
    """All measurements of a test on a side, with the runs and places that were looked at.

    A side that none of its quantities is of is not asked.
    Raises ValueError where an estimate has no name and the test more than one quantity.
    """
    function = function_of(test.name)
    found: list[Measurement] = []
    if not {each.side for each in test.quantities.values()} & {"", side.name}:
        return found
    for point, arguments in side.points(test).items():
        side.runs.clear()
        result = function(side, *arguments)
        if isinstance(result, Estimate):
            [key] = test.quantities
            result = {key: result}
        for key, estimate in result.items():
            if test.quantities[key].side in ("", side.name):
                found.append(measurement(test, point, key, estimate, side))
    return found


def measurement(test: Test, point: str, key: str, estimate: Estimate, side: Side) -> Measurement:
    """A measurement of one quantity of a test at a point; arithmetic has no runs.

    It is named after its point ("0.01"), its quantity ("loss"), or both ("8 filters time").
    """
    name = point
    if not point or len(test.quantities) > 1:
        name = f"{point} {key}".strip()
    runs = []
    if estimate.n is not None:
        runs = sorted(side.runs)
        estimate = estimate._replace(note=estimate.note or side.place())
    band = key if key in test.bands else ""
    return Measurement(name, estimate, band, test.quantities[key].unit, runs)


def function_of(name: str) -> Callable:
    """The function that measures a test, in any module of this room; ValueError where none is.

    >>> function_of("1_in_5")
    Traceback (most recent call last):
    ValueError: at_1_in_5: must be a function in a module of lenet/verdicts
    """
    function = f"at_{name}" if name[0].isdigit() else name
    for path in sorted(FOLDER.glob("[!_]*.py")):
        module = import_module(f"lenet.verdicts.{path.stem}")
        found = getattr(module, function, None)
        # What a module has imported is no test of its own.
        if found and found.__module__ == module.__name__:
            return found
    raise ValueError(f"{function}: must be a function in a module of lenet/verdicts")
