"""The records that `make peers` leaves: the same training in other libraries, timed in pairs with this engine."""

import json
from pathlib import Path

import pandas as pd

from lenet import arithmetic

SCHEMA, BATCH = 1, 64
FILES = {"CPU": "peers.json", "GPU": "peers-gpu.json"}
PARTS = dict.fromkeys(("machine", "peers"), dict) | dict.fromkeys(("absent", "proofs", "samples", "jobs"), list)
PARTS |= {"device": str, "dataset": str, "images": int, "threads": int, "peak_gflops": float, "copy_gbytes": float}
FIELDS = {
    "samples": {"peer", "filters", "round", "pair", "seconds", "others_share", "finite"},
    "jobs": {"peer", "round", "seconds"},
}
FIELDS |= {"proofs": {"peer", "filters", "steps", "error"}, "absent": {"peer", "filters", "why"}}
SHOWN = ["filters", "way", "seconds an epoch", "times ours", "n", "share of peak", "same work"]


def read(path) -> dict:
    """The record in a file. Raises ValueError that names the file and what is missing or wrong."""
    try:
        record = json.loads(Path(path).read_text())
        head = record["record"], record["schema"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: not readable as a record of peers ({error!r})") from error
    if head != ("peers", SCHEMA):
        raise ValueError(f"{path}: record and schema are {head}; must be peers and {SCHEMA}")
    for name, kind in PARTS.items():
        if not isinstance(record.get(name), kind):
            raise ValueError(f"{path}: {name} must be of type {kind.__name__}, got {record.get(name)!r:.60}")
    for part, fields in FIELDS.items():
        for sample in record[part]:
            if missing := fields - set(sample):
                raise ValueError(f"{path}: one of its {part} has no {', '.join(sorted(missing))}")
    return record


def found(folder: Path) -> dict[str, dict]:
    """The records in a folder by their device; raises what `read` does, and ValueError for one of another device."""
    records = {device: read(folder / name) for device, name in FILES.items() if (folder / name).is_file()}
    for device, record in records.items():
        if record["device"] != device:
            raise ValueError(f"{folder / FILES[device]}: device must be {device}, got {record['device']!r}")
    return records


def table(record: dict) -> pd.DataFrame:
    """A row for each number of filters and peer: columns filters, name, peer (its title), seconds, low, high, ratio,
    ratio_low, ratio_high, n, gflops, peak_share; the fastest first.

    Seconds an epoch are medians with the lowest and highest. `ratio` is the median of the pairs' ratios: the peer's
    seconds to those of this engine beside it. `gflops` counts convolutions and matrix products of the network as it is
    written; this engine merges two of its layers and does fewer.
    """
    samples, rows = pd.DataFrame(record["samples"]), []
    for (filters, name), own in samples.groupby(["filters", "peer"]):
        ours = samples.query("filters == @filters and peer == 'ours' and pair == @name").set_index("round")["seconds"]
        ratios = pd.Series([1.0]) if name == "ours" else own.set_index("round")["seconds"] / ours
        spread = [value for part in (own["seconds"], ratios) for value in (part.median(), part.min(), part.max())]
        gflops = arithmetic.training_flops(filters, record["images"]) / spread[0] / 1e9
        rates = (len(own), gflops, gflops / record["peak_gflops"])
        rows.append((filters, name, record["peers"][name]["title"], *spread, *rates))
    columns = ["filters", "name", "peer", "seconds", "low", "high", "ratio", "ratio_low", "ratio_high"]
    return pd.DataFrame(rows, columns=[*columns, "n", "gflops", "peak_share"]).sort_values(["filters", "seconds"])


def shown(record: dict) -> pd.DataFrame:
    """`table` in words for a reader; at its end the peers that were left out, with the reason."""
    rows = []
    for row in table(record).itertuples(index=False):
        seconds = f"{row.seconds:.2f} [{row.low:.2f}, {row.high:.2f}]"
        ratio = "1" if row.name == "ours" else f"{row.ratio:.2f} [{row.ratio_low:.2f}, {row.ratio_high:.2f}]"
        rows.append((row.filters, row.peer, seconds, ratio, str(row.n), f"{row.peak_share:.0%}", "yes"))
    out = [(gone["filters"], record["peers"][gone["peer"]]["title"], *"––––", gone["why"]) for gone in record["absent"]]
    return pd.DataFrame(rows + out, columns=SHOWN)


def label(name: str, device: str) -> str:
    """What belongs to a device: the name itself on a CPU, with a -gpu behind it on a GPU."""
    return name if device == "CPU" else f"{name}-{device.lower()}"


def place(record: dict) -> str:
    """The processor, or graphics card, in words."""
    machine = record["machine"]
    return f"{machine['cpu']}, {record['threads']} threads" if record["device"] == "CPU" else machine["gpu"]


def surroundings(record: dict) -> str:
    """In sentences: version and threads of each peer, the largest share of the cores others had, and who diverged."""
    known = [peer for peer in record["peers"].values() if "version" in peer]
    words = "; ".join(f"{peer['title']}: {peer['version']}, {peer['threads']}" for peer in known)
    others = max(one["others_share"] for one in record["samples"])
    lost = {f"{one['peer']} at {one['filters']} filters": None for one in record["samples"] if not one["finite"]}
    said = f"Versions and threads: {words}. Other programs had {others:.0%} of the cores at most meanwhile."
    return said + f" These diverged: {', '.join(lost)}." * bool(lost)


def ends(record: dict) -> tuple:
    """The rows of `table` of least and largest ratio of another peer, at most two; this engine's shares of the peak."""
    rows = table(record)
    others = rows[rows["name"] != "ours"].sort_values("ratio")
    shares = rows.loc[rows["name"] == "ours", "peak_share"]
    return list(others.iloc[[0, -1]].itertuples() if len(others) else ()), shares


def proofs(record: dict) -> pd.DataFrame:
    """Relative difference of the loss from float64 NumPy's: a row for each filters and peer, a column for each step."""
    rows = [part | {"peer": record["peers"][part["peer"]]["title"]} for part in record["proofs"]]
    frame = pd.DataFrame(rows).pivot(index=["filters", "peer"], columns="steps", values="error")
    return frame.rename(columns="after {}".format).rename_axis(None, axis=1).reset_index()


def job(record: dict) -> pd.DataFrame:
    """The whole job of 2017 in pairs: columns round, ours, tf2017 (seconds), ratio; no row where it was not timed."""
    frame = pd.DataFrame(record["jobs"], columns=["round", "peer", "seconds"])
    frame = frame.pivot(index="round", columns="peer", values="seconds").reindex(columns=["ours", "tf2017"]).dropna()
    return frame.assign(ratio=frame["tf2017"] / frame["ours"]).reset_index()


def intensity(filters: int) -> float:
    """FLOP a byte of training on batches of 64; outputs and gradients move to and fro once, parameters six times."""
    moved = sum(4 * layer.output_bytes for layer in arithmetic.layers(filters))
    return arithmetic.training_flops(filters, 1) / (moved + 24 * arithmetic.parameters(filters) / BATCH)


def roofline(record: dict) -> pd.DataFrame:
    """Rate by arithmetic intensity: `table` with a column intensity (FLOP/byte)."""
    return table(record).assign(intensity=lambda rows: rows["filters"].map(intensity)).reset_index(drop=True)
