"""Where our verdicts differ from those of the pilot study after which the bands were chosen, and how."""

import pandas as pd

from lenet import wording
from lenet.claims import Result
from lenet.statistics import NOT_MEASURED, UNDECIDED


def difference(result: Result) -> str:
    """How our verdict differs from the pilot's; empty where it does not."""
    then, now = result.claim.pilot, result.verdict
    if then == now:
        return ""
    if now == NOT_MEASURED:
        return "measured only by the pilot"
    if then == NOT_MEASURED:
        exact = wording.decisive(result.parts).minimum < result.claim.minimum
        return "decided by arithmetic" if exact else "measured only now"
    if UNDECIDED in (then, now):
        return "undecided now, for want of precision" if now == UNDECIDED else "decided now"
    return "contradicts the pilot"


def table(results: dict[str, Result]) -> pd.DataFrame:
    """The conclusions whose verdict is not the pilot's, each with the part on which ours hangs."""
    rows = []
    for result in results.values():
        if kind := difference(result):
            claim, part = result.claim, wording.decisive(result.parts)
            asked = part and wording.limits(part.band, part.unit)
            found = part and f"{part.label}: {wording.interval(part)}; asked: {asked}"
            why = "; ".join(filter(None, (kind, claim.pilot_note)))
            row = (claim.number, claim.paraphrase, claim.pilot, result.verdict, found, part and part.estimate.n, why)
            rows.append(row)
    columns = ["No.", "Conclusion", "Pilot", "Our runs", "Decided by", "n", "Difference"]
    return pd.DataFrame(rows, columns=columns).astype({"n": "Int64"})


def sentence(results: dict[str, Result]) -> str:
    """How many verdicts are the pilot's, and of which kind the differences are."""
    kinds = {}
    for result in results.values():
        kinds.setdefault(difference(result), []).append(str(result.claim.number))
    same = len(kinds.pop("", []))
    told = "; ".join(f"{kind}: No. {', '.join(numbers)}" for kind, numbers in kinds.items())
    agree = f"Of {len(results)} conclusions, {same} have the verdict that they had in the pilot."
    return f"{agree} Of the others: {told}." if kinds else agree
