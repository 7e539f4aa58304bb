"""What a run may be told: parameter names, types and ranges, and the studies that params/*.yaml declare."""

import ast
import hashlib
import math
from itertools import product
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

WHERE = ("dataset", "device", "threads", "shards")
COMMON = ("lr", "epochs", "filters", "batch_size", "shuffle", "head", "init", *WHERE)
NOTEBOOKS = {
    "train": (*COMMON, "seed", "model_path"),
    "lr_study": (*COMMON, "seeds", "first_seed"),
    "benchmark": (*COMMON, "seed", "round", "backend", "tf32"),
    "divergence": (*WHERE, "lr", "steps", "filters", "batch_size", "seeds", "first_seed"),
    "memory": (*WHERE, "filters"),
}
# The modules whose change can change a number: prose, figures and claims are not among them.
NUMBER_MODULES = ("arithmetic", "data", "engine", "evaluation", "machine", "model", "train")
TIMING_MODULES = ("backends", "benchmark", "jax_engine")
STUDY_KEYS = {"notebook", "fixed", "grid", "points", "preview"}


class ParameterError(ValueError):
    """A parameter's name, type or value breaks a rule; the message names all three."""


class Rule(NamedTuple):
    """The type of a parameter and its range (both ends included), choices or suffix."""

    kind: type
    low: float = -math.inf
    high: float = math.inf
    choices: tuple = ()
    suffix: str = ""

    def __str__(self):
        if self.kind is bool:
            return "True or False"
        if self.kind is str:
            return f"one of {', '.join(self.choices)}" if self.choices else f"a path that ends in {self.suffix}"
        number = "a whole number" if self.kind is int else "a number"
        return f"{number} from {self.low:g} to {self.high:g}"

    def allows(self, value) -> bool:
        """Whether `value` has the type (a whole number passes as a float) and lies in the range."""
        if type(value) is not self.kind and not (self.kind is float and type(value) is int):
            return False
        if self.kind is str:
            return value in self.choices if self.choices else value.endswith(self.suffix)
        return self.low <= value <= self.high


RULES = {
    "lr": Rule(float, 1e-6, 10),
    "epochs": Rule(int, 1, 1000),
    "steps": Rule(int, 1, 10_000),
    "seeds": Rule(int, 1, 100),
    "first_seed": Rule(int, 0, 10**6),
    "seed": Rule(int, 0, 10**6),
    "round": Rule(int, 1, 100),
    "filters": Rule(int, 1, 1024),
    "batch_size": Rule(int, 1, 10_000),
    "shuffle": Rule(bool),
    "head": Rule(str, choices=("linear", "relu")),
    "init": Rule(str, choices=("normal", "scaled")),
    "dataset": Rule(str, choices=("auto", "mnist", "digits")),
    "device": Rule(str, choices=("CPU", "GPU")),
    "threads": Rule(int, 0, 1024),
    "shards": Rule(int, 1, 64),
    "backend": Rule(str, choices=("tensorflow", "jax")),
    "tf32": Rule(bool),
    "model_path": Rule(str, suffix=".keras"),
}
# A number of shards decides the bits of a result, so that only a timing run may look for the fastest one (0).
OWN_RULES = {"benchmark": {"shards": Rule(int, 0, 64)}}


def rules(notebook: str) -> dict[str, Rule]:
    """The rule of each parameter of a notebook."""
    return {name: (RULES | OWN_RULES.get(notebook, {}))[name] for name in NOTEBOOKS[notebook]}


def checked(notebook: str, settings: dict) -> dict:
    """Return `settings`, typed. Raises ParameterError at the first name, type or value that breaks its rule."""
    rule = rules(notebook)
    for name in settings:
        if name not in rule:
            raise ParameterError(
                f"{name} = {settings[name]!r}: {notebook} has no such parameter; it has {', '.join(rule)}"
            )
    for name, value in settings.items():
        if not rule[name].allows(value):
            hint = "; write True or False" if rule[name].kind is bool else ""
            raise ParameterError(f"{name} = {value!r}: must be {rule[name]}{hint}")
    return {name: rule[name].kind(value) for name, value in settings.items()}


def injected(namespace: dict) -> set[str]:
    """The names that papermill's injected cell assigned in a notebook's `namespace`."""
    cells = [cell for cell in namespace.get("In", []) if cell.startswith("# Parameters\n")]
    assigned = (node for cell in cells for node in ast.parse(cell).body if isinstance(node, ast.Assign))
    return {target.id for node in assigned for target in node.targets}


def check(notebook: str, namespace: dict) -> dict:
    """Return the parameters of a running notebook from its `globals()`, typed.

    Raises ParameterError for a parameter outside its rule, and for a name that papermill was given and
    `notebook` does not have.
    """
    names = [*NOTEBOOKS[notebook], *sorted(injected(namespace) - set(NOTEBOOKS[notebook]))]
    return checked(notebook, {name: namespace[name] for name in names})


class Run(NamedTuple):
    """One point of a study: its names, its notebook and what it sets there."""

    study: str
    point: str
    notebook: str
    settings: dict

    @property
    def name(self) -> str:
        return f"{self.study}/{self.point}"

    @property
    def alone(self) -> bool:
        """A run that measures the machine has it to itself."""
        return self.notebook in ("benchmark", "memory")


def coerced(study: str, settings: dict) -> dict:
    """Read text as a number where the rule asks for one: YAML takes 1e-4 for text."""

    def value(name, given):
        if isinstance(given, str) and name in RULES and RULES[name].kind in (int, float):
            try:
                return RULES[name].kind(given)
            except ValueError:
                raise ParameterError(f"{study}: {name} = {given!r}: must be {RULES[name]}, as in 0.0001") from None
        return given

    if not isinstance(settings, dict):
        raise ParameterError(f"{study}: {settings!r}: must be a mapping of parameter names to values")
    return {name: value(name, given) for name, given in settings.items()}


def points(study: str, declared: dict) -> list[dict]:
    """The varied settings of a study, from its `grid` (a cross product) or its `points` (a list)."""
    if ("grid" in declared) == ("points" in declared):
        raise ParameterError(f"{study}: must declare either grid or points")
    if "points" in declared:
        if not isinstance(declared["points"], list):
            raise ParameterError(f"{study}: points = {declared['points']!r}: must be a list")
        return [coerced(study, point) for point in declared["points"]]
    grid = declared["grid"]
    if not isinstance(grid, dict) or not all(isinstance(values, list) for values in grid.values()):
        raise ParameterError(f"{study}: grid = {grid!r}: must have a list of values for each parameter")
    return [coerced(study, dict(zip(grid, values, strict=True))) for values in product(*grid.values())]


def read_study(path: Path, preview: bool = False) -> list[Run]:
    """The runs that a study file declares, or those of its preview.

    Raises ParameterError for an unknown key, a value outside its rule, or two points of one name.
    """
    # Not above: a timing needs no study file, and on another machine perhaps has no yaml.
    import yaml

    declared = yaml.safe_load(path.read_text())
    if not isinstance(declared, dict):
        raise ParameterError(f"{path.name}: must have keys among {', '.join(sorted(STUDY_KEYS))}")
    shown = declared.pop("preview", {}) or {}
    if unknown := (set(declared) | set(shown)) - STUDY_KEYS:
        raise ParameterError(f"{path.name}: {sorted(unknown)[0]}: must be one of {', '.join(sorted(STUDY_KEYS))}")
    if declared.get("notebook") not in NOTEBOOKS:
        raise ParameterError(f"{path.name}: notebook = {declared.get('notebook')!r}: must be one of {list(NOTEBOOKS)}")
    if preview:
        varied = {"grid", "points"} & set(shown)
        kept = {key: value for key, value in declared.items() if not (varied and key in ("grid", "points"))}
        declared = kept | shown | {"fixed": declared.get("fixed", {}) | shown.get("fixed", {})}
    study, notebook = path.stem, declared["notebook"]
    fixed = coerced(study, declared.get("fixed", {}))
    runs = []
    for varied in points(study, declared):
        settings = checked(notebook, fixed | varied)
        name = ",".join(f"{key}={settings[key]}" for key in varied)
        runs.append(Run(study, name, notebook, settings))
    names = [run.point for run in runs]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ParameterError(f"{study}: two points are called {min(repeated)}")
    return runs


def plan(preview: bool = False, gpu: bool = False) -> list[Run]:
    """Every run of every study; points on a GPU only where there is one."""
    runs = [run for path in sorted((ROOT / "params").glob("*.yaml")) for run in read_study(path, preview)]
    return [run for run in runs if gpu or run.settings.get("device") != "GPU"]


def find_run(study: str, point: str, preview: bool = False) -> Run:
    """The run of that name. Raises ParameterError where the study declares none."""
    path = ROOT / "params" / f"{study}.yaml"
    runs = read_study(path, preview) if path.is_file() else []
    for run in runs:
        if run.point == point:
            return run
    raise ParameterError(f"{study}/{point}: params/{study}.yaml declares no such run")


def sources(notebook: str) -> list[str]:
    """The files that make a notebook's numbers: itself, the modules that compute, and the lock, from the root."""
    modules = [*NUMBER_MODULES, *(TIMING_MODULES if notebook in ("benchmark", "memory") else ())]
    return [f"notebooks/{notebook}.ipynb", *(f"lenet/{module}.py" for module in modules), "requirements.txt"]


def sources_digest(notebook: str) -> str:
    """SHA-256 of the content of those files, the first 12 digits."""
    content = b"".join(hashlib.sha256((ROOT / path).read_bytes()).digest() for path in sources(notebook))
    return hashlib.sha256(content).hexdigest()[:12]
