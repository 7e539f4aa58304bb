"""What the next call would make, why, and how long that takes: told, and nothing done."""

from collections.abc import Iterator

from lenet.plan.studies import Run
from pipeline.door import estimate
from pipeline.door.resources import Asked, asked

JOB = "cores: {cores}, MB: {memory_mb}, minutes: {minutes}"


def told(
    runs: list[Run],
    faults: dict[str, str],
    images: int,
    cores: int,
    preview: bool,
    jobs: dict[str, Asked] | None,
) -> Iterator[str]:
    """Gives a line for the runs of a study that are made for the same reason, then the sums.

    `images` make an epoch; `cores` runs share this machine, or each is one of `jobs` of a cluster.
    """
    seconds: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        if run.name in faults:
            by_itself = jobs or (run.alone and not preview)
            guessed = estimate.guess(run, images, 1 if by_itself else cores)
            seconds.setdefault((run.study, faults[run.name]), []).append(guessed)
    total = 0.0
    for (study, fault), guesses in seconds.items():
        total += sum(guesses)
        yield f"{study}: {len(guesses)} runs, {minutes(sum(guesses))}: {fault}"
    kept = len(runs) - len(faults)
    long = f", {minutes(total)}" if faults else ""
    yield f"to be made: {len(faults)} runs{long}; kept: {kept}"
    if jobs and faults:
        yield "each is a job of the cluster; these are the minutes of all together"
        for study in dict.fromkeys(run.study for run in runs if run.name in faults):
            first = next(run for run in runs if run.study == study)
            yield f"{study} asks for {JOB.format(**asked(first, jobs))}"


def minutes(seconds: float) -> str:
    """Seconds as a guess in minutes.

    >>> minutes(14), minutes(150)
    ('perhaps 1 min', 'perhaps 2 min')
    """
    return f"perhaps {max(round(seconds / 60), 1)} min"
