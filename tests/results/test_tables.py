"""The frames of a study: complete, each network once, empty where there is no run."""

import math

import pandas as pd
import pytest

from lenet.network.evaluation import unpack
from lenet.plan import sources
from lenet.results import scraps, tables


@pytest.fixture(scope="module")
def evidence(finished):
    return tables.evidence(finished)


def test_without_runs_the_frames_are_empty_and_have_their_columns():
    for evidence in (tables.Evidence(), tables.evidence([])):
        assert tables.each_once(evidence.curves).empty
        assert tables.each_once(evidence.right).empty
        for frame in evidence[:-1]:
            assert frame.empty
            assert {"study", "run"} <= set(frame)
        assert evidence.images["dataset"] == ""
    assert tables.inventory([]).empty


def test_an_empty_frame_has_no_column_that_a_full_one_lacks(evidence):
    for name, full in evidence._asdict().items():
        if name != "images":
            assert set(getattr(tables.Evidence(), name)) <= set(full), name


def test_rows_carry_their_run_and_all_its_parameters(finished, evidence):
    runs = [run for run in finished if "curves" in run.frames]
    for run in runs:
        rows = evidence.curves[evidence.curves["run"] == run.name]
        assert len(rows) == len(run.frames["curves"])
        for name, value in run.record["parameters"].items():
            assert (rows[name] == value).all()


def test_each_network_and_epoch_counts_once_from_the_longest_run(evidence):
    rows = tables.each_once(evidence.curves)
    assert not rows.duplicated(["lr", "seed", "epoch"]).any()
    assert seeds(rows, lr=0.01) == {100, 101, 102}
    assert seeds(rows, lr=0.1) == {100, 101, 103}
    assert seeds(rows, lr=1.0) == {100, 101}
    network = rows.query("lr == 0.1 and seed == 100")
    assert network["epoch"].tolist() == list(range(21))
    assert set(network["study"]) == {"lr_study"}


def seeds(rows, lr):
    """The networks of a learning rate."""
    of_lr = rows[rows["lr"] == lr]
    return set(of_lr["seed"])


def test_networks_of_another_setting_are_never_pooled(evidence):
    curves = evidence.curves.copy()
    of_one = curves["study"] == "more_seeds"
    curves.loc[of_one, "filters"] = 32
    rows = tables.each_once(curves)
    assert set(rows["study"]) == {"lr_study", "overshoot", "train"}
    # All of them in a setting of one's own are pooled as they were.
    curves["filters"] = 32
    rows = tables.each_once(curves)
    assert rows["run"].equals(tables.each_once(evidence.curves)["run"])


def test_a_study_of_ones_own_stays_out_of_what_the_report_tells(finished, evidence):
    own = [run._replace(name=f"own/{run.name}") for run in finished]
    both = tables.evidence([*finished, *own])
    for name in ("probes", "times", "memory", "test"):
        pd.testing.assert_frame_equal(getattr(both, name), getattr(evidence, name))
    assert tables.each_once(both.curves).equals(tables.each_once(evidence.curves))
    assert len(both.curves) == 2 * len(evidence.curves)


def test_right_images_are_those_of_networks_that_learnt(evidence):
    failed = evidence.curves.query("failed != ''")
    assert set(failed["run"]) == {"overshoot/lr=1.0"}
    assert not set(failed["run"]) & set(evidence.right["run"])


def test_right_images_are_as_many_as_the_error_says(evidence):
    rows = tables.each_once(evidence.right)
    row = rows.query("lr == 0.1 and seed == 103").iloc[0]
    end = evidence.curves.query("run == 'train/seed=103'").iloc[-1]
    share = unpack(row["right"], 10_000).mean()
    assert row["epoch"] == end["epoch"]
    assert 1 - share == pytest.approx(end["validation_error"])


def test_test_errors_are_those_of_the_study_train(evidence):
    test = evidence.test
    assert test["run"].tolist() == ["train/seed=100", "train/seed=103"]
    assert test["seed"].tolist() == [100, 103]
    ratio = test["test_error"] / test["validation_error"]
    assert ratio.tolist() == pytest.approx([0.95, 0.95])


def test_images_say_which_data_and_how_many(evidence):
    sizes = {"train": 50_000, "validation": 10_000, "test": 10_000}
    assert evidence.images == {"dataset": "mnist", **sizes, "duplicates": 0}


def test_an_inventory_by_hand(finished):
    table = tables.inventory(finished).set_index("study")
    expected = pd.DataFrame(
        {
            "runs": [2, 1, 1, 2],
            "networks": [4, 2, 8, 2],
            "epochs": [80, 30, 0, 2],
            "failed": [0, 2, 4, 0],
        },
        index=["lr_study", "overshoot", "divergence", "benchmark"],
    )
    found = table.loc[expected.index, list(expected)]
    assert (found == expected).all(axis=None)
    assert table.loc["lr_study", "core_minutes"] == 2
    assert math.isnan(table.loc["memory", "core_minutes"])


def test_the_folder_of_made_up_runs_is_without_fault(toy_folder, planned):
    for run in planned:
        path = scraps.place(toy_folder, run)
        digest = sources.digest(run.notebook)
        assert scraps.fault(path, run, digest, "0" * 64) == ""
