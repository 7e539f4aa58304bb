"""What a run may be told: what its notebook declares, and the rule for each value.

A parameter is declared once, in the annotated parameters cell of its notebook: name, type and
default. Only the range stands here. A parameter without a rule, as of a notebook of one's own,
may have any value of its type.
"""

import ast
import json
import re
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from reprlib import repr as shown  # of any value one short line
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"bool": bool, "float": float, "int": int, "str": str}


class ParameterError(ValueError):
    """A parameter or a study breaks a rule; the message names it, its value and the rule."""


# Of a number the least and the largest; of text its choices, where * stands for anything.
RULES: dict[str, tuple] = {
    "lr": (1e-6, 10),
    "epochs": (1, 1000),
    "steps": (1, 10_000),
    "seeds": (1, 100),
    "first_seed": (0, 10**6),
    "seed": (0, 10**6),
    "round": (1, 100),
    "filters": (1, 1024),
    "batch_size": (1, 10_000),
    "head": ("linear", "relu"),
    "init": ("normal", "scaled"),
    "dataset": ("auto", "mnist", "digits"),
    "device": ("CPU", "GPU"),
    "threads": (0, 1024),
    "shards": (1, 64),
    "model_path": ("*.keras",),
}


class Parameter(NamedTuple):
    """One line of a notebook's parameters cell, as in `lr: float = 0.1`."""

    name: str
    kind: type
    default: Any

    @property
    def limits(self) -> tuple:
        """Those of RULES; else those of any text, or of any number that is not infinite."""
        return RULES.get(self.name, ("*",) if self.kind is str else (-1e300, 1e300))

    @property
    def rule(self) -> str:
        """What a value must be, in words.

        >>> Parameter("lr", float, 0.1).rule
        'a number from 1e-06 to 10'
        """
        if self.kind is bool:
            return f"True or False (with papermill: -p {self.name} True)"
        if self.kind is str:
            return f"one of {', '.join(self.limits)}"
        number = "a whole number" if self.kind is int else "a number"
        return f"{number} from {self.limits[0]:g} to {self.limits[1]:g}"

    def allows(self, value: Any) -> bool:
        """Whether a value of this parameter's type lies within its limits."""
        if self.kind is str:
            return any(fnmatchcase(value, choice) for choice in self.limits)
        return self.limits[0] <= value <= self.limits[1]

    def typed(self, value: Any) -> Any:
        """`value` in this parameter's type. Raises ParameterError where it breaks the rule.

        Text that is a number counts as the number: YAML and papermill's -y take 1e-4 for text.

        >>> Parameter("lr", float, 0.1).typed("1e-4")
        0.0001
        >>> Parameter("epochs", int, 3).typed(0)
        Traceback (most recent call last):
        lenet.plan.parameters.ParameterError: epochs = 0: must be a whole number from 1 to 1000
        """
        found: Any = value
        with suppress(ValueError, OverflowError):
            if self.kind in (float, int) and type(value) in (int, str):
                found = self.kind(value)
            # Not isinstance: True is no whole number here.
            if type(found) is self.kind and self.allows(found):
                return found
        raise ParameterError(f"{self.name} = {shown(value)}: must be {self.rule}")


def parameters(notebook: str) -> dict[str, Parameter]:
    """The parameters that a notebook declares, by name, in its order.

    Raises ParameterError where there is no such notebook, or none of its cells declares them.
    """
    folder = ROOT / "notebooks"
    known = sorted(path.stem for path in folder.glob("[!.]*.ipynb"))
    if notebook not in known:
        raise ParameterError(f"notebook = {shown(notebook)}: must be one of {', '.join(known)}")
    try:
        cells = json.loads((folder / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
        [cell] = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
        found = [parameter(line) for line in ast.parse("".join(cell["source"])).body]
    except Exception as error:  # whatever a file of that name may hold
        rule = "must have one cell tagged parameters, with lines like lr: float = 0.1"
        raise ParameterError(f"notebooks/{notebook}.ipynb: {rule} ({error})") from error
    return {each.name: each for each in found}


def parameter(line: Any) -> Parameter:
    """What one line of a parameters cell declares.

    >>> parameter(ast.parse("lr: float = 1").body[0])
    Parameter(name='lr', kind=<class 'float'>, default=1.0)
    """
    kind = KINDS[ast.unparse(line.annotation)]
    untyped = Parameter(ast.unparse(line.target), kind, None)
    return untyped._replace(default=untyped.typed(ast.literal_eval(line.value)))


def declared(notebook: str) -> dict:
    """The default of each parameter of a notebook, by name."""
    return {each.name: each.default for each in parameters(notebook).values()}


def checked(notebook: str, settings: Mapping) -> dict:
    """The settings, typed. Raises ParameterError at the first that breaks its rule.

    >>> checked("lr_study", {"lr": "1e-4", "epochs": 2})
    {'lr': 0.0001, 'epochs': 2}
    """
    known = parameters(notebook)
    for name in settings:
        if name not in known:
            raise ParameterError(
                f"{shown(name)}: {notebook} has no such parameter; it has {', '.join(known)}"
            )
    return {name: known[name].typed(value) for name, value in settings.items()}


def check(notebook: str, namespace: MutableMapping) -> dict:
    """The parameters of a running notebook, typed; call it with `globals()`.

    The typed values take the place of the given ones. Raises ParameterError for a value that
    breaks its rule, and for a name that papermill was given and the notebook does not declare.
    """
    cells = [cell for cell in namespace.get("In", []) if cell.startswith("# Parameters\n")]
    # papermill itself tells a notebook where it lies, if it is asked to.
    injected = re.findall(r"^(?!PAPERMILL_)(\w+) = ", "\n".join(cells), re.MULTILINE)
    if "notebook" in injected:
        raise ParameterError(
            "notebook: is a key of a study file, which make report runs from params/; "
            "papermill's -f takes a file of plain parameters, such as lr: 0.01"
        )
    given = {name: namespace.get(name) for name in [*declared(notebook), *injected]}
    settings = checked(notebook, given)
    namespace.update(settings)
    return settings
