"""Wait until runs that nodes of a cluster have made are seen here: on a shared disk they show late.

python -m pipeline.door.seen FOLDER SECONDS
"""

import argparse
import os
import sys
import time
from pathlib import Path

from lenet.network import data
from lenet.plan.studies import Run, plan
from pipeline.door import stamps


def unseen(folder: Path, runs: list[Run], images: data.Dataset, seconds: float) -> dict[str, str]:
    """Why runs are not seen as whole after so many seconds, by name; empty as soon as all are."""
    end = time.monotonic() + seconds
    while True:
        for run in runs:
            # To list a folder lets a network's file system ask for its content anew.
            os.listdir(folder / "runs" / run.study)
        faults = stamps.run_faults(folder, runs, images)
        if not faults or time.monotonic() >= end:
            return faults
        runs = [run for run in runs if run.name in faults]
        time.sleep(1)


def main() -> int:
    """Wait, and say in a line what was not seen; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.door.seen")
    parser.add_argument("folder", type=Path)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--dataset", choices=("mnist", "digits"), default="mnist")
    parser.add_argument("--preview", action="store_true")
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--draft", action="store_true", help="those alone that it needs")
    given = parser.parse_args()
    runs = plan(given.preview, given.gpu)
    if given.draft:
        runs = [run for run in runs if run.draft]
    faults = unseen(given.folder, runs, data.load(given.dataset), given.seconds)
    if not faults:
        return 0
    what = "draft" if given.draft else "report"
    first, fault = next(iter(faults.items()))
    print(
        f"lenet: failed {what}: {len(faults)} finished runs are not seen here after "
        f"{given.seconds:g} s, {first}: {fault}; raise latency-wait in the profile",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
