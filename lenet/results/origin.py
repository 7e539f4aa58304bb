"""Where the numbers of a report come from: data, machines, kernels, versions, sources, commits."""

import hashlib

import pandas as pd

from lenet.plan import sources
from lenet.results.scraps import Finished, ScrapError
from lenet.results.timings import host

# The column of a run's frames that comes from a clock.
CLOCK = "seconds"


def origin(finished: list[Finished], missing: dict[str, str] | None = None) -> dict:
    """Where all numbers come from, as plain values for results.json.

    `missing` are the runs that a draft lacks, each with the reason. Raises ScrapError where there
    is no finished run, and where two are of different data. Keys:

    - dataset, data_sha256, images: of all runs
    - notes, commits, machines, versions: what the runs say of themselves, each once
    - kinds_of_machine: the kernels that ran, which decide bits and times; each once
    - first_finished, last_finished
    - runs (name -> commit, sources, and what a run made again must show: digest, errors)
    - missing (name -> reason)
    - sources_changed: the notebooks with runs by other sources than the tree's
    - report_commit, report_sources
    """
    if not finished:
        raise ScrapError("no run is finished yet")
    records = pd.DataFrame([run.record for run in finished])
    data = records["data_sha256"].nunique()
    if data != 1:
        raise ScrapError(f"the finished runs are of {data} data sets: must be of 1")
    changed = records["sources"] != records["notebook"].map(sources.digest)
    made = {}
    for run in finished:
        made[run.name] = {
            "commit": run.record["commit"],
            "sources": run.record["sources"],
            "digest": digest(run),
            "errors": last_errors(run),
        }
    return {
        "dataset": records["dataset"][0],
        "data_sha256": records["data_sha256"][0],
        "images": records["images"][0],
        "notes": distinct(records["note"]),
        "commits": distinct(records["commit"]),
        "machines": distinct(records["machine"]),
        "kinds_of_machine": distinct(records["kernels"]),
        "versions": distinct(records["versions"]),
        "first_finished": records["finished"].min(),
        "last_finished": records["finished"].max(),
        "runs": made,
        "missing": missing or {},
        "sources_changed": sorted(set(records["notebook"][changed])),
        "report_commit": sources.commit(),
        "report_sources": sources.report_digest(),
    }


def digest(run: Finished) -> str:
    """SHA-256 of all frames of a run, but for what a clock said; "" where it has none."""
    sha256 = hashlib.sha256()
    for name in sorted(run.frames):
        frame = run.frames[name].drop(columns=CLOCK, errors="ignore")
        # Numbers as text with every digit that decides their bits.
        sha256.update(f"{name}\n{frame.to_csv(index=False)}".encode())
    return sha256.hexdigest() if run.frames else ""


def last_errors(run: Finished) -> list[float | None]:
    """The last validation error of each network, in the frame's order; None where it failed."""
    errors = pd.Series(dtype=float)
    if "curves" in run.frames:
        errors = run.frames["curves"].groupby("seed").tail(1)["validation_error"]
    elif "probes" in run.frames:
        probes = run.frames["probes"]
        errors = probes["error"].where(probes["failed"] == "")
    return [None if pd.isna(error) else error for error in errors.tolist()]


def distinct(values: pd.Series) -> list:
    """Each value once; a mapping too, which has no hash."""
    return values[~values.map(str).duplicated()].tolist()


def label(origin: dict, preview: bool, draft: bool) -> str:
    """What a preview or a draft says of itself, everywhere; "" for the study.

    >>> known = {"images": {"train": 1197, "test": 300}, "runs": {"a/b": {}}, "missing": {}}
    >>> label(known, preview=True, draft=False)
    'PREVIEW on 1,497 small images, small settings, shared cores: not the study'
    >>> label({**known, "missing": {"a/c": "missing"}}, preview=False, draft=True)
    'DRAFT from 1 of 2 runs: not the study'
    """
    parts = []
    if draft:
        done = len(origin["runs"])
        parts.append(f"DRAFT from {done} of {done + len(origin['missing'])} runs")
    if preview:
        images = sum(origin["images"].values())
        parts.append(f"PREVIEW on {images:,} small images, small settings, shared cores")
    return f"{'; '.join(parts)}: not the study" if parts else ""


def surroundings(origin: dict) -> pd.DataFrame:
    """Data, machines, programs and sources in words: columns What, Value."""
    rows = {
        "Data": " ".join(origin["notes"]),
        "SHA-256 of the data": origin["data_sha256"],
        "Machine": "; ".join(map(machine_in_words, origin["machines"])),
        "Kernels": "; ".join(map(in_words, origin["kinds_of_machine"])),
        "Packages": "; ".join(map(in_words, origin["versions"])),
        "Commit of the runs": ", ".join(origin["commits"]),
        "Commit of the report": origin["report_commit"],
        "Runs finished": "{first_finished} to {last_finished}".format_map(origin),
        "Runs missing": ", ".join(origin["missing"]) or "none",
        "Runs of notebooks changed since": ", ".join(origin["sources_changed"]) or "none",
    }
    return pd.DataFrame({"What": rows.keys(), "Value": rows.values()})


def in_words(values: dict) -> str:
    """Names with their values.

    >>> in_words({"numpy": "2.1", "keras": "3.15"})
    'numpy 2.1, keras 3.15'
    """
    return ", ".join(f"{name} {value}" for name, value in values.items())


def machine_in_words(machine: dict) -> str:
    """A machine's fingerprint in words, without what could name the machine itself."""
    gib = machine["memory_bytes"] / 2**30
    return f"{host(machine)}, {gib:.0f} GiB, {machine['system']}, Python {machine['python']}"
