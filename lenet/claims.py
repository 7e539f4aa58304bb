"""Each conclusion of the 2017 report as a computed verdict; reference/claims.yaml defines them."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml

from lenet import costs, learning
from lenet import statistics as st

FOLDER = Path(__file__).parent / "reference"
FAITHFUL = {"filters": 16, "batch_size": 64, "shuffle": False, "head": "linear", "init": "normal"}
FAITHFUL |= {"shards": 2, "device": "CPU"}  # not 2017's: ours, and the bits of a run depend on them
SETTINGS = {
    "as in 2017": {},
    "ReLU": {"head": "relu"},
    "scaled values": {"init": "scaled"},
    "shuffling": {"shuffle": True},
    "batches of 128": {"batch_size": 128},
}
SENSITIVE = ("ordering", "then_constant", "best_of_four", "two_epochs_enough")
PLACES = {
    "within": lambda ends: st.Band(*ends),
    "at_least": lambda low: st.Band(low=low),
    "at_most": lambda high: st.Band(high=high),
    "above": lambda low: st.Band(low=low, strict=True),
    "below": lambda high: st.Band(high=high, strict=True),
}


class Evidence(NamedTuple):
    """Frames of all runs, any of them empty; `images` holds the number of `duplicates` across the split."""

    curves: pd.DataFrame = pd.DataFrame()
    right: pd.DataFrame = pd.DataFrame()
    probes: pd.DataFrame = pd.DataFrame()
    times: pd.DataFrame = pd.DataFrame()
    memory: pd.DataFrame = pd.DataFrame()
    images: dict = {}


@dataclass
class Side:
    """Evidence for one claim; `runs` collects the names of the runs that were looked at."""

    evidence: Evidence
    minimum: int = 1
    one_run: bool = False  # 2017: intervals are binomial, over the images of a single run
    reference: "Side | None" = None
    setting: dict = field(default_factory=lambda: FAITHFUL)
    rates: tuple = learning.RATES
    bands: list = field(default_factory=list)
    runs: set = field(default_factory=set)

    def rows(self, frame, **wanted) -> pd.DataFrame:
        """Rows of the evidence's `frame` with the wanted values, in those columns that it has."""
        rows = costs.where(getattr(self.evidence, frame), **wanted)
        self.runs.update(rows["run"] if len(rows) else ())
        return rows

    def errors(self, rate, first=1, last=15) -> pd.DataFrame:
        """Validation error, seeds by epochs, of runs that did not fail and have every epoch."""
        epochs, seen = list(range(first, last + 1)), set(self.runs)
        rows = self.rows("curves", lr=rate, **self.setting)
        if rows.empty:
            return pd.DataFrame(columns=epochs, dtype=float)
        rows = rows[(rows["failed"] == "") & rows["epoch"].isin(epochs)]
        table = rows.drop_duplicates(["seed", "epoch"]).pivot(index="seed", columns="epoch", values="validation_error")
        table = table.reindex(columns=epochs).dropna()
        self.runs = seen | set(rows.loc[rows["seed"].isin(table.index), "run"])
        return table

    def seconds(self, device, filters=(), **series) -> pd.DataFrame:
        """Seconds an epoch in float32, rounds by filters; 2017's are those of its whole job.

        Where no `series` is named, the CPU's are the study's own runs and the GPU's those of `costs.gpu_series`.
        """
        filters = list(filters or costs.FILTERS[device])
        series = series or ({"recorded": False} if device == "CPU" else costs.gpu_series(self, "GPU"))
        rows = self.rows("times", device=device, tf32=False, **costs.TIMED, **series)
        if rows.empty:
            return pd.DataFrame(columns=filters, dtype=float)
        table = rows.pivot_table(index="round", columns="filters", values="epoch_seconds")
        return table.reindex(columns=filters).dropna()

    def ratio(self, a, b) -> st.Estimate:
        """a / b of errors paired by seed."""
        a, b = learning.common(a, b)
        return st.katz(*_wrong(a, b)) if self.one_run and len(a) else st.geometric(a / b)

    def difference(self, a, b) -> st.Estimate:
        """a - b of errors paired by seed."""
        a, b = learning.common(a, b)
        return st.newcombe(*_wrong(a, b)) if self.one_run and len(a) else st.student(a - b)

    def each(self, values, interval=st.student) -> st.Estimate:
        """One value a seed or round; 2017's only one has no interval."""
        return st.exact(float(values.iloc[0])) if self.one_run and len(values) else interval(values)


def _wrong(a, b) -> tuple[int, int, int]:
    n = learning.VALIDATION
    return round(a.iloc[0] * n), round(b.iloc[0] * n), n


class Claim(NamedTuple):
    """A conclusion as claims.yaml defines it; each of its bands is a dict of quantity, place, why, unit and band."""

    name: str
    number: int
    experiment: str
    paraphrase: str
    bands: list[dict]
    reading: str = ""
    kind: str = "observation"
    ours: bool = False
    pilot: str = st.NOT_MEASURED
    pilot_note: str = ""
    minimum: int = 1

    @property
    def hypothesis(self) -> str:
        """The bands in words, with their reasons."""
        return "; ".join(f"{band['quantity']}: {band['place']} ({band['why']})" for band in self.bands)

    def parts(self, side: Side) -> list[st.Part]:
        """What the claim measures on a side, each quantity beside its band."""
        side.bands, found = [band["band"] for band in self.bands], []
        for label, value in MEASURES[self.name](side).items():
            given = value if type(value) is tuple else (value, 0)
            estimate, i, minimum = (*given, side.minimum)[:3]
            band, unit = (None, "") if i is None else (side.bands[i], self.bands[i]["unit"])
            found.append(st.Part(label, estimate, band, minimum, unit))
        return found


def definitions(text: str) -> dict[str, Claim]:
    """The claims of a YAML text, by name. Raises ValueError for a band without one place or reason, or no verdict."""
    found = {}
    for name, entry in yaml.safe_load(text).items():
        if entry.get("pilot", st.NOT_MEASURED) not in st.VERDICTS:
            raise ValueError(f"{name}: pilot: {entry['pilot']!r}: must be one of {', '.join(st.VERDICTS)}")
        for band in entry["bands"]:
            places = PLACES.keys() & band.keys()
            if len(places) != 1 or band.keys() - places != {"quantity", "why", "unit"}:
                raise ValueError(f"{name}: {band}: must have quantity, why, unit and one of {', '.join(PLACES)}")
            place = places.pop()
            value = band.pop(place)
            ends = sorted(set(value)) if place == "within" else [value]
            how = "exactly" if place == "within" and len(ends) == 1 else place.replace("_", " ")
            band |= {"band": PLACES[place](value), "place": f"{how} {' to '.join(map('{:g}'.format, ends))}"}
        named = {"number": len(found) + 1, "paraphrase": entry.pop("claim"), "minimum": entry.pop("runs", 1)}
        found[name] = Claim(name, **named, **entry)
    return found


@dataclass(frozen=True)
class Result:
    """A claim's parts on 2017's numbers and on ours, and the names of our runs that they rest on."""

    claim: Claim
    parts_2017: list[st.Part]
    parts: list[st.Part]
    runs: list[str]

    @property
    def verdict_2017(self) -> str:
        """The verdict on 2017's numbers."""
        return st.decide(self.parts_2017)

    @property
    def verdict(self) -> str:
        """The verdict on our runs."""
        return st.decide(self.parts)

    def to_json(self) -> dict:
        """Plain values, None for what is not there or not finite; at its margin a verdict would flip."""
        sides = {"2017": self.parts_2017, "ours": self.parts}
        named = ("experiment", "paraphrase", "reading", "hypothesis", "kind", "ours", "minimum")
        return {name: getattr(self.claim, name) for name in named} | {
            "verdict_2017": self.verdict_2017,
            "verdict_pilot": self.claim.pilot,
            "verdict": self.verdict,
            "margin": {side: _finite(st.margin(parts)) for side, parts in sides.items()},
            "numbers": {side: [_numbers(part) for part in parts] for side, parts in sides.items()},
            "runs": self.runs,
        }


def _finite(value):
    return value if value is not None and math.isfinite(value) else None


def _numbers(part: st.Part) -> dict:
    estimate, band = part.estimate, part.band or st.Band()
    values = dict(zip(("low", "high"), estimate.interval(st.LEVEL), strict=True), value=estimate.value)
    values |= {"band_low": band.low, "band_high": band.high}
    plain = {"label": part.label, "n": estimate.n, "unit": part.unit}
    return plain | {name: _finite(value) for name, value in values.items()}


def reference(folder: Path = FOLDER) -> Evidence:
    """2017's numbers in the form of ours: one run of seed 2017, and one round, of its whole job's seconds."""
    curves = pd.read_csv(folder / "learning_rate_error.csv").rename(columns={"learning_rate": "lr"})
    times = pd.read_csv(folder / "filter_runtime.csv").rename(columns={"runtime_s": "epoch_seconds"})
    log = FAITHFUL | {"filters": 128, "lr": 0.1, "seed": 2017, "failed": "not finite", "run": "2017, log"}
    curves = curves.assign(run="2017, Figure 1", seed=2017, failed="", **FAITHFUL)
    return Evidence(curves, probes=pd.DataFrame([log]), times=times.assign(run="2017, Figure 2", round=2017))


def check_repeats(curves: pd.DataFrame):
    """Raise ValueError, with their names, if runs of the same parameters and seed disagree about an epoch."""
    if len(curves):
        healthy = curves[curves["failed"] == ""]
        values = healthy.groupby(["lr", *FAITHFUL, "seed", "epoch"])["validation_error"].transform("nunique")
        if (values > 1).any():
            names = ", ".join(sorted(set(healthy.loc[values > 1, "run"])))
            raise ValueError(f"{names}: validation_error must be the same at the same parameters, seed and epoch")


def robustness(evidence: Evidence) -> tuple[pd.DataFrame, set]:
    """Verdicts at the rates 0.1 and 0.01 with three seeds or more, setting by claim, and the names of the runs."""
    table, runs = pd.DataFrame(index=list(SETTINGS), columns=list(SENSITIVE), dtype=object), set()
    for setting, change in SETTINGS.items():
        for name in SENSITIVE:
            side = Side(evidence, CLAIMS["robust_to_unspecified"].minimum, setting=FAITHFUL | change, rates=(0.01, 0.1))
            table.loc[setting, name] = st.decide(CLAIMS[name].parts(side))
            runs |= side.runs
    return table, runs


def robust(side) -> dict:
    """Whether each setting leads to the verdict of 2017's own: 1, 0, or between them if either is undecided."""
    table, runs = robustness(side.evidence)
    side.runs |= runs
    found = {}
    for setting in table.index[1:]:
        for name in table:
            words = {table.at["as in 2017", name], table.at[setting, name]}
            same = st.exact(float(len(words) == 1), side.minimum)
            open_ended = st.exact(0.5, side.minimum, 0, 1) if st.UNDECIDED in words else same
            found[f"No. {CLAIMS[name].number} with {setting}"] = st.exact() if st.NOT_MEASURED in words else open_ended
    return found


def verdicts(evidence: Evidence, reference: Evidence) -> dict[str, Result]:
    """Every claim's result, by name, in the order of claims.yaml. Raises ValueError where repeated runs disagree."""
    check_repeats(evidence.curves)
    if evidence.images.get("dataset", "mnist") == "mnist":
        reference = reference._replace(images=evidence.images)  # 2017 split the same images at the same place
    found = {}
    for name, claim in CLAIMS.items():
        theirs = Side(reference, one_run=True)
        ours = Side(evidence, claim.minimum, reference=theirs)
        found[name] = Result(claim, claim.parts(theirs), claim.parts(ours), sorted(ours.runs))
    return found


MEASURES = learning.MEASURES | costs.MEASURES | {"robust_to_unspecified": robust}
CLAIMS = definitions((FOLDER / "claims.yaml").read_text(encoding="utf-8"))
