"""What make calls: `python -m pipeline report`, `preview`, `draft` or `plan`."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from lenet.network import data, machine
from lenet.plan import sources
from lenet.plan.parameters import ROOT, ParameterError
from lenet.plan.studies import Run, plan
from lenet.results.scraps import ScrapError
from pipeline import signals
from pipeline.door import cluster, lock, outlook, progress, resources, stamps, workflow
from pipeline.door.stamps import PREVIEW, REPORTS

# The name in SLURM of the jobs of a call, until it has ended.
KEPT = REPORTS / ".slurm"


def say(text: str) -> None:
    """Tell the person at the terminal."""
    progress.say(f"lenet: {text}")


class Asked(NamedTuple):
    """What the person asks for, beside what is to be made."""

    profile: Path | None  # of Snakemake
    gpu: bool  # even where this machine has none
    preview: bool  # a plan of it, whether there is MNIST or not
    more: list[str]  # handed to Snakemake: who asks that for something else may not get a report

    @property
    def on_cluster(self) -> bool:
        """Whether runs are jobs of a cluster. Raises ProfileError, OSError."""
        return self.profile is not None and resources.cluster(self.profile)

    def words(self) -> list[str]:
        """Snakemake's arguments. Raises ProfileError, OSError."""
        if not self.profile:
            return self.more
        words = ["--profile", str(self.profile)]
        if self.on_cluster:
            resources.read(self.profile)
            words += ["--configfile", str(self.profile / resources.FILE)]
        return [*words, *self.more]


def has_gpu(asked: bool) -> bool:
    """Whether runs on a GPU are planned; it is asked for once, before that."""
    absence = "" if asked else machine.gpu_absence()
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


def make(preview: bool, asked: Asked) -> int:
    """Make what is missing, then the report or its preview; the exit status."""
    words = asked.words()
    apart = asked.on_cluster
    if apart:
        cluster.check()
    folder = PREVIEW if preview else REPORTS
    gpu = has_gpu(asked.gpu)
    runs = plan(preview, gpu)
    images = data.load("digits" if preview else "mnist")
    if left := cluster.cancel_left(KEPT):
        say(f"cancelled {left} jobs in SLURM that a call left which was ended abruptly")
    faults = stamps.run_faults(folder, runs, images)
    if not (faults or asked.more or stamps.report_fault(folder, runs)):
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
    told = progress.Progress(missing, len(images.train), cores, preview, apart)
    log = folder / "logs" / "snakemake.log"
    jobs = cluster.Jobs(missing, KEPT) if apart else None
    status = workflow.run(config, words, log, told, jobs)
    if status and "lenet: failed " not in log.read_text():
        progress.say("\n".join(log.read_text().splitlines()[-20:]))
    ended = conclude(folder, runs, gpu, failed=status != 0)
    return status if asked.more else ended


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


def has_mnist(needed: bool) -> bool:
    """Whether the report is on MNIST. Raises DataError where that is needed and there is none."""
    found = data.decide()
    say(f"{found.name}: {found.reason}")
    if needed and found.name != "mnist":
        raise data.DataError("dataset = mnist: there is no MNIST here")
    return found.name == "mnist"


def report(needs_mnist: bool, asked: Asked) -> int:
    """Make the report, or where there is no MNIST its preview; the exit status."""
    if has_mnist(needs_mnist):
        return make(False, asked)
    say(f"NO MNIST: making a PREVIEW on scikit-learn's digits, in {PREVIEW}/")
    status = make(True, asked)
    old = REPORTS / "report.html"
    if old.exists():
        say(f"{old} is an older one, of {time.ctime(old.stat().st_mtime)}")
    return status


def tell_plan(preview: bool, asked: Asked) -> int:
    """Tell what the next call would make, why and how long it takes, and do nothing; 0."""
    folder = PREVIEW if preview else REPORTS
    runs = plan(preview, has_gpu(asked.gpu))
    images = data.load("digits" if preview else "mnist")
    faults = stamps.run_faults(folder, runs, images)
    jobs = resources.read(asked.profile) if asked.profile and asked.on_cluster else None
    cores = workflow.side_by_side(machine.cores(), machine.memory_bytes())
    for line in outlook.told(runs, faults, len(images.train), cores, preview, jobs):
        progress.say(line)
    if faults:
        say(f"then {folder}/report.html, report.pdf and results.json")
    else:
        fault = stamps.report_fault(folder, runs)
        say(f"{folder}/report.html: {fault or 'up to date'}")
    return 0


def do(what: str, needs_mnist: bool, asked: Asked) -> int:
    """Make it, or tell of it; the exit status."""
    if what == "draft":
        return draft(has_gpu(asked.gpu))
    if what == "plan":
        return tell_plan(asked.preview or not has_mnist(needs_mnist), asked)
    with lock.one_at_a_time(REPORTS):
        if what == "preview":
            return make(True, asked)
        return report(needs_mnist, asked)


def main() -> int:
    """Do what the command line says; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("what", choices=("report", "preview", "draft", "plan"))
    parser.add_argument("--dataset", choices=("mnist",), help="mnist: without it make no preview")
    parser.add_argument("--profile", type=Path, help="of Snakemake; profiles/slurm: on a cluster")
    parser.add_argument("--gpu", action="store_true", help="plan runs on a GPU that nodes have")
    parser.add_argument("--preview", action="store_true", help="plan: that of the preview")
    given, more = parser.parse_known_args()
    if given.preview and given.what != "plan":
        parser.error("--preview: must stand with plan alone")
    if more and given.what in ("draft", "plan"):
        parser.error(f"{' '.join(more)}: {given.what} hands nothing on to Snakemake")
    asked = Asked(given.profile, given.gpu, given.preview, more)
    os.chdir(ROOT)
    signals.listen()
    try:
        return do(given.what, given.dataset == "mnist", asked)
    except (ParameterError, ScrapError, data.DataError, OSError) as error:
        raise SystemExit(f"lenet: {error}") from None
    except (resources.ProfileError, cluster.ClusterError) as error:
        raise SystemExit(f"lenet: {error}") from None
    except signals.Stopped as error:
        raise SystemExit(f"lenet: stopped ({error}); what is done is kept") from None


if __name__ == "__main__":
    sys.exit(main())
