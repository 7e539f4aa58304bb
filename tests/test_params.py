"""Names, types and ranges, in notebooks and in study files."""

import re
import subprocess
import sys

import nbformat
import papermill
import pytest

from lenet import params

LR_STUDY = {
    "lr": 0.1, "epochs": 3, "filters": 16, "batch_size": 64, "shuffle": False, "head": "linear", "init": "normal",
    "dataset": "auto", "device": "CPU", "threads": 0, "shards": 2, "seeds": 2, "first_seed": 100,
}  # fmt: skip


def study(tmp_path, text):
    path = tmp_path / "some.yaml"
    path.write_text(text)
    return path


def test_whole_numbers_pass_as_floats_and_come_back_typed():
    found = params.check("lr_study", LR_STUDY | {"lr": 1})
    assert found == LR_STUDY | {"lr": 1.0}
    assert type(found["lr"]) is float


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("lr", "abc", "a number from 1e-06 to 10"),
        ("lr", -1, "a number from"),
        ("lr", float("nan"), "a number from"),
        ("lr", float("inf"), "a number from"),
        ("lr", True, "a number from"),
        ("epochs", 0, "a whole number from 1 to 1000"),
        ("filters", 2.5, "a whole number from"),
        ("seeds", None, "a whole number from"),
        ("dataset", "cifar", "one of auto, mnist, digits"),
        ("device", "cpu", "one of CPU, GPU"),
        ("shuffle", "true", "True or False; write True or False"),
        ("shuffle", 1, "True or False"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_rule(name, value, rule):
    with pytest.raises(params.ParameterError) as error:
        params.check("lr_study", LR_STUDY | {name: value})
    assert f"{name} = {value!r}: must be {rule}" in str(error.value)


def test_a_name_that_papermill_was_given_and_nobody_knows_is_refused():
    handed = LR_STUDY | {"momentum": 0.9, "In": ["", "lr = 0.1", "# Parameters\nlr = 0.1\nmomentum = 0.9\n"]}
    with pytest.raises(params.ParameterError, match="momentum = 0.9: lr_study has no such parameter; it has lr, "):
        params.check("lr_study", handed)
    explored = LR_STUDY | {"momentum": 0.9, "In": ["", "momentum = 0.9"]}
    assert params.check("lr_study", explored) == LR_STUDY


@pytest.mark.parametrize("notebook", params.NOTEBOOKS)
def test_each_notebook_declares_what_params_knows_with_defaults_in_range(notebook):
    declared = papermill.inspect_notebook(params.ROOT / "notebooks" / f"{notebook}.ipynb")
    assert set(declared) == set(params.NOTEBOOKS[notebook])
    for name, told in declared.items():
        rule = params.rules(notebook)[name]
        assert told["inferred_type_name"] == rule.kind.__name__
        assert told["help"], f"{name} has no comment that explains it"
        assert rule.allows(eval(told["default"])), name


def test_only_a_timing_run_may_leave_the_number_of_shards_open():
    assert params.checked("benchmark", {"shards": 0}) == {"shards": 0}
    with pytest.raises(params.ParameterError, match="shards = 0: must be a whole number from 1 to 64"):
        params.checked("lr_study", {"shards": 0})


def test_a_wrong_value_is_refused_without_tensorflow_within_three_seconds():
    code = "import sys, lenet.params as p; p.checked('train', {'lr': 1.0}); sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=3)


READERS = ["arithmetic", "claims", "data", "figures", "machine", "params", "publish", "report", "run", "scraps"]


def test_the_reading_wing_loads_no_tensorflow():
    code = f"import sys; from lenet import {', '.join(READERS)}; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_report_is_made_again_when_a_module_that_it_reads_with_has_changed():
    listed = re.search(r"^READERS = \[(.*?)\]", (params.ROOT / "Snakefile").read_text(), re.DOTALL | re.MULTILINE)[1]
    cells = nbformat.read(params.ROOT / "notebooks" / "report.ipynb", 4).cells
    imports = [line for cell in cells for line in cell.source.split("\n") if re.match("(from|import) ", line)]
    loaded = "print(*(name[6:] for name in sys.modules if name.startswith('lenet.')))"
    code = "\n".join([*imports, "import sys", loaded])
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert {"report", "tables"} < set(loaded) <= set(re.findall(r"\w+", listed)) | set(params.NUMBER_MODULES)


def test_points_are_named_in_the_files_order_by_typed_values(tmp_path):
    text = "notebook: lr_study\nfixed: {epochs: 2}\ngrid: {filters: [8, 16], lr: [1e-4, 1]}\n"
    runs = params.read_study(study(tmp_path, text))
    assert [run.point for run in runs] == [
        "filters=8,lr=0.0001", "filters=8,lr=1.0", "filters=16,lr=0.0001", "filters=16,lr=1.0"]  # fmt: skip
    assert runs[0].settings == {"epochs": 2, "filters": 8, "lr": 0.0001}


def test_a_preview_changes_only_what_it_names(tmp_path):
    text = (
        "notebook: lr_study\nfixed: {epochs: 9, seeds: 5}\ngrid: {lr: [0.1, 0.2]}\n"
        "preview: {fixed: {epochs: 1}, points: [{lr: 0.5}]}\n"
    )
    (run,) = params.read_study(study(tmp_path, text), preview=True)
    assert run.settings == {"epochs": 1, "seeds": 5, "lr": 0.5}
    assert len(params.read_study(study(tmp_path, text))) == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("notebook: lr_study\ngrid: {lr: [0.1, 0.10]}", "two points are called lr=0.1"),
        ("notebook: lr_study\ngrid: {lr: [0.1]}\nrepeat: 3", "repeat: must be one of"),
        ("notebook: other\ngrid: {lr: [0.1]}", "notebook = 'other': must be one of"),
        ("notebook: lr_study", "must declare either grid or points"),
        ("notebook: lr_study\ngrid: {lr: [fast]}", "lr = 'fast': must be a number from"),
        ("notebook: lr_study\ngrid: {momentum: [0.9]}", "momentum = 0.9: lr_study has no such parameter"),
        ("notebook: lr_study\npoints: [0.1]", "must be a mapping"),
        ("notebook: lr_study\npoints:", "points = None: must be a list"),
        ("notebook: lr_study\ngrid: {lr: 0.1}", "grid = {'lr': 0.1}: must have a list of values"),
        ("", "must have keys among fixed, grid"),
    ],
)
def test_a_mistake_in_a_study_file_is_named(text, complaint, tmp_path):
    with pytest.raises(params.ParameterError, match=complaint):
        params.read_study(study(tmp_path, text))


def test_the_projects_own_studies_are_whole():
    full, preview = params.plan(), params.plan(preview=True)
    rates = sorted({run.settings["lr"] for run in full if run.study == "lr_study"})
    assert rates == [0.0001, 0.001, 0.01, 0.1]
    assert {run.settings["filters"] for run in full if run.study == "benchmark"} == {8, 16, 32, 64}
    assert {run.settings["device"] for run in full} == {"CPU"}
    assert len(preview) <= 14
    gpu = [run.settings for run in params.plan(gpu=True) if run.settings["device"] == "GPU"]
    assert {(each["filters"], each["round"]) for each in gpu} == {
        (filters, number) for filters in (8, 16, 32, 64, 128, 256) for number in range(1, 6)
    }


def test_a_run_depends_on_what_makes_its_numbers_and_on_nothing_else():
    files = params.sources("lr_study")
    assert all((params.ROOT / file).is_file() for file in files)
    assert "lenet/train.py" in files
    assert "notebooks/lr_study.ipynb" in files
    assert not {"lenet/figures.py", "lenet/claims.py", "lenet/benchmark.py", "README.md"} & set(files)
    assert "lenet/jax_engine.py" in set(params.sources("benchmark")) - set(files)
    assert params.sources_digest("lr_study") != params.sources_digest("benchmark")
