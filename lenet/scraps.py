"""What a run tells the report: the only module that knows scrapbook."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pandas as pd
import scrapbook

from lenet import data, machine, params
from lenet.costs import EPOCHS_2017

SCHEMA = 1


class ScrapError(RuntimeError):
    """A finished run is missing, damaged or another run than planned; the message names it."""


class Finished(NamedTuple):
    """A finished run: its name, its record (a dict of plain values) and its frames by name."""

    name: str
    record: dict
    frames: dict[str, pd.DataFrame]


def git(*arguments: str) -> str:
    """What git says of the tree; "unknown" outside git."""
    command = ["git", "-C", str(params.ROOT), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def commit() -> str:
    """The commit of the tree, with "+" where files differ from it; "unknown" outside git."""
    return git("describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*")


def last_change(path: str) -> tuple[str, str]:
    """Commit and time (ISO, UTC offset) of the last change of a file of the project; "unknown" outside git."""
    commit, _, time = (git("log", "-1", "--format=%h %cI", "--", path) or "unknown").partition(" ")
    return commit, time or "unknown"


def record(notebook: str, settings: dict, images: data.Dataset, **more) -> dict:
    """Glue and return where this run's numbers come from; `more` are plain values of the run itself."""
    origin = {
        "schema": SCHEMA,
        "notebook": notebook,
        "parameters": settings,
        "dataset": images.name,
        "data_sha256": images.digest,
        "images": {"train": len(images.train), "validation": len(images.validation), "test": len(images.test)},
        "sources": params.sources_digest(notebook),
        "commit": commit(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.fingerprint(),
        "versions": machine.versions(),
        **more,
    }
    # Through JSON and back: what JSON cannot carry fails here and not in the report.
    origin = json.loads(json.dumps(origin, allow_nan=False))
    scrapbook.glue("record", origin, encoder="json")
    return origin


def frame(name: str, values: pd.DataFrame):
    """Glue a frame; the only place where a number may be missing or not finite."""
    scrapbook.glue(name, values, encoder="pandas")


def read(path: Path, run: params.Run | None = None) -> Finished:
    """Read a finished run. Raises ScrapError, with its name, if it is missing, damaged or not as planned."""
    name = run.name if run else str(path)
    if not path.is_file():
        raise ScrapError(f"{name}: there is no {path}; run it again")
    try:
        scraps = scrapbook.read_notebook(str(path)).scraps
        found = {key: scrap.data for key, scrap in scraps.items()}
    except Exception as error:
        raise ScrapError(f"{name}: {path} is damaged ({error}); remove it and run it again") from error
    if "record" not in found:
        raise ScrapError(f"{name}: {path} holds no record; remove it and run it again")
    known = found.pop("record")
    if run:
        for key, value in run.settings.items():
            if known["parameters"].get(key) != value:
                raise ScrapError(f"{name}: {key} = {known['parameters'].get(key)!r} in {path}: must be {value!r}")
    return Finished(name, known, found)


def read_all(folder: Path, runs: list[params.Run]) -> list[Finished]:
    """Read every planned run from `folder`/<study>/<point>.ipynb. Raises ScrapError at the first that is not whole."""
    return [read(folder / run.study / f"{run.point}.ipynb", run) for run in runs]


def joined(finished: list[Finished], name: str) -> pd.DataFrame:
    """All frames of a name, one below the other, each row with its run and the run's parameters."""
    frames = [
        run.frames[name].assign(study=run.name.split("/")[0], run=run.name, **run.record["parameters"])
        for run in finished
        if name in run.frames
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def times(finished: list[Finished]) -> pd.DataFrame:
    """A row for each timing run: its settings, sizes and seconds; of an epoch the median.

    `wall_2017_seconds` is that of ten epochs, as in 2017: a shorter run's epochs and evaluations count for ten.
    """
    parts, rows = ("epoch", "training_evaluation", "validation"), []
    for run in finished:
        if measured := run.record.get("measured"):
            plain = {name: value for name, value in measured.items() if isinstance(value, (bool, int, float, str))}
            timed = sum(sum(measured[f"{part}_seconds"]) for part in parts)
            wall = measured["wall_2017_seconds"] + timed * (EPOCHS_2017 / measured["epochs"] - 1)
            medians = {f"{part}_seconds": median(measured[f"{part}_seconds"]) for part in parts}
            evaluation = medians["training_evaluation_seconds"] + medians["validation_seconds"]
            whole = {"evaluation_seconds": evaluation, "wall_2017_seconds": wall}
            rows.append(plain | medians | whole | {"run": run.name})
    return pd.DataFrame(rows)


def origin(finished: list[Finished]) -> dict:
    """Where all numbers come from: what the runs agree on once, what they do not as a list."""
    records = [run.record for run in finished]

    def values(key):
        found = list({json.dumps(record[key], sort_keys=True): record[key] for record in records}.values())
        return found[0] if len(found) == 1 else found

    now = {record["notebook"]: params.sources_digest(record["notebook"]) for record in records}
    return {
        **{key: values(key) for key in ("dataset", "data_sha256", "images", "commit", "machine", "versions")},
        "first_finished": min(record["finished"] for record in records),
        "last_finished": max(record["finished"] for record in records),
        "runs": {run.name: {"commit": run.record["commit"], "sources": run.record["sources"]} for run in finished},
        "sources_changed": sorted({r["notebook"] for r in records if r["sources"] != now[r["notebook"]]}),
        "report_commit": commit(),
    }


def preview_label(origin: dict) -> str:
    """What a preview must say of itself, everywhere."""
    return f"PREVIEW on {sum(origin['images'].values()):,} small embedded digits with small settings, not the study"


def front_matter(results: dict) -> dict:
    """Date, origin and label of the title page, from what results.json holds."""
    origin = results["origin"]
    commits = sorted({run["commit"] for run in origin["runs"].values()})
    machines = origin["machine"] if isinstance(origin["machine"], list) else [origin["machine"]]
    line = f"commit {', '.join(commits)}; data {results['dataset']} {origin['data_sha256'][:12]}; "
    line += "; ".join(f"{machine['cpu']}, {machine['cores']} cores" for machine in machines)
    label = preview_label(origin) if results["preview"] else ""
    return {"date": origin["last_finished"][:10], "origin": line, "preview": label}
