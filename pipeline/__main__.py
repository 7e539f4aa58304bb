"""What make calls: `python -m pipeline report`, `preview` or `draft`."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from lenet.network import data, machine
from lenet.plan import sources
from lenet.plan.parameters import ROOT, ParameterError
from lenet.plan.studies import Run, plan
from lenet.results.scraps import ScrapError
from pipeline.door import lock, progress, stamps, workflow
from pipeline.door.stamps import PREVIEW, REPORTS


def say(text: str) -> None:
    """Tell the person at the terminal."""
    progress.say(f"lenet: {text}")


def has_gpu() -> bool:
    """Whether runs on a GPU are planned; it is asked for once, before that."""
    absence = machine.gpu_absence()
    if absence:
        say(f"no GPU series: {absence}")
    return not absence


def draft(gpu: bool) -> int:
    """Render a draft from what is finished; the exit status."""
    command = [
        sys.executable,
        "-m",
        "pipeline.pages",
        "reports",
        "reports/logs/draft.log",
        "--draft",
    ]
    if gpu:
        command.append("--gpu")
    status = subprocess.run(command, env=workflow.surroundings()).returncode
    if status == 0:
        say("a draft can be read now: reports/draft/report.html")
    return status


def make(preview: bool, more: list[str]) -> int:
    """Make what is missing, then the report or its preview; the exit status.

    `more` is handed to Snakemake: who asks that for something else may not get a report.
    """
    folder = PREVIEW if preview else REPORTS
    gpu = has_gpu()
    runs = plan(preview, gpu)
    images = data.load("digits" if preview else "mnist")
    faults = stamps.run_faults(folder, runs, images)
    if not (faults or more or stamps.report_fault(folder, runs)):
        say(f"nothing to do: {folder}/report.html and report.pdf are up to date")
        return 0
    from lenet.results import timings  # pandas takes a second to load

    # What would stop the report is told before hours of runs.
    sources.report_digest()
    timings.records(folder / "records")
    for line in stamps.told(faults):
        say(line)
    stamps.renew(folder, [run.name for run in runs if run.name not in faults])
    config = {"preview": preview, "gpu": gpu, "draft": not preview and needs_draft(runs, faults)}
    missing = [run for run in runs if run.name in faults]
    cores = workflow.side_by_side(machine.cores(), machine.memory_bytes())
    told = progress.Progress(missing, len(images.train), cores, preview)
    log = folder / "logs" / "snakemake.log"
    status = workflow.run(config, more, log, told)
    if status and "\nlenet: failed " not in log.read_text():
        progress.say("\n".join(log.read_text().splitlines()[-20:]))
    ended = conclude(folder, runs, gpu, failed=status != 0)
    return status if more else ended


def conclude(folder: Path, runs: list[Run], gpu: bool, failed: bool) -> int:
    """Tell what the files say of the report, whatever Snakemake said; the exit status."""
    left = [run.name for run in runs if not stamps.stamp(folder, run.name).exists()]
    fault = f"not made: {', '.join(left)}" if left else stamps.report_fault(folder, runs)
    if not fault:
        say(f"{folder}/report.html, report.pdf and results.json are ready")
        return 0
    say(f"{folder}/report.html is not up to date: {fault}")
    say(f"what is done is kept; see {folder}/logs/snakemake.log")
    if left and failed and folder == REPORTS:
        draft(gpu)
    return 1


def needs_draft(runs: list[Run], faults: dict[str, str]) -> bool:
    """Whether a draft is to be read while runs go on that it does not need."""
    first = [run for run in runs if run.draft]
    later = [run for run in runs if run.name in faults and not run.draft]
    return bool(first and later and stamps.content_fault(REPORTS / "draft", first))


def report(needs_mnist: bool, more: list[str]) -> int:
    """Make the report, or where there is no MNIST its preview; the exit status."""
    found = data.decide()
    say(f"{found.name}: {found.reason}")
    if found.name == "mnist":
        return make(False, more)
    if needs_mnist:
        raise data.DataError("dataset = mnist: there is no MNIST here")
    say(f"NO MNIST: making a PREVIEW on scikit-learn's digits, in {PREVIEW}/")
    status = make(True, more)
    old = REPORTS / "report.html"
    if old.exists():
        say(f"{old} is an older one, of {time.ctime(old.stat().st_mtime)}")
    return status


def main() -> int:
    """Do what the command line says; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("what", choices=("report", "preview", "draft"))
    parser.add_argument("--dataset", choices=("mnist",), help="mnist: without it make no preview")
    given, more = parser.parse_known_args()
    os.chdir(ROOT)
    workflow.listen()
    try:
        if given.what == "draft":
            return draft(has_gpu())
        with lock.one_at_a_time(REPORTS):
            if given.what == "preview":
                return make(True, more)
            return report(given.dataset == "mnist", more)
    except (ParameterError, ScrapError, data.DataError, OSError) as error:
        raise SystemExit(f"lenet: {error}") from None
    except KeyboardInterrupt as error:
        raise SystemExit(f"lenet: stopped ({error}); what is done is kept") from None


if __name__ == "__main__":
    sys.exit(main())
