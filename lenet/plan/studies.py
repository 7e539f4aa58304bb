"""Which runs there are: the studies that the files of params/ declare.

A study names its notebook, what is `fixed` for all its runs, and what is varied: a `grid` (every
combination) or `points` (a list). Every other setting is the notebook's default. The keys and
their types stand in `study.schema.yaml`.
"""

import itertools
import math
import re
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import jsonschema
import yaml

from lenet.plan.parameters import ROOT, ParameterError, checked, declared, shown

SCHEMA = yaml.safe_load(Path(__file__).with_name("study.schema.yaml").read_text(encoding="utf-8"))
# The largest settings of a preview that a study does not declare itself.
SMALL = {"epochs": 3, "seeds": 2, "steps": 20, "batch_size": 1_000}
# A batch is no larger. The first is a fact of 2017: a test compares, since to load it takes pandas.
TRAINING_IMAGES = {"mnist": 50_000, "digits": 1_197}
MOST_RUNS = 1000
# Names of runs become names of files and stand in shell commands.
NAME = r"[A-Za-z0-9_][A-Za-z0-9_.,=+-]{0,199}"


class Run(NamedTuple):
    """One point of a study: what its notebook is told, every parameter named.

    Not among the settings is `model_path`: whoever makes the run decides where it lies.
    """

    study: str
    point: str
    notebook: str
    settings: dict
    draft: bool = False

    @property
    def name(self) -> str:
        return f"{self.study}/{self.point}"

    @property
    def rule(self) -> str:
        """The name in letters, digits and _ alone, as a workflow's rule needs it.

        >>> Run("lr_study", "lr=0.1", "lr_study", {}).rule
        'lr_study_lr_0_1'
        """
        return re.sub(r"\W", "_", self.name)

    @property
    def alone(self) -> bool:
        """Whether it measures time, and so must have the machine to itself."""
        return self.notebook == "benchmark"

    def on(self, dataset: str) -> dict:
        """The settings on that data set. Raises ParameterError for those that it cannot have.

        >>> Run("study", "lr=0.1", "lr_study", {"lr": 0.1, "dataset": "auto"}).on("digits")
        {'lr': 0.1, 'dataset': 'digits'}
        """
        own = self.settings.get("dataset")
        size = self.settings.get("batch_size", 1)
        images = TRAINING_IMAGES[dataset]
        fault = ""
        if own not in (None, "auto", dataset):
            fault = (
                f"dataset = {own!r}: must be {dataset!r} here; "
                "leave it out, or set it in the preview, which is on digits"
            )
        elif size > images:
            fault = f"batch_size = {size}: must be at most the {images:,} training images here"
        elif self.settings.get("tf32") and self.settings.get("device") == "CPU":
            fault = "tf32 = True: must be False with device = 'CPU'"
        if fault:
            raise ParameterError(f"params/{self.study}.yaml: {fault}")
        return {**self.settings, "dataset": dataset} if own else self.settings


def plan(preview: bool = False, gpu: bool = False) -> list[Run]:
    """Every run of every study, drafts first; those on a GPU only where `gpu` is true.

    Raises ParameterError at the first mistake in any file of params/.
    """
    planned = []
    for path in study_files():
        planned += read_study(path, preview)
    taken: dict[str, Run] = {}
    for run in planned:
        run.on("digits" if preview else "mnist")
        # Some file systems do not tell upper from lower case.
        other = taken.setdefault(run.rule.lower(), run)
        if other is not run:
            raise ParameterError(f"{other.name}, {run.name}: too alike; rename one of the studies")
    planned.sort(key=lambda run: not run.draft)
    return [run for run in planned if gpu or run.settings.get("device") != "GPU"]


def find_run(study: str, point: str, preview: bool = False) -> Run:
    """The run of that name. Raises ParameterError where no study declares it."""
    path = ROOT / "params" / f"{study}.yaml"
    if path in study_files():
        for run in read_study(path, preview):
            if run.point == point:
                return run
    raise ParameterError(f"{study}/{point}: params/ declares no such run, preview = {preview}")


def study_files() -> list[Path]:
    """The files of params/ that declare a study. Raises ParameterError for any other.

    Hidden files and an editor's copies (x.yaml~, #x.yaml#) are left alone, since no person wrote
    them. Whatever else lies there must be a study: nothing a person wrote is passed over.
    """
    found = []
    for path in sorted((ROOT / "params").glob("*")):
        if re.match("[.#]|.*~$", path.name):
            continue
        if not re.fullmatch(NAME + r"\.yaml", path.name):
            raise ParameterError(
                f"params/: {shown(path.name)}: must be a study, in a file whose name is of "
                "letters, digits and _ . , = + - and ends in .yaml"
            )
        found.append(path)
    return found


def read_study(path: Path, preview: bool = False) -> list[Run]:
    """The runs that a study file declares, or those of its preview.

    The whole file is checked either way. Raises ParameterError naming the file, key and rule.
    """
    try:
        keys = load(path)
        full = runs(path.stem, keys, {})
        short = runs(path.stem, preview_of(keys), {} if "preview" in keys else SMALL)
    except Exception as error:  # of PyYAML many kinds, with several lines
        reason = textwrap.shorten(str(error), 500)
        raise ParameterError(f"params/{path.name}: {reason}") from error
    return short if preview else full


class NoKeyTwice(yaml.SafeLoader):
    """Reads YAML in which a mapping names each key once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise ParameterError(f"{shown(key)}: stands twice in one mapping")
        return super().construct_mapping(node, deep)


def load(path: Path) -> dict:
    """What a study file says. Raises ParameterError where the schema does not allow it."""
    keys = yaml.load(path.read_text(encoding="utf-8"), NoKeyTwice)
    for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(keys):
        place = ".".join(map(str, error.absolute_path)) or "the file"
        raise ParameterError(
            f"{place} = {shown(error.instance)}: must be {error.schema['description']}"
        )
    return keys


def preview_of(keys: dict) -> dict:
    """A study's keys as its preview has them; without one they are those of its first run.

    So a study of one's own shows up in every preview.
    """
    preview = keys.get("preview", {"points": points(keys)[:1]})
    own = preview.keys() & {"grid", "points"}
    fixed = {**keys.get("fixed", {}), **preview.get("fixed", {})}
    return {**keys, "fixed": fixed, "points": points(preview if own else keys)}


def runs(study: str, keys: dict, largest: Mapping[str, int]) -> list[Run]:
    """The runs that the keys of a study declare, no setting above its `largest`."""
    notebook = keys["notebook"]
    defaults = declared(notebook)
    defaults.pop("model_path", None)
    fixed = checked(notebook, keys.get("fixed", {}))
    found: dict[str, Run] = {}
    for point in points(keys):
        varied = checked(notebook, point)
        if both := fixed.keys() & varied.keys():
            raise ParameterError(f"{min(both)}: must be either fixed or varied")
        settings = {**defaults, **fixed, **varied}
        for name in settings.keys() & largest.keys():
            settings[name] = min(settings[name], largest[name])
        name = point_name(settings, varied)
        if name in found:
            raise ParameterError(f"two points are called {name}")
        found[name] = Run(study, name, notebook, settings, keys.get("draft", False))
    return list(found.values())


def points(keys: dict) -> list[dict]:
    """What each run of a study sets of its own, the first parameter of a grid varying slowest.

    >>> points({"grid": {"lr": [0.1, 0.01], "filters": [8]}})
    [{'lr': 0.1, 'filters': 8}, {'lr': 0.01, 'filters': 8}]
    """
    if "points" in keys:
        return keys["points"]
    grid = keys["grid"]
    count = math.prod(map(len, grid.values()))
    if count > MOST_RUNS:
        raise ParameterError(f"grid: has {count:,} runs: must be at most {MOST_RUNS:,}")
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def point_name(settings: dict, varied: Iterable[str]) -> str:
    """The name of a point: what is varied, in the file's order, with Python's form of a number.

    >>> point_name({"lr": 1e-4, "epochs": 3, "head": "relu"}, ["lr", "head"])
    'lr=0.0001,head=relu'
    """
    name = ",".join(f"{name}={settings[name]}" for name in varied)
    if not re.fullmatch(NAME, name):
        raise ParameterError(
            f"{shown(name)}: must be 1 to 200 letters, digits and _ . , = + -, as it names a file"
        )
    return name
