"""Verdicts, limits and measurements in words and in tables, from what results.json holds."""

import pandas as pd

from lenet.report import numbers
from lenet.verdicts.bands import FAILS, HOLDS, NOT_MEASURED, UNDECIDED
from lenet.verdicts.conclusions import IN_PART

# A shape beside the word, so that a verdict is seen at once, and without colour.
MARKS = {HOLDS: "●", FAILS: "○", IN_PART: "◐", UNDECIDED: "?", NOT_MEASURED: "–"}
PLACES = {"at_least": "at least", "at_most": "at most", "above": "more than", "below": "less than"}
# How numbers of a test are written, by the unit of its band.
FORMS = {
    "share": "%",
    "relative": "%",
    "share of the fall": "%",
    "points": "points",
    "GiB": "GiB",
    "images": "images",
}


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
    sentences = pd.DataFrame(results["conclusions"])
    columns = {
        "No.": sentences["number"],
        "The 2017 report says": sentences["paraphrase"],
        "2017's numbers": sentences["verdict_2017"].map(marked),
        "Our runs": sentences["verdict"].map(marked),
    }
    return pd.DataFrame(columns)


def tests(results: dict) -> pd.DataFrame:
    """A row for each test: what it asks and why, verdicts and numbers of both sides.

    Columns: No. (of its sentence; none where it is ours), Test, Must be, 2017's numbers, Our runs.
    """
    sentence_of: dict[str, int] = {}
    for sentence in results["conclusions"]:
        sentence_of.update(dict.fromkeys(sentence["tests"], sentence["number"]))
    rows = []
    for name, test in results["tests"].items():
        reading = f" Read as: {test['reading']}." if test["reading"] else ""
        studies = sorted({run.partition("/")[0] for run in test["runs"]})
        row = {
            "No.": sentence_of.get(name),
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


def front(results: dict) -> dict[str, str]:
    """The lines below the title."""
    origin = results["origin"]
    machines = "; ".join(machine["cpu"] for machine in origin["machines"])
    return {
        "label": results["words"]["label"],
        "date": origin["last_finished"][:10],
        "origin": f"Runs on {machines}; commit {origin['report_commit']}",
    }
