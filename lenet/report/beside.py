"""What stands beside the article: studies that no section draws, and a person's own runs."""

import re
from pathlib import Path

import pandas as pd

from lenet.report import article
from lenet.report.charts import studies
from lenet.report.writer import Report
from lenet.results import own, tables

STUDIES = """
### Other studies

Studies in `params/` that no section above draws.
"""
RUNS = """
### Single runs

Runs that were made with `make run`, apart from the studies that are declared. No conclusion and no
number of the article rests on them.
"""


def show(report: Report, study: article.Study, runs: Path) -> None:
    """Show the learning curves of other studies, and every own run in `runs`; keep what they are.

    To be called after all sections, whose `studies` are those that they draw.
    """
    curves = study.evidence.curves
    learnt = curves[(curves["failed"] == "") & (curves["epoch"] > 0)]
    others = sorted(set(learnt["study"]) - report.drawn)
    mine = own.read(runs, study.origin["data_sha256"])
    report.results["extra"] = own.told(runs, mine)
    text = STUDIES if others else ""
    text += RUNS if report.results["extra"] else ""
    report.word("beside", text)
    for name in others:
        chart = studies.by_run(curves, name)
        caption = f"Mean validation error in the runs of the study `{name}`."
        report.show(figure("study", name), chart, caption, f"Curves of the study {name}.")
    show_own(report, curves, mine)


def show_own(report: Report, curves: pd.DataFrame, mine: own.Own) -> None:
    """The own runs beside the declared ones of their studies, and a table of all of them."""
    added = tables.joined(mine.finished, "curves")
    both = pd.concat([curves, added])
    learnt = added.loc[added["failed"] == "", "run"]
    for name in sorted(set(learnt.str.split("/").str[1])):
        chart = studies.by_run(both, name)
        caption = f"Single runs, beside those that the study `{name}` declares (dashed)."
        report.show(figure("own", name), chart, caption, f"Curves of runs beside {name}.")
    if report.results["extra"]:
        caption = (
            "Every single run: its networks, how many failed, and the mean of the last errors."
        )
        report.table("own-runs", rows(added, report.results["extra"]), caption, {"Error": ".2%"})


def rows(added: pd.DataFrame, extra: dict[str, dict]) -> pd.DataFrame:
    """Columns Run, Networks, Failed, Error, Left out (why)."""
    ends = added.groupby(["run", "seed"]).tail(1)
    found = []
    for name, told in extra.items():
        networks = ends[ends["run"] == name]
        learnt = networks[networks["failed"] == ""]
        error = learnt["validation_error"].mean()
        failed = len(networks) - len(learnt)
        found.append((name, len(networks), failed, error, told["left_out"]))
    return pd.DataFrame(found, columns=["Run", "Networks", "Failed", "Error", "Left out"])


def figure(kind: str, study: str) -> str:
    """The name of a figure, which a reference can have.

    >>> figure("study", "Batch=32")
    'study-batch_32'
    """
    return f"{kind}-{re.sub(r'[^a-z0-9_-]', '_', study.lower())}"
