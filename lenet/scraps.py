"""What a run tells the report: the only module that knows scrapbook."""

import json
import math
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
UNCOMMITTED = "not committed"
PARTS = ("epoch", "training_evaluation", "validation")
TIMED = ("wall_2017_seconds", "parameters", "flops_per_epoch", "peak_gflops", "finite", "machine")


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


def last_change(path: str, of) -> tuple[str, str]:
    """Commit and time (ISO, UTC offset) since which of(a file's text) is what it is; "unknown" where git knows none.

    The commit is UNCOMMITTED where the last one has it otherwise.
    """
    since, now = ("unknown", "unknown"), of((params.ROOT / path).read_text().strip())
    if (last := git("show", f"HEAD:./{path}")) != "unknown" and of(last) != now:
        return UNCOMMITTED, "unknown"
    for line in git("log", "--format=%h %cI", "--", path).splitlines():
        commit, _, time = line.partition(" ")
        if not time or of(git("show", f"{commit}:./{path}")) != now:
            break
        since = commit, time
    return since


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


def missing(timed: dict) -> str:
    """What a timing record of the study lacks, or how it is not one; "" where it is whole."""
    names, samples = params.NOTEBOOKS["benchmark"], [f"{part}_seconds" for part in PARTS]
    if absent := [name for name in (*names, *samples, *TIMED) if name not in timed]:
        return f"has no {absent[0]}"
    try:
        params.checked("benchmark", {name: timed[name] for name in names})
    except params.ParameterError as error:
        return str(error)
    if timed["dataset"] != "mnist":
        return f"dataset = {timed['dataset']!r}: must be 'mnist'"
    for name in samples:
        if len(timed[name]) != timed["epochs"] or not all(0 < seconds < math.inf for seconds in timed[name]):
            return f"{name} = {timed[name]}: must be {timed['epochs']} positive numbers, one an epoch"
    return "" if {"cpu", "gpu", "cores"} <= timed["machine"].keys() else "machine: must name cpu, gpu and cores"


def records(folder: Path) -> list[Finished]:
    """The timing records of `python -m lenet.benchmark` in a folder, as runs; a file may say that it is another kind.

    Raises ScrapError, with the file's name, for one that is damaged or not whole.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        name = f"records/{path.stem}"
        try:
            timed = json.loads(path.read_text())
            if timed.get("record", "benchmark") == "benchmark":
                if fault := missing(timed):
                    raise ScrapError(f"{name}: {fault}; time it again or remove {path}")
                found.append(Finished(name, {"notebook": "benchmark", "measured": timed, **timed}, {}))
        except (ValueError, AttributeError, TypeError) as error:
            raise ScrapError(f"{name}: {path} is damaged ({error}); time it again or remove it") from error
    return found


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

    `wall_2017_seconds` is that of ten epochs, as in 2017: a shorter run's epochs and evaluations count for ten. `host`
    names the machine, `recorded` tells records from the study's own runs, and `series` names what belongs on one line.
    """
    rows = []
    for run in finished:
        if measured := run.record.get("measured"):
            plain = {name: value for name, value in measured.items() if isinstance(value, (bool, int, float, str))}
            timed = sum(sum(measured[f"{part}_seconds"]) for part in PARTS)
            wall = measured["wall_2017_seconds"] + timed * (EPOCHS_2017 / measured["epochs"] - 1)
            medians = {f"{part}_seconds": median(measured[f"{part}_seconds"]) for part in PARTS}
            evaluation = medians["training_evaluation_seconds"] + medians["validation_seconds"]
            whole = {"evaluation_seconds": evaluation, "wall_2017_seconds": wall}
            rows.append(plain | medians | whole | whose(run) | {"run": run.name})
    if not rows:
        return pd.DataFrame()
    table = pd.DataFrame(rows)
    alike = table.groupby("series")["host"].transform("nunique") > 1
    return table.assign(series=table["series"].where(~alike, table["series"] + ", " + table["host"]))


def whose(run: Finished) -> dict:
    """The host of a timing run, whether it is a committed record, and its series: the device, and of a record whose."""
    timed, known, recorded = run.record["measured"], run.record["machine"], run.name.startswith("records/")
    host = ", ".join(name for name in (known["cpu"], f"{known['cores']} cores", known["gpu"]) if name)
    # Of a GPU without the version of its driver.
    model = str(known[timed["device"].lower()]).partition(",")[0]
    series = ", ".join([timed["device"], model, timed["backend"], *["TF32"] * timed["tf32"]])
    return {"host": host, "recorded": recorded, "series": series if recorded else timed["device"]}


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
    images = f"{sum(origin['images'].values()):,} small embedded digits"
    return f"PREVIEW on {images}, small settings, shared cores: not the study"


def front_matter(results: dict) -> dict:
    """Date, origin and label of the title page, from what results.json holds."""
    origin = results["origin"]
    commits = sorted({run["commit"] for run in origin["runs"].values()})
    machines = origin["machine"] if isinstance(origin["machine"], list) else [origin["machine"]]
    line = f"runs of commit{'s' * (len(commits) > 1)} {', '.join(commits)}; "
    line += f"report of commit {origin['report_commit']}; data {results['dataset']} {origin['data_sha256'][:12]}; "
    line += "; ".join(f"{machine['cpu']}, {machine['cores']} cores" for machine in machines)
    label = preview_label(origin) if results["preview"] else ""
    return {"date": origin["last_finished"][:10], "origin": line, "preview": label}
