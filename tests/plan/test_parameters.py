"""Names, types and ranges: declared once, in a notebook, and checked wherever they come from."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.plan import parameters
from lenet.plan.parameters import ParameterError, check, checked, declared

DEFAULTS = {
    "lr": 0.1,
    "epochs": 3,
    "seeds": 2,
    "first_seed": 100,
    "filters": 16,
    "shuffle": False,
    "head": "linear",
    "dataset": "auto",
    "device": "CPU",
}
NOTEBOOKS = ("train", "lr_study", "benchmark", "divergence", "memory")


def running(injected="", **given):
    """The namespace of a running notebook, where papermill has injected these lines, if any."""
    cells = ["", "lr = 0.1"]
    if injected:
        cells.append(f"# Parameters\n{injected}\n")
    return {**DEFAULTS, "In": cells, **given}


def test_the_parameters_cell_is_the_declaration(project):
    assert declared("lr_study") == DEFAULTS
    assert list(declared("lr_study")) == list(DEFAULTS)


def test_a_whole_number_passes_as_a_float_and_comes_back_as_one(project):
    namespace = running(lr=1)
    assert check("lr_study", namespace) == {**DEFAULTS, "lr": 1.0}
    assert type(namespace["lr"]) is float


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("lr", "abc", "a number from 1e-06 to 10"),
        ("lr", -1, "a number from"),
        ("lr", float("nan"), "a number from"),
        ("lr", float("inf"), "a number from"),
        ("lr", "nan", "a number from"),
        ("lr", True, "a number from"),
        ("lr", 10**400, "a number from"),
        ("lr", [0.1], "a number from"),
        ("epochs", 0, "a whole number from 1 to 1000"),
        ("epochs", True, "a whole number from"),
        ("filters", 2.5, "a whole number from"),
        ("seeds", None, "a whole number from"),
        ("dataset", "cifar", "one of auto, mnist, digits"),
        ("device", "cpu", "one of CPU, GPU"),
        ("head", 1, "one of linear, relu"),
        ("shuffle", "true", "True or False (with papermill: -p shuffle True)"),
        ("shuffle", 1, "True or False"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_rule(project, name, value, rule):
    with pytest.raises(ParameterError) as error:
        check("lr_study", running(**{name: value}))
    assert f"{name} = {parameters.shown(value)}: must be {rule}" in str(error.value)


@pytest.mark.parametrize(
    ("given", "found"),
    [({"lr": "1e-4"}, 0.0001), ({"lr": "1"}, 1.0), ({"epochs": "7"}, 7)],
)
def test_text_that_is_a_number_is_read_as_one(project, given, found):
    [name] = given
    namespace = running(**given)
    assert check("lr_study", namespace)[name] == found
    assert namespace[name] == found
    assert type(namespace[name]) is type(found)


def test_a_name_that_papermill_was_given_and_nobody_knows_is_refused(project):
    with pytest.raises(ParameterError, match="'momentum': lr_study has no such parameter; it has"):
        check("lr_study", running("lr = 0.1\nmomentum = 0.9", momentum=0.9))
    explored = running(momentum=0.9)
    explored["In"].append("momentum = 0.9")
    assert check("lr_study", explored) == DEFAULTS


def test_papermills_own_names_are_accepted(project):
    lines = 'PAPERMILL_INPUT_PATH = "a.ipynb"\nPAPERMILL_OUTPUT_PATH = "b.ipynb"\nlr = 0.2'
    assert check("lr_study", running(lines, lr=0.2))["lr"] == 0.2


def test_a_study_file_handed_to_papermill_is_told_what_it_is_for(project):
    lines = 'notebook = "lr_study"\nfixed = {"epochs": 2}\ngrid = {"lr": [0.1]}'
    with pytest.raises(ParameterError, match="notebook: is a key of a study file, which make"):
        check("lr_study", running(lines, notebook="lr_study", fixed={}, grid={}))


def test_a_cell_of_parameters_that_has_not_run_is_noticed(project):
    namespace = running()
    del namespace["lr"]
    with pytest.raises(ParameterError, match="lr = None: must be a number"):
        check("lr_study", namespace)


def test_a_parameter_of_ones_own_has_its_annotated_type(project):
    project.notebook("own", "depth: int = 2\nrate: float = 1\ntitle: str = 'a'\nlr: float = 0.1")
    assert checked("own", {"depth": -5, "title": "any text"}) == {"depth": -5, "title": "any text"}
    for name, value in {"depth": 1.5, "rate": float("inf"), "title": 3, "lr": 11}.items():
        with pytest.raises(ParameterError, match=f"{name} = "):
            checked("own", {name: value})


@pytest.mark.parametrize(
    "cell", ["lr = 0.1", "lr: list = [1]", "lr: float", "lr: float = 2 * x", "lr: float = (", "1"]
)
def test_a_cell_that_declares_nothing_readable_is_named(project, cell):
    project.notebook("own", cell)
    with pytest.raises(ParameterError, match="notebooks/own.ipynb: must have one cell tagged"):
        declared("own")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"cells": [{}]}', b"\xff\xfe"])
def test_a_damaged_notebook_is_named(project, content):
    (project.root / "notebooks" / "own.ipynb").write_bytes(content)
    with pytest.raises(ParameterError, match="notebooks/own.ipynb: must have one cell tagged"):
        declared("own")


@pytest.mark.parametrize("name", ["other", "", "../lr_study", None, 7, ["lr_study"], "a\0b"])
def test_an_unknown_notebook_is_refused(project, name):
    with pytest.raises(ParameterError, match=r"notebook = .*: must be one of lr_study"):
        declared(name)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_every_number_and_word_of_the_projects_notebooks_has_its_limits(notebook):
    for each in parameters.parameters(notebook).values():
        assert each.kind is bool or each.name in parameters.RULES


def test_a_wrong_value_is_refused_without_anything_heavy():
    code = (
        "import sys; from lenet.plan.parameters import check\n"
        "try: check('lr_study', {'lr': -1})\n"
        "except ValueError: heavy = {'tensorflow', 'papermill', 'pandas'} & set(sys.modules)\n"
        "sys.exit(bool(heavy))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=3)


def values():
    """Anything that YAML, papermill or a person in a cell may hand over."""
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    return st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(DEFAULTS)), values())
def test_any_value_is_typed_or_refused(name, value):
    complaint = ""
    try:
        found = checked("lr_study", {name: value})
    except ParameterError as error:
        complaint = str(error)
    if complaint:
        assert complaint.startswith(f"{name} = ")
        assert "\n" not in complaint
    else:
        assert type(found[name]) is type(DEFAULTS[name])
        assert checked("lr_study", found) == found


@settings(max_examples=60, deadline=None)
@given(st.text() | st.integers(), values())
def test_any_name_is_known_or_refused(name, value):
    if name not in declared("lr_study"):
        with pytest.raises(ParameterError, match="has no such parameter"):
            checked("lr_study", {name: value})
