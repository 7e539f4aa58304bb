"""What stands beside the article: studies that no section draws, and a person's own runs."""

import re
from pathlib import Path

import pandas as pd

from lenet.report.charts import studies
from lenet.report.finished import Study
from lenet.report.writer import Report
from lenet.results import own, tables, timings
from lenet.results.scraps import Finished

STUDIES = """
### Other studies

Studies in `params/` that no section above draws.
"""
RUNS = """
### Single runs

Runs that were made with `make run`, apart from the studies that are declared. No conclusion and no
number of the article rests on them.
"""


def show(report: Report, study: Study, runs: Path) -> None:
    """Show the learning curves, or times, of other studies, and every own run in `runs`.

    To be called after all sections, whose `studies` are those that they draw. What results.json
    says of own runs is kept.
    """
    curves = study.evidence.curves
    others = sorted(set(studies.learnt(curves)["study"]) - report.drawn)
    times = other_times(study.finished, report.drawn)
    mine = own.read(runs, study.origin["data_sha256"])
    report.results["extra"] = own.told(runs, mine)
    text = STUDIES if others or len(times) else ""
    text += RUNS if report.results["extra"] else ""
    report.word("beside", text)
    for name in others:
        report.show(
            figure("study", name),
            studies.by_run(curves, name),
            f"Mean validation error in the runs of the study `{name}`.",
            f"Curves of the study {name}.",
        )
    for name, rows in times.groupby("study"):
        report.show(
            figure("study", name),
            studies.times_by_run(rows, name),
            f"Median seconds of an epoch in the runs of the study `{name}`.",
            f"Times of the study {name}.",
        )
    if report.results["extra"]:
        show_own(report, curves, mine)


def other_times(finished: list[Finished], drawn: set[str]) -> pd.DataFrame:
    """The times of studies that are neither drawn nor the article's own; see `timings.times`."""
    known = drawn.union(tables.TIMING_STUDIES)
    timed = [run for run in finished if "measured" in run.record and run.study not in known]
    return timings.times(timed)


def show_own(report: Report, curves: pd.DataFrame, mine: own.Own) -> None:
    """The own runs beside the declared ones of their studies, and a table of all of them."""
    added = tables.joined(mine.finished, "curves")
    both = pd.concat([curves, added])
    names = studies.learnt(added)["run"].str.split("/").str[1]
    for name in sorted(set(names)):
        report.show(
            figure("own", name),
            studies.by_run(both, name),
            f"Single runs, beside those that the study `{name}` declares (dashed).",
            f"Curves of runs beside {name}.",
        )
    report.table(
        "own-runs",
        rows(added, report.results["extra"]),
        "Every single run: its networks, how many failed, and the mean of the last errors.",
        {"Error": ".2%"},
    )


def rows(added: pd.DataFrame, extra: dict[str, dict]) -> pd.DataFrame:
    """Columns Run, Networks, Failed, Error, Left out (why)."""
    ends = added.groupby(["run", "seed"]).tail(1)
    found = []
    for name, told in extra.items():
        networks = ends[ends["run"] == name]
        failed = (networks["failed"] != "").sum()
        error = networks["validation_error"].mean()  # a failed network has none
        found.append((name, len(networks), failed, error, told["left_out"]))
    return pd.DataFrame(found, columns=["Run", "Networks", "Failed", "Error", "Left out"])


def figure(kind: str, study: str) -> str:
    """The name of a figure, which a reference can have.

    >>> figure("study", "Batch=32")
    'study-batch_32'
    """
    return f"{kind}-{re.sub(r'[^a-z0-9_-]', '_', study.lower())}"
