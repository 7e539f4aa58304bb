# Which runs there are, what each needs, what the report needs. Started by `python -m lenet`, which hands over
# preview (True or False), gpu (True or False) and dataset (mnist or digits).
import re
import shlex
import sys
from pathlib import Path

from lenet.__main__ import expected_seconds
from lenet.params import plan, sources

FOLDER = "reports/preview" if config["preview"] else "reports"
FLAGS = f"--dataset {config['dataset']}" + " --preview" * config["preview"]
PYTHON = shlex.quote(sys.executable.removeprefix(f"{Path.cwd()}/"))  # a project that was moved need not run again
READERS = ["arithmetic", "claims", "costs", "curves", "figures", "files", "learning", "params", "peers", "pilot", "plots",
           "publish", "report", "scraps", "series", "statistics", "tables", "wording"]
# The last has the highest priority. Timing runs first, each alone, all sizes of a round before the next round; of
# the others the longest first.
RUNS = sorted(
    plan(config["preview"], config["gpu"]),
    key=lambda run: (run.alone, -run.settings.get("round", 100), expected_seconds(run)),
)


rule report:
    # The page, the paper and the numbers, from every finished run.
    input:
        [f"{FOLDER}/runs/{run.name}.ipynb" for run in RUNS],
        [f"lenet/{reader}.py" for reader in READERS],
        sorted(map(str, [*Path("lenet").glob("[rt]e*/*"), *Path(FOLDER, "records").glob("*.json")])),
        "notebooks/report.ipynb",
    output:
        [f"{FOLDER}/{name}" for name in ("report.html", "report.pdf", "results.json")],
    log:
        f"{FOLDER}/logs/report.log",
    shell:
        f"exec {PYTHON} -m lenet.run report report {FOLDER}/report.ipynb {{log}} {FLAGS}" + " --gpu" * config["gpu"]


for rank, run in enumerate(RUNS):

    # One executed notebook, whole or not there. It depends on what makes its numbers and on its settings.
    rule:
        name:
            re.sub(r"\W", "_", run.name)
        input:
            sources(run.notebook),
        output:
            f"{FOLDER}/runs/{run.name}.ipynb",
        params:
            study=run.study,
            point=run.point,
            settings=run.settings,
        log:
            f"{FOLDER}/logs/{run.name}.log",
        # A preview's times are there to be drawn, and its runs share the cores.
        threads: workflow.cores if run.alone and not config["preview"] else 1
        priority: rank + len(RUNS) * 2 * run.alone  # more than any two others together
        # Evaluated when the job starts, so the loop's variables must not stand in it.
        shell:
            f"exec {PYTHON} -m lenet.run {{params.study}} {{params.point:q}} {{output:q}} {{log:q}} {FLAGS}"
