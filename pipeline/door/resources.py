"""What a job asks a cluster for: by its study, as a profile's `resources.yaml` says.

The person's part is `jobs:` there: cores, memory and minutes of each study, and of `default`. What
the run itself decides is added here: a node of its own for a timing run, a card for one on a GPU.
"""

import math
from pathlib import Path

import yaml

from lenet.plan.studies import Run
from pipeline.door.estimate import limit_seconds

FILE = "resources.yaml"
KEYS = ("cores", "memory_mb", "minutes")
# A run that reaches its own limit should say so, before the cluster ends its job.
SPARE_MINUTES = 10

Asked = dict[str, int]


class ProfileError(ValueError):
    """A profile asks for something that cannot be; the message names it and the rule."""


def cluster(profile: Path) -> bool:
    """Whether a profile of Snakemake hands runs on to SLURM. Raises ProfileError, OSError."""
    path = profile / "config.yaml"
    if not path.is_file():
        raise ProfileError(f"profile = {profile}: must be a folder that holds config.yaml")
    settings = parsed(path)
    return settings.get("executor") == "slurm"


def read(profile: Path) -> dict[str, Asked]:
    """What jobs ask for, by study, of a profile. Raises ProfileError, OSError."""
    path = profile / FILE
    jobs = parsed(path).get("jobs")
    if not isinstance(jobs, dict) or "default" not in jobs:
        raise ProfileError(f"{path}: jobs = {jobs!r}: must name what `default` asks for")
    for study, asked in jobs.items():
        check(path, study, asked)
    for key in ("cores", "memory_mb"):
        if key not in jobs["default"]:
            raise ProfileError(f"{path}: default: must name {key}")
    return jobs


def parsed(path: Path) -> dict:
    """The keys of a YAML file. Raises ProfileError, OSError."""
    try:
        keys = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        first_line = str(error).partition("\n")[0]
        raise ProfileError(f"{path}: must be YAML: {first_line}") from error
    if not isinstance(keys, dict):
        raise ProfileError(f"{path}: must be a mapping of keys to values")
    return keys


def check(path: Path, study: str, asked: object) -> None:
    """Raise ProfileError where a study's line is not of whole numbers under known keys."""
    if not isinstance(asked, dict):
        raise ProfileError(f"{path}: {study} = {asked!r}: must be a mapping of {', '.join(KEYS)}")
    for key, value in asked.items():
        if key not in KEYS:
            raise ProfileError(f"{path}: {study}: {key}: must be one of {', '.join(KEYS)}")
        if type(value) is not int or value < 1:
            raise ProfileError(f"{path}: {study}: {key} = {value!r}: must be a whole number, 1 up")


def asked(run: Run, jobs: dict[str, Asked]) -> Asked:
    """Cores, MB of memory and minutes that the job of a run asks for.

    >>> asked(Run("a", "x=1", "lr_study", {}), {"default": {"cores": 1, "memory_mb": 4000}})
    {'minutes': 130, 'cores': 1, 'memory_mb': 4000}
    """
    limit = math.ceil(limit_seconds(run) / 60) + SPARE_MINUTES
    return {"minutes": limit, **jobs["default"], **jobs.get(run.study, {})}


def demands(run: Run, jobs: dict[str, Asked] | None, preview: bool) -> dict[str, int | str]:
    """What a run asks for in Snakemake's words; on one machine, which has no `jobs`, nothing."""
    if not jobs:
        return {}
    wanted = asked(run, jobs)
    found: dict[str, int | str] = {"mem_mb": wanted["memory_mb"], "runtime": wanted["minutes"]}
    if run.settings.get("device") == "GPU":
        found["gpu"] = 1
    # A preview's times are there to be drawn alone.
    if run.alone and not preview:
        found["slurm_extra"] = "--exclusive"
    return found
