"""What a run tells the report: the only file that knows scrapbook."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lenet.network import machine
from lenet.plan import sources
from lenet.plan.studies import Run

# scrapbook and pandas take a second to load, and the door only asks for faults.
if TYPE_CHECKING:
    import pandas as pd

    from lenet.network.data import Dataset

SCHEMA = 2
SETS = ("train", "validation", "test")
PLAIN = "application/scrapbook.scrap.json+json"


class ScrapError(RuntimeError):
    """A finished run or record is missing, damaged or not as planned; the message names it."""


class Finished(NamedTuple):
    """A finished run: its name ("study/point"), its record and its frames by name."""

    name: str
    record: dict
    frames: dict[str, pd.DataFrame]

    @property
    def study(self) -> str:
        return self.name.partition("/")[0]


def record(notebook: str, settings: dict, images: Dataset, **more: Any) -> dict:
    """Glue and return the record of this run: where its numbers come from.

    `more` are plain values of the run itself. Nothing in a record names a person, a host or a
    folder, so where the model lies is left out. Raises ValueError where a value is not finite.
    """
    import scrapbook

    parameters = {name: value for name, value in settings.items() if name != "model_path"}
    known = {
        "schema": SCHEMA,
        "notebook": notebook,
        "parameters": parameters,
        "dataset": images.name,
        "data_sha256": images.digest,
        "note": images.note,
        "images": {name: len(getattr(images, name)) for name in SETS},
        "sources": sources.digest(notebook),
        "commit": sources.commit(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.fingerprint(),
        "versions": machine.versions(),
        "kernels": machine.kernels(),
        **more,
    }
    # Through JSON and back: what JSON cannot carry fails here and not in the report.
    known = json.loads(json.dumps(known, allow_nan=False))
    scrapbook.glue("record", known, encoder="json")
    return known


def frame(name: str, values: pd.DataFrame) -> None:
    """Glue a frame; the only place where a number may be missing or not finite."""
    import scrapbook

    scrapbook.glue(name, values, encoder="pandas")


def read(path: Path, run: Run | None = None) -> Finished:
    """A finished run from its executed notebook.

    Raises ScrapError, with the run's name, where it is missing, damaged or not as planned.
    """
    name = run.name if run else path.stem
    try:
        known = _record(path)
        if run and (other := difference(known, run)):
            raise ScrapError(other)
        return Finished(name, known, _frames(path))
    except ScrapError as error:
        raise ScrapError(f"{name}: {error}; run it again") from error


def read_all(folder: Path, runs: list[Run]) -> list[Finished]:
    """Every planned run from <folder>/<study>/<point>.ipynb; ScrapError at the first fault."""
    return [read(place(folder, run), run) for run in runs]


def read_finished(folder: Path, runs: list[Run]) -> tuple[list[Finished], dict[str, str]]:
    """The planned runs that are whole, and of each of the others, by name, why it is not.

    A run by other sources than the tree's counts as missing.
    """
    finished = []
    missing = {}
    for run in runs:
        try:
            whole = read(place(folder, run), run)
        except ScrapError as error:
            missing[run.name] = str(error.__cause__)
            continue
        if whole.record["sources"] == sources.digest(run.notebook):
            finished.append(whole)
        else:
            missing[run.name] = "made by other sources"
    return finished, missing


def place(folder: Path, run: Run) -> Path:
    """Where a run's executed notebook lies."""
    return folder / run.study / f"{run.point}.ipynb"


def fault(path: Path, run: Run, digest: str, data_sha256: str) -> str:
    """Why a run has to be made; "" where its record is of this run, these sources and data.

    `digest` is that of the sources. Only the record is read, not the frames.
    """
    try:
        known = _record(path)
    except ScrapError as error:
        return str(error)
    if known.get("sources") != digest:
        return "made by other sources"
    if known.get("data_sha256") != data_sha256:
        return "made from other data"
    return difference(known, run)


def difference(known: dict, run: Run) -> str:
    """The first setting in which a record is not the planned run's; "" where there is none."""
    used = {**known["parameters"], "dataset": known["dataset"], "notebook": known["notebook"]}
    for name, value in {"notebook": run.notebook, **run.settings}.items():
        # What "auto" became was decided once for all runs, and the data's SHA-256 tells it.
        if value != "auto" and used.get(name) != value:
            return f"{name} = {used.get(name)!r}: must be {value!r}"
    return ""


def _record(path: Path) -> dict:
    """The record in an executed notebook; ScrapError says what is there instead."""
    if not path.exists():
        raise ScrapError("missing")
    try:
        for cell in json.loads(path.read_bytes())["cells"]:
            for output in cell.get("outputs", []):
                scrap = output.get("data", {}).get(PLAIN, {})
                if scrap.get("name") == "record" and scrap["data"]["schema"] == SCHEMA:
                    return scrap["data"]
    except Exception as error:  # whatever a file of that name may hold
        raise ScrapError(f"damaged ({type(error).__name__})") from error
    raise ScrapError(f"damaged (it holds no record of schema {SCHEMA})")


def _frames(path: Path) -> dict[str, pd.DataFrame]:
    """The frames in an executed notebook, by name."""
    import scrapbook

    try:
        scraps = scrapbook.read_notebook(str(path)).scraps
        return {name: scrap.data for name, scrap in scraps.items() if scrap.encoder == "pandas"}
    except Exception as error:  # whatever a file of that name may hold
        raise ScrapError(f"damaged ({type(error).__name__})") from error
