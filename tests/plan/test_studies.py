"""Study files: which runs they declare, and what is said of one that breaks a rule."""

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lenet import hand_in_2017
from lenet.plan import studies
from lenet.plan.parameters import ROOT, ParameterError
from lenet.plan.studies import find_run, plan, read_study

GRID = {"notebook": "lr_study", "fixed": {"epochs": 9, "seeds": 5}, "grid": {"lr": [0.1, 0.2]}}


def test_points_are_named_in_the_files_order_by_typed_values(project):
    text = "notebook: lr_study\ngrid: {filters: [8, 16], lr: [1e-4, 1], shuffle: [true]}\n"
    names = [run.point for run in read_study(project.study("some", text))]
    assert names == [
        "filters=8,lr=0.0001,shuffle=True",
        "filters=8,lr=1.0,shuffle=True",
        "filters=16,lr=0.0001,shuffle=True",
        "filters=16,lr=1.0,shuffle=True",
    ]


def test_the_settings_of_a_run_are_complete(project):
    [first, second] = read_study(project.study("some", GRID))
    assert first.name == "some/lr=0.1"
    assert first.settings == {
        "lr": 0.1,
        "epochs": 9,
        "seeds": 5,
        "first_seed": 100,
        "filters": 16,
        "shuffle": False,
        "head": "linear",
        "dataset": "auto",
        "device": "CPU",
    }
    assert second.settings == {**first.settings, "lr": 0.2}
    assert first.on("mnist") == {**first.settings, "dataset": "mnist"}


def test_where_a_model_lies_is_no_setting(project):
    project.notebook("train", "lr: float = 0.1\nmodel_path: str = 'lenet.keras'")
    keys = {"notebook": "train", "grid": {"lr": [0.1]}}
    assert read_study(project.study("some", keys))[0].settings == {"lr": 0.1}
    for more in ({"fixed": {"model_path": "a.keras"}}, {"grid": {"model_path": ["a.keras"]}}):
        project.study("some", {**keys, **more})
        with pytest.raises(ParameterError, match=r"model_path = .*: must be left out, as it is"):
            plan()


def test_a_preview_changes_only_what_it_names(project):
    path = project.study("some", {**GRID, "preview": {"fixed": {"epochs": 1}}})
    short = read_study(path, preview=True)
    assert [run.point for run in short] == ["lr=0.1", "lr=0.2"]
    assert [run.settings["epochs"] for run in short] == [1, 1]
    assert [run.settings["seeds"] for run in short] == [5, 5]
    assert [run.settings["epochs"] for run in read_study(path)] == [9, 9]


@pytest.mark.parametrize("points", [{"points": [{"lr": 0.5}]}, {"grid": {"lr": [0.5]}}])
def test_a_preview_may_have_points_of_its_own(project, points):
    [run] = read_study(project.study("some", {**GRID, "preview": points}), preview=True)
    assert (run.point, run.settings["epochs"]) == ("lr=0.5", 9)


def test_a_preview_of_no_points_has_no_runs(project):
    assert read_study(project.study("some", {**GRID, "preview": {"points": []}}), True) == []


def test_without_a_preview_the_first_point_is_shown_in_small(project):
    [run] = read_study(project.study("some", GRID), preview=True)
    assert (run.point, run.settings["epochs"], run.settings["seeds"]) == ("lr=0.1", 3, 2)
    varied = {"notebook": "lr_study", "grid": {"epochs": [40, 50], "lr": [0.1]}}
    [run] = read_study(project.study("other", varied), preview=True)
    assert (run.point, run.settings["epochs"]) == ("epochs=3,lr=0.1", 3)
    tiny = {"notebook": "lr_study", "fixed": {"epochs": 1}, "points": [{"seeds": 1}]}
    [run] = read_study(project.study("tiny", tiny), preview=True)
    assert (run.settings["epochs"], run.settings["seeds"]) == (1, 1)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("notebook: lr_study\ngrid: {lr: [0.1, 0.10]}", "two points are called lr=0.1"),
        ("notebook: lr_study\ngrid: {lr: [0.1]}\nrepeat: 3", "must be a mapping with notebook"),
        ("notebook: other\ngrid: {lr: [0.1]}", "notebook = 'other': must be one of lr_study"),
        ("notebook: [lr_study]\ngrid: {lr: [0.1]}", "must be the name of a notebook"),
        ("grid: {lr: [0.1]}", "must be a mapping with notebook and either grid or points"),
        ("notebook: lr_study", "must be a mapping with notebook and either grid or points"),
        ("notebook: lr_study\ngrid: {lr: [0.1]}\npoints: []", "either grid or points"),
        ("notebook: lr_study\ngrid: {lr: [fast]}", "lr = 'fast': must be a number from"),
        ("notebook: lr_study\ngrid: {momentum: [1]}", "'momentum': lr_study has no such parameter"),
        ("notebook: lr_study\ngrid: {5: [1]}", "5: lr_study has no such parameter"),
        ("notebook: lr_study\npoints: [0.1]", "points.0 = 0.1: must be a mapping of parameters"),
        ("notebook: lr_study\npoints: [{}]", "points.0 = {}: must be a mapping of parameters, at"),
        ("notebook: lr_study\npoints:", "points = None: must be a list of at most 1000 points"),
        ("notebook: lr_study\ngrid: {lr: 0.1}", "grid.lr = 0.1: must be a list of at most 1000"),
        ("notebook: lr_study\ngrid: {}", "grid = {}: must be a mapping of parameters, at least"),
        ("notebook: lr_study\nfixed: 3\npoints: []", "fixed = 3: must be a mapping of parameters"),
        ("notebook: lr_study\nfixed: {lr: 1}\ngrid: {lr: [2]}", "lr: must be either fixed or"),
        ("notebook: lr_study\npoints: []\ndraft: 1", "draft = 1: must be true or false"),
        ("notebook: lr_study\npoints: []\npreview: 1", "preview = 1: must be a mapping with keys"),
        ("notebook: lr_study\npoints: []\npreview: {grid: 1}", "preview.grid = 1: must be a map"),
        ("notebook: lr_study\npoints: []\npreview: {draft: true}", "must be a mapping with keys"),
        ("notebook: lr_study\npoints: []\npreview: {points: [{lr: 99}]}", "lr = 99: must be a nu"),
        ("notebook: lr_study\nnotebook: lr_study\npoints: []", "'notebook': stands twice"),
        ("notebook: lr_study\ngrid: {lr: [0.1], lr: [0.2]}", "'lr': stands twice"),
        ("", "the file = None: must be a mapping"),
        ("- a\n- b", r"the file = \['a', 'b'\]: must be a mapping"),
        ("notebook: [", "while parsing a flow"),
        ("a: &a [*a]", "must be a mapping with notebook"),
        ("{" * 5000, "some.yaml: maximum recursion depth"),
        ("notebook: lr_study\ngrid: {lr: [!!int '']}", "some.yaml: "),
        ("notebook: lr_study\nfixed: {lr: 0x" + "f" * 9999 + "}\npoints: []", "some.yaml: "),
    ],
)
def test_a_mistake_in_a_study_file_is_named(project, text, complaint):
    project.study("some", text)
    with pytest.raises(ParameterError, match=complaint) as error:
        plan()
    assert str(error.value).startswith("params/some.yaml: ")
    assert "\n" not in str(error.value)


def test_bytes_that_are_no_text_are_named(project):
    (project.root / "params" / "some.yaml").write_bytes(b"notebook: \xff")
    with pytest.raises(ParameterError, match=r"params/some.yaml: 'utf-8' codec can't decode"):
        plan()


def test_a_grid_too_large_to_be_meant_is_refused(project):
    every = list(range(1, 1000))
    grid = {"epochs": every, "filters": every, "first_seed": every}
    project.study("some", {"notebook": "lr_study", "grid": grid})
    with pytest.raises(ParameterError, match="grid: has 997,002,999 runs: must be at most 1,000"):
        plan()


@pytest.mark.parametrize("name", ["._some.yaml", ".#some.yaml", "some.yaml~", "#some.yaml#"])
def test_what_an_editor_or_a_system_leaves_is_left_alone(project, name):
    (project.root / "params" / name).write_bytes(b"\x00\x05\x16\x07")
    assert plan() == []


@pytest.mark.parametrize(
    "name",
    ["batch.yml", "notes.txt", "some.yaml.orig", "a b.yaml", "a'b.yaml", "é.yaml", "a\nb", "x"],
)
def test_every_other_file_is_named(project, name):
    (project.root / "params" / name).write_text(yaml.safe_dump(GRID))
    with pytest.raises(ParameterError, match="params/: .*: must be a study, in a file whose name"):
        plan()


def test_a_folder_or_a_dangling_link_is_named(project):
    (project.root / "params" / "gone.yaml").symlink_to("nowhere")
    with pytest.raises(ParameterError, match=r"params/gone.yaml: .*No such file"):
        plan()
    (project.root / "params" / "gone.yaml").unlink()
    (project.root / "params" / "folder.yaml").mkdir()
    with pytest.raises(ParameterError, match=r"params/folder.yaml: .*Is a directory"):
        plan()


@pytest.mark.parametrize(("one", "two"), [("a-b", "a_b"), ("Some", "some"), ("a", "a_b")])
def test_two_runs_whose_names_become_one_rule_are_refused(project, one, two):
    project.notebook("own", "b_c: int = 1\nc: int = 1")
    varied = "b_c" if one == "a" else "c"
    project.study(one, {"notebook": "own", "grid": {varied: [1]}})
    project.study(two, {"notebook": "own", "grid": {"c": [1]}})
    with pytest.raises(ParameterError, match="too alike; rename one of the studies"):
        plan()


@pytest.mark.parametrize("text", ["a/b", "x" * 300, "", "a b", "{lr}"])
def test_a_point_whose_name_can_be_no_file_is_refused(project, text):
    project.notebook("own", "title: str = 'a'")
    project.study("some", {"notebook": "own", "grid": {"title": [text]}})
    if text:
        with pytest.raises(ParameterError, match="must be 1 to 200 letters, digits"):
            plan()
    else:
        assert plan()[0].point == "title="


def test_a_study_is_on_the_data_of_its_plan_or_refused(project):
    keys = {**GRID, "fixed": {"dataset": "mnist"}}
    project.study("some", keys)
    assert plan()[0].settings["dataset"] == "mnist"
    with pytest.raises(ParameterError, match="params/some.yaml: dataset = 'mnist': must be 'dig"):
        plan(preview=True)
    project.study("some", {**keys, "preview": {"fixed": {"dataset": "digits"}}})
    assert plan(preview=True)[0].settings["dataset"] == "digits"
    project.study("some", {**GRID, "fixed": {"dataset": "digits"}})
    with pytest.raises(ParameterError, match="dataset = 'digits': must be 'mnist'"):
        plan()


@pytest.mark.parametrize(
    ("fixed", "complaint"),
    [
        ({"batch_size": 2048}, "batch_size = 2048: must be at most the 1,197 training images"),
        ({"tf32": True}, "tf32 = True: must be False with device = 'CPU'"),
    ],
)
def test_what_would_fail_in_each_run_is_refused_when_it_is_planned(project, fixed, complaint):
    project.notebook("own", "batch_size: int = 64\ntf32: bool = False\ndevice: str = 'CPU'")
    keys = {"notebook": "own", "fixed": fixed, "points": [{"device": "CPU"}]}
    project.study("some", {**keys, "preview": {"points": keys["points"]}})
    with pytest.raises(ParameterError, match=f"params/some.yaml: {complaint}"):
        plan(preview=True)


def test_a_batch_for_mnist_is_cut_in_a_preview_that_nobody_declared(project, digits):
    project.notebook("own", "batch_size: int = 64")
    project.study("some", {"notebook": "own", "points": [{"batch_size": 2048}]})
    assert plan()[0].settings["batch_size"] == 2048
    assert plan(preview=True)[0].settings["batch_size"] == 1000
    assert studies.TRAINING_IMAGES["digits"] == len(digits.train)
    assert studies.TRAINING_IMAGES["mnist"] == hand_in_2017.TRAIN_IMAGES


def test_runs_of_a_draft_come_first_and_those_on_a_gpu_only_where_there_is_one(project):
    project.study("a", {**GRID, "grid": {"device": ["GPU", "CPU"]}})
    project.study("b", {**GRID, "draft": True})
    assert [run.name for run in plan()] == ["b/lr=0.1", "b/lr=0.2", "a/device=CPU"]
    assert [run.draft for run in plan(gpu=True)] == [True, True, False, False]


def test_a_run_is_found_by_its_name(project):
    project.study("some", {**GRID, "preview": {"points": []}})
    assert find_run("some", "lr=0.2").settings["lr"] == 0.2
    for study, point in [("some", "lr=0.3"), ("other", "lr=0.2"), ("../params/some", "lr=0.2")]:
        with pytest.raises(ParameterError, match="params/ declares no such run"):
            find_run(study, point)
    with pytest.raises(ParameterError, match="declares no such run, preview = True"):
        find_run("some", "lr=0.2", preview=True)


def test_every_study_in_params_is_whole():
    """Those of a person's own too: what is wrong in one is told here by its name."""
    for path in sorted((ROOT / "params").glob("[!.#]*.yaml")):
        read_study(path)


def anything():
    """What a YAML file may say anywhere."""
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
    known = st.sampled_from(["lr_study", "1e-4", "lr", "GPU", 0.1, 8])
    names = st.sampled_from(["lr", "epochs", "dataset", "fixed", "points"]) | st.text()

    def nested(inner):
        return st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4)

    return st.recursive(plain | known, nested, max_leaves=8)


def study_keys():
    """A study with one or more of its keys made wrong, perhaps."""
    broken = st.dictionaries(st.sampled_from(["fixed", "grid", "points", "preview"]), anything())
    other = st.dictionaries(st.sampled_from(["notebook", "draft", "more"]), anything(), max_size=1)
    return st.builds(lambda one, two: {"notebook": "lr_study", **one, **two}, broken, other)


def check_study_or_named_error(path):
    """The runs of a file are whole, or one line names the file and what is wrong."""
    before = path.read_bytes()
    complaint = ""
    found = []
    try:
        found = read_study(path) + read_study(path, preview=True)
    except ParameterError as error:
        complaint = str(error)
    assert not complaint or complaint.startswith(f"params/{path.name}: ")
    assert "\n" not in complaint
    for run in found:
        assert studies.checked(run.notebook, run.settings) == run.settings
    assert path.read_bytes() == before


FUZZ = settings(
    max_examples=150, deadline=3000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(content=st.binary() | st.text().map(lambda text: text.encode()))
def test_any_bytes_are_a_study_or_a_named_error(project, content):
    path = project.root / "params" / "some.yaml"
    path.write_bytes(content)
    check_study_or_named_error(path)


@FUZZ
@given(keys=study_keys())
def test_any_values_are_a_study_or_a_named_error(project, keys):
    check_study_or_named_error(project.study("some", yaml.safe_dump(keys, allow_unicode=True)))
