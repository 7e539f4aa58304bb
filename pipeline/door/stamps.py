"""What must be made, and why: by what files hold, never by their times.

A stamp is an empty file: a run, or the report, is as it must be. Snakemake makes what has none. Of
a run `results.scraps.fault` decides it, of the report this module.
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from lenet.network.data import Dataset
from lenet.plan import sources
from lenet.plan.studies import Run
from lenet.results import own, scraps

REPORTS = Path("reports")
PREVIEW = REPORTS / "preview"
PARTS = ("report.html", "report.pdf", "results.json")


def stamp(folder: Path, name: str) -> Path:
    """The stamp of a run, of "report" or of "draft"."""
    return folder / "logs" / f"{name}.done"


def renew(folder: Path, made: Iterable[str]) -> None:
    """Take all stamps away, then set those of the runs that are made.

    All are set anew, since Snakemake stops at one that seems to come from the future.
    """
    for old in (folder / "logs").rglob("*.done"):
        old.unlink()
    for name in made:
        path = stamp(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def run_faults(folder: Path, runs: list[Run], images: Dataset) -> dict[str, str]:
    """Why a run must be made (again), by the name of each that must."""
    faults = {}
    for run in runs:
        path = scraps.place(folder / "runs", run)
        fault = scraps.fault(path, run, sources.digest(run.notebook), images.digest)
        if fault:
            faults[run.name] = fault
    return faults


def told(faults: dict[str, str]) -> list[str]:
    """What is made again, and why; one line for the runs of a study with the same reason.

    >>> told({"a/x=1": "missing", "b/x=1": "made from other data", "b/x=2": "made from other data"})
    ['to be made again: b, made from other data (2 runs)']
    """
    again = [(name, fault) for name, fault in faults.items() if fault != "missing"]
    counts = Counter(f"{name.partition('/')[0]}, {fault}" for name, fault in again)
    return [f"to be made again: {what} ({count} runs)" for what, count in counts.items()]


def report_fault(folder: Path, runs: list[Run]) -> str:
    """Why the report of these runs must be made (again); "" where it is as it must be."""
    if not stamp(folder, "report").exists():
        return "it was not made since its runs were"
    return content_fault(folder, runs) or own_fault(folder)


def own_fault(folder: Path) -> str:
    """Why a report does not tell of the runs of a person's own in its folder; "" where it does."""
    results = json.loads((folder / "results.json").read_bytes())
    told = {name: run["digest"] for name, run in results.get("extra", {}).items()}
    changed = own.digests(folder / "runs") != told
    return "runs of one's own were added, changed or removed" if changed else ""


def content_fault(folder: Path, runs: list[Run]) -> str:
    """Why the report or draft in a folder is not one of these runs; "" where it is."""
    for name in PARTS:
        if not (folder / name).is_file():
            return f"{name} is missing"
    try:
        origin = json.loads((folder / "results.json").read_bytes())["origin"]
        made_from = {name: run["sources"] for name, run in origin["runs"].items()}
        made_by = origin["report_sources"]
    except Exception as error:  # whatever a file of that name may hold
        return f"results.json is damaged ({type(error).__name__})"
    wanted = {run.name: sources.digest(run.notebook) for run in runs}
    if made_by != sources.report_digest() or not wanted.items() <= made_from.items():
        return "it was made by other sources, or without all runs"
    return ""
