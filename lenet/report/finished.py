"""The finished runs with what stands on them, and a report that has yet to say anything of them."""

from typing import Any, NamedTuple

from lenet.network import data
from lenet.plan import studies
from lenet.plan.parameters import ROOT
from lenet.report.writer import Report
from lenet.results import origin, scraps, tables, timings
from lenet.verdicts import conclusions


class Study(NamedTuple):
    """The finished runs of all studies, and what stands on them."""

    finished: list[scraps.Finished]
    evidence: tables.Evidence
    conclusions: conclusions.Conclusions
    origin: dict[str, Any]


def load(folder: str, preview: bool, draft: bool, gpu: bool) -> Study:
    """The runs in `folder`, from the project's root: all that are planned, or for a draft those
    that are finished. Raises ScrapError, with its name, for a run that is missing or damaged."""
    root = ROOT / folder
    plan = studies.plan(preview, gpu)
    missing: dict[str, str] = {}
    if draft:
        finished, missing = scraps.read_finished(root / "runs", plan)
    else:
        finished = scraps.read_all(root / "runs", plan)
    evidence = tables.evidence(finished, timings.records(root / "records"))
    return Study(finished, evidence, conclusions.judge(evidence), origin.origin(finished, missing))


def begin(study: Study, out: str, preview: bool, draft: bool) -> Report:
    """The report that writes to `out`, from the project's root, with the verdicts and counts."""
    label = origin.label(study.origin, preview, draft)
    report = Report(ROOT / out, study.origin["dataset"], preview, draft, label)
    report.results.update(study.conclusions.to_json())
    report.word("images/source", data.SOURCES[study.origin["dataset"]])
    inventory = tables.inventory(study.finished)
    for name in ("runs", "networks", "epochs"):
        report.number(f"count/{name}", inventory[name].sum())
    return report
