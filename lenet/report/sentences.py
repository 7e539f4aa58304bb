"""Verdicts, limits and measurements in words and in tables, from what results.json holds."""

import pandas as pd

from lenet.report import numbers
from lenet.verdicts.bands import FAILS, HOLDS, NOT_MEASURED, UNDECIDED
from lenet.verdicts.conclusions import IN_PART

# A shape beside the word, so that a verdict is seen at once, and without colour.
MARKS = {HOLDS: "●", FAILS: "○", IN_PART: "◐", UNDECIDED: "?", NOT_MEASURED: "–"}
PLACES = {"at_least": "at least", "at_most": "at most", "above": "more than", "below": "less than"}
# How numbers of a test are written, by the unit of its band.
FORMS = {"share": "%", "relative": "%", "share of the fall": "%"}
FORMS.update(points="points", GiB="GiB", images="images")


def limits(band: dict) -> str:
    """Where a test says that a quantity lies.

    >>> limits({"place": "at_most", "low": None, "high": 0.1, "unit": "share"})
    'at most 10%'
    >>> limits({"place": "within", "low": 0.8, "high": 1.25, "unit": "ratio"})
    'from 0.8 to 1.25'
    """
    low, high, form = band["low"], band["high"], FORMS.get(band["unit"], "")
    if band["place"] in PLACES:
        edge = low if high is None else high
        return f"{PLACES[band['place']]} {numbers.shown(edge, form)}"
    if low == high:
        return f"exactly {numbers.shown(low, form)}"
    return f"from {numbers.bare(low, form)} to {numbers.shown(high, form)}"


def marked(verdict: str) -> str:
    """A verdict as a shape and a word.

    >>> print(marked(HOLDS))
    ● holds
    """
    return f"{MARKS[verdict]}\u00a0{verdict}"


def scorecard(results: dict) -> pd.DataFrame:
    """A row for each sentence of 2017, in its order, with both verdicts.

    Columns: No., The 2017 report says, 2017's numbers, Our runs.
    """
    rows = []
    for sentence in results["conclusions"]:
        row = {
            "No.": sentence["number"],
            "The 2017 report says": sentence["paraphrase"],
            "2017's numbers": marked(sentence["verdict_2017"]),
            "Our runs": marked(sentence["verdict"]),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def tests(results: dict) -> pd.DataFrame:
    """A row for each test: what it asks and why, verdicts and numbers of both sides.

    Columns: No. (of its sentence; none where it is ours), Test, Must be, 2017's numbers, Our runs.
    """
    rows = []
    for name, test in results["tests"].items():
        reading = f" Read as: {test['reading']}." if test["reading"] else ""
        studies = sorted({run.partition("/")[0] for run in test["runs"]})
        row = {
            "No.": _number(name, results),
            "Test": test["hypothesis"] + reading,
            "Must be": "; ".join(map(_asked, test["bands"].values())),
            "2017's numbers": _told(test["verdict_2017"], test["numbers"]["2017"]),
            "Our runs": _told(test["verdict"], test["numbers"]["ours"]),
        }
        if studies:
            row["Our runs"] += f"; runs of {', '.join(studies)}"
        rows.append(row)
    return pd.DataFrame(rows).sort_values("No.", kind="stable", ignore_index=True)


def _asked(band: dict) -> str:
    return f"{band['quantity']}: {limits(band)} ({band['why']})"


def _told(verdict: str, measured: list[dict]) -> str:
    """A verdict and the numbers that it hangs on, with intervals and the number of runs."""
    told = [marked(verdict)]
    for one in measured:
        found = f"{one['name']}: {numbers.interval(one, FORMS.get(one['unit'], ''))}"
        if one["n"]:
            found += f", n\u00a0=\u00a0{one['n']}"
        told.append(f"{found} ({one['note']})" if one["note"] else found)
    return "; ".join(told)


def _number(test: str, results: dict) -> int | None:
    """The number of the sentence that a test belongs to."""
    for sentence in results["conclusions"]:
        if test in sentence["tests"]:
            return sentence["number"]
    return None


def front(results: dict) -> dict[str, str]:
    """The lines below the title."""
    origin = results["origin"]
    machines = "; ".join(machine["cpu"] for machine in origin["machines"])
    return {
        "label": results["words"]["label"],
        "date": origin["last_finished"][:10],
        "origin": f"Runs on {machines}; commit {origin['report_commit']}",
    }
