"""One more run of a study: what it is called and set to, and which SET is refused, and why."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as of_any
from hypothesis import strategies as st

from lenet.plan.own import given, own_run
from lenet.plan.parameters import ParameterError, checked

STUDY = {
    "notebook": "lr_study",
    "fixed": {"seeds": 3},
    "points": [{"lr": 0.1, "epochs": 40}, {"lr": 0.01, "epochs": 60}],
}


@pytest.fixture
def study(project):
    project.study("some", STUDY)


def test_it_starts_from_the_studys_first_run(study):
    run = own_run("some", "lr=1e-4 seeds=5")
    assert run.name == "own/some/lr=0.0001,seeds=5"
    assert run.notebook == "lr_study"
    assert {name: run.settings[name] for name in ("lr", "epochs", "seeds", "filters")} == {
        "lr": 0.0001,
        "epochs": 40,
        "seeds": 5,
        "filters": 16,
    }


def test_the_order_and_the_spaces_of_a_set_do_not_matter(study):
    names = {
        own_run("some", text).name
        for text in (
            "lr=0.02 shuffle=True",
            "  shuffle = true   lr = 2e-2 ",
            "shuffle='True' lr=\"0.02\"",
        )
    }
    assert names == {"own/some/lr=0.02,shuffle=True"}


def test_in_a_preview_it_starts_from_the_previews_first_run(project):
    project.study("some", {**STUDY, "preview": {"fixed": {"seeds": 1}, "points": [{"epochs": 2}]}})
    assert own_run("some", "lr=0.5", preview=True).settings["epochs"] == 2
    project.study("some", {**STUDY, "preview": {"points": []}})
    assert own_run("some", "lr=0.5", preview=True).settings["epochs"] == 40


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "SET = '': must set a parameter, as in SET=\"lr=0.02 seeds=3\""),
        ("lr=fast", "lr = 'fast': must be a number from 1e-06 to 10"),
        ("lr=-1", "lr = -1: must be a number from 1e-06 to 10"),
        ("lr=", "lr = None: must be a number from 1e-06 to 10"),
        ("lr=[1,2]", r"lr = \[1, 2\]: must be a number from 1e-06 to 10"),
        ("lr=2001-99-99", "lr = '2001-99-99': must be a number from 1e-06 to 10"),
        ("lr=\"!!int ''\"", "lr = .*: must be a number from 1e-06 to 10"),
        ("lr=[1", r"lr = '\[1': must be a number from 1e-06 to 10"),
        ("shuffle=maybe", "shuffle = 'maybe': must be True or False"),
        ("momentum=0.9", "'momentum': lr_study has no such parameter; it has lr, epochs"),
        ("lr 0.02", "'lr': must be name=value, as in lr=0.02"),
        ("=3", "'=3': must be name=value, as in lr=0.02"),
        ("lr=1 lr=2", "lr: must be set once"),
        ("head='relu", "SET = .*: must be name=value .No closing quotation"),
        ("dataset=digits", "dataset: must be left out, as it is the same for all runs"),
        ("model_path=a.keras", "model_path: must be left out"),
        ("lr=0.1", "SET = 'lr=0.1': must differ from some/lr=0.1,epochs=40, a run of it"),
        ("head=../../x", "head = '../../x': must be one of linear, relu"),
    ],
)
def test_a_set_that_breaks_a_rule_is_refused_by_name(study, text, complaint):
    with pytest.raises(ParameterError, match=complaint) as error:
        own_run("some", text)
    assert "\n" not in str(error.value)


def test_a_study_that_is_not_there_is_refused(study):
    for name in ("other", "", "../params/some"):
        with pytest.raises(ParameterError, match=r"STUDY = .*: must be one of some"):
            own_run(name, "lr=0.5")


def test_a_study_without_runs_is_refused(project):
    project.study("none", {**STUDY, "points": []})
    with pytest.raises(ParameterError, match="STUDY = none: must have a run"):
        own_run("none", "lr=0.5")


def test_values_are_those_of_a_study_file():
    assert given("a=1e-4 b=0.5 c=3 d=yes e='x y' f=a=b") == {
        "a": "1e-4",
        "b": 0.5,
        "c": 3,
        "d": True,
        "e": "x y",
        "f": "a=b",
    }


def sets():
    """What somebody may write for SET: names and values, known and not, or any text."""
    names = st.sampled_from(["lr", "epochs", "shuffle", "head", "dataset"]) | st.text(max_size=9)
    odd = ["1e-4", "2001-99-99", "!!int ''", "!!python/name:os.x", "&a [*a]", "{a: b}", "'"]
    values = st.sampled_from(odd) | st.text(max_size=9)
    word = st.builds('{}="{}"'.format, names, values)
    return st.lists(word, max_size=3).map(" ".join) | st.text()


@settings(
    max_examples=150, deadline=3000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@of_any(text=sets())
def test_any_set_is_a_run_or_a_named_error(study, text):
    complaint = ""
    try:
        run = own_run("some", text)
    except ParameterError as error:
        complaint = str(error)
    assert "\n" not in complaint
    assert complaint or checked(run.notebook, run.settings) == run.settings
