"""The report of finished runs: python -m pipeline.pages <folder> <log>."""

import argparse
import fcntl
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

import nbformat

from lenet.plan.parameters import ROOT
from lenet.report import fill, sentences
from pipeline.pages import publish
from pipeline.run import execute, guarded

NOTEBOOK = ROOT / "notebooks" / "report.ipynb"
FLAGS = ("preview", "draft", "gpu")
# The last tells what the others were made from.
FILES = ("figures", "report.ipynb", "report.pdf", "report.html", "results.json")


def wait_for_others(folder: Path) -> None:
    """Wait until no other process renders in that folder; then none does until this one ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):  # of a file system without locks
        fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)


def render(
    notebook: Path, folder: Path, log: Path, settings: dict, dataset: str, sockets: str
) -> None:
    """Make the report of the runs in `folder` there, a draft in `folder`/draft: whole, or nothing.

    An earlier report stays until all of the new one is made. `settings` are preview, draft and gpu.
    Raises ValueError where the runs are of another data set.
    """
    target = folder / "draft" if settings["draft"] else folder
    staging = target / ".unfinished"
    shutil.rmtree(staging, ignore_errors=True)
    (staging / "figures").mkdir(parents=True)
    # From the project's root, so that a published notebook names no folder of a person.
    places = {"folder": os.path.relpath(folder, ROOT), "out": os.path.relpath(staging, ROOT)}
    executed = staging / "report.ipynb"
    execute(notebook, executed, {**settings, **places}, log, sockets)
    results = json.loads((staging / "results.json").read_text(encoding="utf-8"))
    if results["dataset"] != dataset:
        raise ValueError(f"{folder}: runs are of {results['dataset']}: must be of {dataset}")
    filled = fill.fill(nbformat.read(executed, as_version=4), results)
    nbformat.write(filled, executed)
    publish.publish(filled, staging, sentences.front(results))
    for name in FILES:
        if (target / name).is_dir():
            shutil.rmtree(target / name)
        (staging / name).replace(target / name)
    staging.rmdir()


def main() -> None:
    """Make the report, or say why not and exit with status 1."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.pages", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="has the finished runs, and gets the report")
    parser.add_argument("log", type=Path)
    parser.add_argument("--dataset", choices=("mnist", "digits"), default="mnist")
    for flag in FLAGS:
        parser.add_argument(f"--{flag}", action="store_true")
    given = parser.parse_args()
    folder, log = given.folder.resolve(), given.log.resolve()
    if log.parent == folder:
        parser.error(f"log = {given.log}: must lie in another folder than the report")
    settings = {flag: getattr(given, flag) for flag in FLAGS}
    with guarded("draft" if given.draft else "report", given.log) as sockets:
        wait_for_others(folder)
        render(NOTEBOOK, folder, log, settings, given.dataset, sockets)


if __name__ == "__main__":
    main()
