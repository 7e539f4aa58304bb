"""Results of claims as sentences, tables and the frame of the forest: true whatever the verdicts are."""

import math
from collections import Counter
from datetime import UTC, datetime

import pandas as pd

from lenet.claims import Claim, Result
from lenet.scraps import UNCOMMITTED
from lenet.statistics import FAILS, HOLDS, LEVEL, NOT_MEASURED, UNDECIDED, Band, Estimate, Part, decide, margin

INTERVAL = f"{LEVEL:.0%} interval"
PHRASES = {HOLDS: "support this", FAILS: "do not support this", UNDECIDED: "leave this undecided"}
PHRASES |= {NOT_MEASURED: "do not answer this"}
PERCENT = ("share", "relative", "share of the fall")
SHOWN_PARTS = 2
SCALE = (
    "The unit is half the width of the band; where a band has one edge it is that edge itself, and where that edge is "
    "nothing, a point of error or a factor of two."
)


def _figure(value: float, unit: str) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    number = 100 * value if unit in (*PERCENT, "points") else value
    text = f"{number:.2f}" if unit == "points" and number else f"{number:.3g}"
    return text.replace("-", "−")


def shown(value: float, unit: str = "") -> str:
    """A value as a reader has it: shares in percent, differences of errors in points."""
    words = {"points": " points", "GiB": " GiB", "images": " images"} | dict.fromkeys(PERCENT, "%")
    return _figure(value, unit) + words.get(unit, "")


def limits(band: Band, unit: str = "") -> str:
    """Where a claim says that a quantity lies."""
    low, high = (_figure(edge, unit) for edge in band[:2])
    if math.isfinite(band.low) and math.isfinite(band.high):
        return f"exactly {shown(band.low, unit)}" if low == high else f"from {low} to {shown(band.high, unit)}"
    if math.isfinite(band.low):
        return f"{'more than' if band.strict else 'at least'} {shown(band.low, unit)}"
    return f"{'less than' if band.strict else 'at most'} {shown(band.high, unit)}"


def interval(part: Part) -> str:
    """A part's value and, where there is one, its interval; one without an upper end is told by its lower."""
    low, high = part.estimate.interval(LEVEL)
    if math.isinf(high) and math.isfinite(low):
        return f"{shown(low, part.unit)} or more" if low else "not bounded"
    value = shown(part.estimate.value, part.unit)
    if part.unit == "p":
        return f"{value} (corrected: {_figure(high, part.unit)})"
    ends = f" [{_figure(low, part.unit)}, {_figure(high, part.unit)}]"
    return value if low == high or math.isnan(low) else value + ends


def deciding(parts: list[Part]) -> list[Part]:
    return [part for part in parts if part.band is not None]


def distance(part: Part):
    """A function of the quantity: 0 at the edge of its band, more inside, in half-widths of the band.

    A band with one edge has the edge itself for a half-width; about zero it is one point, about a ratio of one
    a factor of two. Ratios are compared as logarithms.
    """
    low, high = part.band.low, part.band.high
    log = part.unit.endswith("ratio") and all(edge > 0 for edge in (low, high) if math.isfinite(edge))
    scaled = (lambda value: math.log(max(value, 1e-9))) if log else float
    if low == high:
        return lambda value: 1.0 if value == low else -2 * abs(value - low)
    if math.isfinite(low) and math.isfinite(high):
        half = (scaled(high) - scaled(low)) / 2
        if scaled(part.estimate.value) > scaled(low) + half:
            return lambda value: (scaled(high) - scaled(value)) / half
        return lambda value: (scaled(value) - scaled(low)) / half
    edge, sign = (low, 1) if math.isfinite(low) else (high, -1)
    unit = abs(scaled(edge)) or (math.log(2) if log else 0.01)
    return lambda value: sign * (scaled(value) - scaled(edge)) / unit


def decisive(parts: list[Part]) -> Part | None:
    """The part on which the verdict hangs: of those that lead to it, the one least inside its band."""
    named, verdict = deciding(parts), decide(parts)
    leading = [part for part in named if part.verdict(len(named)) == verdict and part.estimate.n]
    worst = lambda part: min(map(distance(part), part.estimate.interval(LEVEL)))  # noqa: E731
    return min(leading, key=worst) if leading else None


def _n(parts: list[Part]) -> str:
    n, needed = {part.estimate.n for part in parts}, max(part.minimum for part in parts)
    few = f" of the {needed} needed" if min(n) < needed else ""
    return f"; n\u00a0=\u00a0{'-'.join(map(str, sorted(n)))}{few}" if n != {1} or few else ""


def measured(parts: list[Part]) -> str:
    """What was measured, as the end of a sentence: of many parts only the one on which the verdict hangs."""
    known, lost = ([part for part in deciding(parts) if bool(part.estimate.n) == there] for there in (True, False))
    if not known:
        return ""
    labels = ", ".join(part.label for part in lost) if len(lost) <= SHOWN_PARTS else f"{len(lost)} others"
    rest = f"; no usable runs for {labels}" if lost else ""
    if len(known) > SHOWN_PARTS and (worst := decisive(parts)):
        return f": at worst {interval(worst)} ({worst.label}{_n([worst])}){rest}"
    if len(deciding(parts)) == 1:
        return f": {interval(known[0])}" + (f" ({_n(known)[2:]})" if _n(known) else "")
    return ": " + ", ".join(f"{interval(part)} ({part.label})" for part in known) + _n(known) + rest


def named(claim: Claim) -> str:
    """What a claim says; one that is ours and not the 2017 report's says so."""
    return claim.paraphrase + " (ours)" * claim.ours


def finding(result: Result) -> str:
    """One claim: what was asked and what each side's numbers say to it."""
    asked = "; ".join(f"{band['quantity']}, {limits(band['band'], band['unit'])}" for band in result.claim.bands)
    head = f"*{named(result.claim)}* Asked: {asked}. "
    then, now = measured(result.parts_2017), measured(result.parts)
    if then == now and not result.runs and result.verdict != NOT_MEASURED:
        return head + f"Computed exactly, without a run, this **{result.verdict}**{now}."
    now = now or " (nothing was run for it)" * (not result.runs)
    return head + f"2017's numbers **{PHRASES[result.verdict_2017]}**{then}. Ours **{PHRASES[result.verdict]}**{now}."


def findings(results: dict[str, Result], *names: str) -> str:
    """Several claims as a list."""
    return "\n".join(f"- {finding(results[name])}" for name in names)


def brief(result: Result) -> str:
    """One claim and both verdicts, with the number on which ours hangs, or else 2017's."""
    then, now = result.verdict_2017, result.verdict
    same = f"2017's numbers and ours {PHRASES[now]}"
    both = same if then == now else f"2017's numbers {PHRASES[then]}, ours {PHRASES[now]}"
    part = decisive(result.parts_2017 if now == NOT_MEASURED else result.parts)
    if part is None:
        return f"*{named(result.claim)}* {both}."
    quantity = next(band["quantity"] for band in result.claim.bands if band["band"] == part.band)
    whose = " on 2017's numbers" if now == NOT_MEASURED else ""
    asked = limits(part.band, part.unit)
    return f"*{named(result.claim)}* {both}. Measured: {quantity}, {interval(part)}{whose}; asked: {asked}."


def choose(result: Result, holds: str, fails: str, otherwise: str) -> str:
    """The sentence that goes with a verdict: ours, or 2017's where ours was not measured."""
    verdict = result.verdict_2017 if result.verdict == NOT_MEASURED else result.verdict
    return {HOLDS: holds, FAILS: fails}.get(verdict, otherwise)


def overfitting(rate: float, loss: float, error: float, still: float) -> str:
    """How training loss and validation error of a rate changed (relative); less than `still` is no change."""
    loss_told, error_told = (f"{value:+.0%}".replace("-", "−") for value in (loss, error))
    told = f"at rate {rate:g} the loss changes by {loss_told}, the error by {error_told}"
    if error < -still:
        return f"{told} (it goes on learning)"
    return f"{told} (the loss goes on falling and the mean error does not: it overfits)" if loss < -still else told


def ends(estimate: Estimate) -> tuple[float, float | None, float | None]:
    """Value and interval for results.json: None where there is no interval."""
    low, high = estimate.interval(LEVEL)
    return (estimate.value, None, None) if math.isnan(low) else (estimate.value, low, high)


def committed(known: dict[str, str]) -> str:
    """When the bands were fixed and worded, and when the first run that they judge was finished."""
    if "unknown" in (known["time"], known["worded_time"]):
        why = "they differ from the last commit" if UNCOMMITTED in known.values() else "there is no version control"
        return f"When the bands were last changed or worded is not known: {why}."
    times = {key: datetime.fromisoformat(known[key]).astimezone(UTC) for key in known if key.endswith("time")}
    day = {key: f"{time:%Y-%m-%d} at {time:%H:%M} UTC" for key, time in times.items()}
    fixed = f"The limits of the bands were last changed on {day['time']}, in commit {known['commit']}, and the words "
    fixed += f"around them on {day['worded_time']}, in commit {known['worded_commit']}. "
    if "first_run" not in known:
        return fixed + "No run has been held against them yet."
    before = times["time"] < times["first_time"]
    first = f"The first run of this report that they judge, {known['first_run']}, was finished on {day['first_time']}"
    order = "after the limits were fixed" if before else "before the last change of a limit"
    return f"{fixed}{first}, from commit {known['first_commit']}: {order}."


def tally(verdicts) -> str:
    """How many conclusions numbers support, and so on."""
    count = Counter(verdicts)
    phrases = {HOLDS: "support {}", FAILS: "do not support {}", UNDECIDED: "leave {} undecided"}
    phrases |= {NOT_MEASURED: "do not answer {}"}
    words = [phrase.format(count[verdict]) for verdict, phrase in phrases.items() if count[verdict]]
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def short(name: str) -> str:
    """A claim's name in a few words."""
    words = {"0001": "0.0001", "cpu": "CPU", "gpu": "GPU", "conv": "convolution", "nan": "diverged"}
    return " ".join(words.get(word, word) for word in name.split("_"))


def numbered(results: dict[str, Result]) -> dict[str, str]:
    """Short names for a chart, with the number that each claim has in the tables."""
    return {name: f"{result.claim.number}  {short(name)}" for name, result in results.items()}


def verdict_table(results: dict[str, Result]) -> pd.DataFrame:
    """A line a claim, with both verdicts."""
    rows = [(r.claim.number, named(r.claim), r.verdict_2017, r.verdict) for r in results.values()]
    return pd.DataFrame(rows, columns=["No.", "Conclusion", "2017's numbers", "Our runs"])


def definition_table(results: dict[str, Result]) -> pd.DataFrame:
    """What each claim was held against, why there, where its verdicts would flip, and the runs."""
    rows = []
    for name, result in results.items():
        reading = f" Reading: {result.claim.reading}." if result.claim.reading else ""
        sides = result.parts_2017, result.parts
        flips = (None if (at := margin(parts)) is None else f"{at:.3g}" for parts in sides)
        studies = Counter(run.split("/")[0] for run in result.runs)
        runs = ", ".join(f"{study} ({count})" for study, count in studies.items()) or "none"
        rows.append((result.claim.number, short(name), result.claim.hypothesis + "." + reading, *flips, runs))
    return pd.DataFrame(rows, columns=["No.", "Name", "Band and its reason", "Flips, 2017", "Flips, ours", "Runs"])


def forest(results: dict[str, Result]) -> pd.DataFrame:
    """For each claim and side the part on which its verdict hangs, in half-widths of its band."""
    rows, names = [], numbered(results)
    for name, result in results.items():
        for side, parts in (("2017", result.parts_2017), ("ours", result.parts)):
            if (verdict := decide(parts)) != NOT_MEASURED and (part := decisive(parts)):
                place, (low, high) = distance(part), part.estimate.interval(LEVEL)
                low, high = sorted((place(low), place(high)))
                at = place(part.estimate.value)
                rows.append((names[name], side, verdict, at, low, high, part.label, interval(part)))
    return pd.DataFrame(rows, columns=["claim", "side", "verdict", "at", "low", "high", "quantity", "measured"])
