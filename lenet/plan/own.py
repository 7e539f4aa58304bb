"""One more run of a study, in settings of a person's own, apart from what its file declares."""

import re
import shlex
from typing import Any

import yaml

from lenet.plan.parameters import ParameterError, checked, shown
from lenet.plan.studies import Run, point_name, read_study, study_files

# The folder of these runs among the finished ones.
OWN = "own"
# Decided for all runs alike, or when one is made.
NOT_TO_SET = ("dataset", "model_path")


def own_run(study: str, text: str, preview: bool = False) -> Run:
    """The first run of a study with some settings changed, as in "lr=0.02 seeds=3".

    It is called after what is changed: own/lr_study/lr=0.02,seeds=3. Values are written as in a
    study file. Raises ParameterError, naming the study or parameter, its value and the rule.
    """
    files = {path.stem: path for path in study_files()}
    if study not in files:
        raise ParameterError(f"STUDY = {shown(study)}: must be one of {', '.join(files)}")
    path = files[study]
    declared = read_study(path, preview) or read_study(path)
    if not declared:
        raise ParameterError(f"STUDY = {study}: must have a run, from which to start")
    first = declared[0]
    changed = checked(first.notebook, given(text))
    settings = {**first.settings, **changed}
    for run in declared:
        if run.settings == settings:
            raise ParameterError(f"SET = {shown(text)}: must differ from {run.name}, a run of it")
    # In one order, so that a run has one name.
    names = [name for name in settings if name in changed]
    return Run(f"{OWN}/{study}", point_name(settings, names), first.notebook, settings)


def given(text: str) -> dict[str, Any]:
    """The parameters that a text sets, each once.

    >>> given("lr = 1e-4 shuffle=True head='relu'")
    {'lr': '1e-4', 'shuffle': True, 'head': 'relu'}
    """
    try:
        words = shlex.split(re.sub(r"\s*=\s*", "=", text))
    except ValueError as error:
        raise ParameterError(f"SET = {shown(text)}: must be name=value ({error})") from None
    if not words:
        raise ParameterError("SET = '': must set a parameter, as in SET=\"lr=0.02 seeds=3\"")
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals):
            raise ParameterError(f"{shown(word)}: must be name=value, as in lr=0.02")
        if name in NOT_TO_SET:
            raise ParameterError(f"{name}: must be left out, as it is the same for all runs")
        if name in found:
            raise ParameterError(f"{name}: must be set once")
        found[name] = as_in_a_study_file(value)
    return found


def as_in_a_study_file(value: str) -> Any:
    """What YAML reads; the text itself where it is none."""
    try:
        return yaml.safe_load(value)
    except Exception:  # of PyYAML many kinds
        return value
