"""What a record of `make peers` says, as frames and in sentences."""

from typing import Any

import pandas as pd

from lenet.network import layers

Record = dict[str, Any]
NOTHING = "–"


def table(record: Record) -> pd.DataFrame:
    """A row for each number of filters and each peer, the fastest first.

    Columns:

    - filters, name, peer (its title)
    - seconds of an epoch, the median, with seconds_low and seconds_high, the extremes
    - ratio, ratio_low, ratio_high: the peer's seconds over those of our engine beside it; the same
      of the pairs' ratios
    - n: samples
    - gflops: convolutions and matrix products of the network as it is written, a second; our engine
      merges two layers and does fewer
    - peak_share: of the measured rate of matrix products
    """
    samples = pd.DataFrame(record["samples"])
    rows = []
    for (filters, name), own in samples.groupby(["filters", "peer"]):
        work = layers.training_flops(filters, record["images"])
        gflops = work / own["seconds"].median() / 1e9
        rows.append(
            {
                "filters": filters,
                "name": name,
                "peer": record["peers"][name]["title"],
                **spread("seconds", own["seconds"]),
                **spread("ratio", ratios(samples, filters, name)),
                "n": len(own),
                "gflops": gflops,
                "peak_share": gflops / record["peak_gflops"],
            }
        )
    return pd.DataFrame(rows).sort_values(["filters", "seconds"], ignore_index=True)


def ratios(samples: pd.DataFrame, filters: int, name: str) -> pd.Series:
    """A peer's seconds over those of our engine, of each pair."""
    if name == "ours":
        return pd.Series([1.0])
    pairs = samples[(samples["filters"] == filters) & (samples["pair"] == name)]
    seconds = pairs.pivot(index="round", columns="peer", values="seconds")
    return seconds[name] / seconds["ours"]


def spread(name: str, values: pd.Series) -> dict[str, float]:
    """Median and extremes under a name.

    >>> {key: float(value) for key, value in spread("s", pd.Series([1.0, 9.0, 2.0])).items()}
    {'s': 2.0, 's_low': 1.0, 's_high': 9.0}
    """
    return {
        name: values.median(),
        f"{name}_low": values.min(),
        f"{name}_high": values.max(),
    }


def between(row: pd.Series, name: str) -> str:
    """A row's median with its extremes, as text.

    >>> between(pd.Series(spread("s", pd.Series([1.0, 9.0, 2.0]))), "s")
    '2.00 [1.00, 9.00]'
    """
    return f"{row[name]:.2f} [{row[name + '_low']:.2f}, {row[name + '_high']:.2f}]"


def shown(record: Record) -> pd.DataFrame:
    """`table` in words; at its end the peers that were left out, each with the reason.

    Columns: filters, way, seconds an epoch, times ours, n, share of peak, same work.
    """
    rows = []
    for _, row in table(record).iterrows():
        rows.append(
            {
                "filters": row["filters"],
                "way": row["peer"],
                "seconds an epoch": between(row, "seconds"),
                "times ours": "1" if row["name"] == "ours" else between(row, "ratio"),
                "n": str(row["n"]),
                "share of peak": f"{row['peak_share']:.0%}",
                "same work": "yes",
            }
        )
    for gone in record["absent"]:
        title = record["peers"][gone["peer"]]["title"]
        rows.append({"filters": gone["filters"], "way": title, "same work": gone["why"]})
    return pd.DataFrame(rows).fillna(NOTHING)


def side_by_side(records: dict[str, Record]) -> pd.DataFrame:
    """How many times our seconds each peer takes: a column for each record, by filters and way."""
    columns = {}
    for name, record in records.items():
        others = table(record).query("name != 'ours'")
        texts = [between(row, "ratio") for _, row in others.iterrows()]
        index = pd.MultiIndex.from_frame(others[["filters", "peer"]], names=["filters", "way"])
        columns[name] = pd.Series(texts, index)
    return pd.DataFrame(columns).sort_index().fillna(NOTHING)


def proofs(record: Record) -> pd.DataFrame:
    """Relative differences of losses from float64 NumPy's: columns filters, peer, "after 1" ..."""
    frame = pd.DataFrame(record["proofs"])
    frame["peer"] = [record["peers"][name]["title"] for name in frame["peer"]]
    wide = frame.pivot(index=["filters", "peer"], columns="steps", values="error")
    wide.columns = [f"after {steps}" for steps in wide.columns]
    return wide.reset_index()


def job(record: Record) -> pd.DataFrame:
    """The whole job of 2017 in pairs: columns round, ours, tf2017 (seconds), ratio.

    There is no row where it was not timed.
    """
    frame = pd.DataFrame(record["jobs"], columns=["round", "peer", "seconds"])
    pairs = frame.pivot(index="round", columns="peer", values="seconds")
    pairs = pairs.reindex(columns=["ours", "tf2017"]).dropna()
    pairs["ratio"] = pairs["tf2017"] / pairs["ours"]
    return pairs.rename_axis(columns=None).reset_index()


def machine(record: Record) -> str:
    """The machine that a record names: processor with threads and class, or graphics card."""
    if record["device"] == "GPU":
        return record["machine"]["gpu"]
    kind = record["kernels"]["processor_class"]
    return f"{record['machine']['cpu']}, {record['threads']} threads, {kind}"


def onednn_by_itself(record: Record) -> bool:
    """Whether Keras as it comes ran oneDNN's kernels, as it says itself."""
    return bool(record["peers"].get("keras", {}).get("onednn"))


def surroundings(record: Record) -> str:
    """In sentences: versions and threads, kernels, what others took of the cores, who diverged."""
    parts = []
    for peer in record["peers"].values():
        if "version" in peer:
            parts.append(f"{peer['title']}: {peer['version']}, {peer['threads']}")
    others = max(sample["others_share"] for sample in record["samples"])
    sentences = [
        f"Versions and threads: {'; '.join(parts)}.",
        f"Other programs had {others:.0%} of the cores at most meanwhile.",
    ]
    if onednn_by_itself(record):
        sentences.append(
            "TensorFlow takes oneDNN by itself on this processor, so Keras as it comes and Keras "
            "with oneDNN asked for are the same, timed once."
        )
    lost = [f"{one['peer']} at {one['filters']}" for one in record["samples"] if not one["finite"]]
    if lost:
        sentences.append(f"These diverged: {', '.join(dict.fromkeys(lost))} filters.")
    if record["note"]:
        sentences.append(record["note"])
    return " ".join(sentences)


def extremes(record: Record) -> str:
    """A sentence: the fastest and the slowest of the others, and our share of the peak."""
    rows = table(record)
    shares = rows.loc[rows["name"] == "ours", "peak_share"]
    share = f"ours reaches {shares.min():.0%} to {shares.max():.0%} of the rate of matrix products"
    others = rows[rows["name"] != "ours"].sort_values("ratio")
    if others.empty:
        return f"No other was timed; {share}."
    ends = [in_words(others.iloc[0]), in_words(others.iloc[-1])]
    return f"Times our seconds an epoch: from {ends[0]} to {ends[1]}; {share}."


def in_words(row: pd.Series) -> str:
    """A row's ratio, and whose it is."""
    return f"{row['ratio']:.1f} ({row['peer']}, {row['filters']} filters)"


def job_in_words(record: Record) -> str:
    """A sentence on the whole job of 2017; "" where it was not timed."""
    pairs = job(record)
    if pairs.empty:
        return ""
    ratio = spread("ratio", pairs["ratio"])
    filters = record["jobs"][0]["filters"]
    return (
        f"With {filters} filters the whole timed job, written as in 2017, takes "
        f"{pairs['tf2017'].median():.0f} s: {ratio['ratio']:.1f} times ours, "
        f"{pairs['ours'].median():.0f} s (pairs: {len(pairs)}, from {ratio['ratio_low']:.1f} to "
        f"{ratio['ratio_high']:.1f}). Ours has loss and error of the training images from one pass."
    )


def markdown(frame: pd.DataFrame) -> str:
    """A frame as a Markdown table.

    >>> print(markdown(pd.DataFrame({"a": [1], "b": ["x"]})))
    | a | b |
    | - | - |
    | 1 | x |
    """
    rule = ["-" for _ in frame.columns]
    lines = []
    for cells in (frame.columns, rule, *frame.itertuples(index=False)):
        words = " | ".join(map(str, cells))
        lines.append(f"| {words} |")
    return "\n".join(lines)


def short(cell: object) -> str:
    """A difference as a power of ten; anything else as it is.

    >>> short(2.2e-7), short(16)
    ('2e-07', '16')
    """
    return f"{cell:.0e}" if isinstance(cell, float) else str(cell)


def told(record: Record) -> str:
    """The tables of a record, for a terminal."""
    differences = proofs(record).fillna(NOTHING).map(short)
    parts = [
        markdown(shown(record)),
        "Relative difference of the loss from float64 NumPy's:",
        markdown(differences),
        surroundings(record),
        job_in_words(record),
    ]
    return "\n\n".join(filter(None, parts))
