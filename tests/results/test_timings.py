"""Timing records: read or refused by name, and never pooled with those of another host."""

import json

import pytest

from lenet.results import scraps, timings
from lenet.timing.protocol import digest
from tests import toy_runs
from tests.results.conftest import SETTINGS

HOST = {"cpu": "A processor", "gpu": "A card, 550.1", "cores": 16}


def record(**change):
    """A whole record; what is changed is changed before it is sealed."""
    settings = {**SETTINGS["benchmark"], "device": "GPU", "epochs": 2}
    known = {**toy_runs.timing(settings, machine=HOST), **change}
    return {**known, "sha256": digest(known)}


def without(name):
    """A record that lacks a field."""
    known = record()
    del known[name]
    return {**known, "sha256": digest(known)}


def saved(folder, *records):
    """The records of a folder, once these are written there."""
    for number, known in enumerate(records):
        (folder / f"r{number}.json").write_text(json.dumps(known))
    return timings.records(folder)


def test_a_record_is_a_timing_run_of_its_own_series(tmp_path):
    known = record(tf32=True, engine="jax")
    (row,) = timings.times(saved(tmp_path, known)).to_dict("records")
    assert row["run"] == "records/r0"
    assert row["study"] == "records"
    assert row["recorded"]
    assert row["place"] == "A processor, 16 cores, A card, 550.1, jax"
    assert row["series"] == "TF32 card"
    assert row["wall_2017_seconds"] == known["wall_2017_seconds"]


def test_seconds_are_medians_and_evaluations_those_of_2017(tmp_path):
    seconds = {
        "epoch_seconds": [0.4, 0.6],
        "training_evaluation_seconds": [0.2],
        "validation_seconds": [0.1, 0.3],
    }
    (row,) = timings.times(saved(tmp_path, record(**seconds))).to_dict("records")
    assert row["epoch_seconds"] == 0.5
    assert row["evaluation_seconds"] == pytest.approx(2 * 0.2 + 0.2)


def test_two_hosts_make_two_series(tmp_path):
    found = saved(tmp_path, record(), record(machine={**HOST, "cores": 4}))
    hosts = [f"A processor, {cores} cores, A card, 550.1" for cores in (16, 4)]
    series = [f"GPU card, {host}, tensorflow" for host in hosts]
    assert timings.times(found)["series"].tolist() == series


def test_own_runs_brought_from_another_machine_are_not_pooled(finished):
    own = [run for run in finished if "measured" in run.record]
    assert set(timings.times(own)["series"]) == {"CPU"}
    measured = {**own[0].record["measured"], "machine": HOST}
    own[0] = own[0]._replace(record={**own[0].record, "measured": measured})
    series = timings.times(own)["series"].tolist()
    there = "CPU, A processor, 16 cores, A card, 550.1, tensorflow"
    here = "CPU, A processor, 2 cores, tensorflow"
    assert series == [there, here, here]


def test_two_engines_of_one_host_make_two_series(tmp_path):
    found = timings.times(saved(tmp_path, record(), record(engine="jax")))
    assert found["series"].nunique() == found["place"].nunique() == 2


def test_hidden_files_and_an_absent_folder_are_left_alone(tmp_path):
    (tmp_path / "._r.json").write_text("{")
    (tmp_path / "README.md").write_text("no record")
    assert timings.records(tmp_path) == []
    assert timings.records(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", r"damaged \(JSONDecodeError\)"),
        ("", r"damaged \(JSONDecodeError\)"),
        ([1], r"\[1\] is not of type 'object'"),
        ({"record": "peers", "schema": 1}, "'benchmark' was expected"),
        (record(schema=1), r"\$.schema: 2 was expected"),
        ({**record(), "epoch_seconds": [0.1]}, "which was altered"),
        ({**record(), "sha256": "0"}, "which was altered"),
        (without("machine"), "'machine' is a required property"),
        (without("kernels"), "'kernels' is a required property"),
        (record(machine={"cpu": "A processor"}), "'gpu' is a required property"),
        (record(dataset="digits"), "'mnist' was expected"),
        (record(engine="torch"), "'torch' is not one of"),
        (record(epoch_seconds=[-1.0]), "less than or equal to the minimum"),
        (record(epoch_seconds=["1"]), "'1' is not of type 'number'"),
        (record(validation_seconds=[]), "should be non-empty"),
        (record(batch_size=128), r"\$.batch_size: 64 was expected"),
    ],
)
def test_a_record_that_is_not_whole_is_refused_by_its_files_name(content, complaint, tmp_path):
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / "h100.json").write_text(text)
    with pytest.raises(scraps.ScrapError, match=f"^records/h100: .*{complaint}.*remove h100.json"):
        timings.records(tmp_path)
