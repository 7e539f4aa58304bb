# In which order runs are made, and which share the machine. `python -m pipeline` starts this: it
# has decided which stamps are there, and here a missing one is made. Files' times decide nothing.
# Config: preview and gpu say which runs there are, draft whether one is rendered on the way. On a
# cluster each run is a job, and jobs says what those of each study ask for.
import shlex
import sys

from lenet.plan.studies import TRAINING_IMAGES, plan
from pipeline.door.estimate import guess, limit_seconds
from pipeline.door.resources import asked, demands

FOLDER = "reports/preview" if config["preview"] else "reports"
PYTHON = shlex.quote(sys.executable)
DATASET = "digits" if config["preview"] else "mnist"
FLAGS = f"--dataset {DATASET}"
if config["preview"]:
    FLAGS += " --preview"
if config["gpu"]:
    FLAGS += " --gpu"
JOBS = config.get("jobs")
# What nodes of a cluster have written may show here late.
SEEN = f"{PYTHON} -m pipeline.door.seen {FOLDER} {{params.seconds}} {FLAGS}" if JOBS else "true"


def order(run):
    """The last comes first: runs of the draft, of these timing by rounds, of these the longest."""
    timing_round = run.settings.get("round", 0)
    seconds = guess(run, TRAINING_IMAGES[DATASET], 1)
    return run.draft, run.alone, -timing_round, seconds


def stamps(runs):
    """Stamps of these runs: `ancient`, since it only counts that they are there."""
    return ancient([f"{FOLDER}/logs/{run.name}.done" for run in runs])


def latency(_):
    """After how many seconds what a node has written must be seen here; known when jobs start."""
    return workflow.execution_settings.latency_wait


def cores(run):
    """How many it needs. A preview's times are there to be drawn, and its runs share the cores."""
    if JOBS:
        return asked(run, JOBS)["cores"]
    return workflow.cores if run.alone and not config["preview"] else 1


RUNS = sorted(plan(config["preview"], config["gpu"]), key=order)


localrules:
    all,
    report,
    draft,


rule all:
    input:
        f"{FOLDER}/logs/report.done",
        f"{FOLDER}/logs/draft.done" if config["draft"] else [],


# The page, the paper and the numbers, from every run. The last ones stay until these are whole.
rule report:
    input:
        stamps(RUNS),
    output:
        touch(f"{FOLDER}/logs/report.done"),
    params:
        seconds=latency,
    log:
        f"{FOLDER}/logs/report.log",
    shell:
        f"{SEEN} && exec {PYTHON} -m pipeline.pages {FOLDER} {{log}} {FLAGS}"


# The same from what is finished, marked as a draft: when its runs are, before any other.
rule draft:
    input:
        stamps(run for run in RUNS if run.draft),
    output:
        touch(f"{FOLDER}/logs/draft.done"),
    params:
        seconds=latency,
    log:
        f"{FOLDER}/logs/draft.log",
    priority: len(RUNS)
    shell:
        f"{SEEN} --draft && exec {PYTHON} -m pipeline.pages {FOLDER} {{log}} {FLAGS} --draft"


for rank, run in enumerate(RUNS):

    # One executed notebook. The last one stays until this is whole.
    rule:
        name:
            run.rule
        output:
            touch(f"{FOLDER}/logs/{run.name}.done"),
        params:
            study=run.study,
            point=run.point,
            notebook=f"{FOLDER}/runs/{run.name}.ipynb",
            limit=limit_seconds(run),
        log:
            f"{FOLDER}/logs/{run.name}.log",
        threads: cores(run)
        resources:
            **demands(run, JOBS, config["preview"]),
        priority: rank
        # Evaluated when the job starts, so that the loop's variables must not stand in it.
        shell:
            f"exec {PYTHON} -m pipeline.run {{params.study}} {{params.point:q}}"
            f" {{params.notebook:q}} {{log:q}} --limit-seconds {{params.limit}} {FLAGS}"
