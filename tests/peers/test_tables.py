"""What a record says, in frames and sentences, from a made-up one."""

import pytest

from lenet.network import layers
from peers import tables


def test_ratios_are_medians_of_pairs(record):
    found = tables.table(record).set_index(["filters", "name"])
    keras = found.loc[8, "keras"]
    ours = found.loc[8, "ours"]
    assert keras[["seconds", "seconds_low", "seconds_high", "n"]].tolist() == [4, 4, 9, 3]
    assert keras[["ratio", "ratio_low", "ratio_high"]].tolist() == [3, 2, 4]
    assert ours[["seconds", "ratio"]].tolist() == [2, 1]
    assert ours["gflops"] == pytest.approx(layers.training_flops(8, 50_000) / 2e9)
    assert ours["peak_share"] == pytest.approx(ours["gflops"] / 200)


def test_a_peer_that_failed_has_a_reason_and_no_time(record):
    last = tables.shown(record).iloc[-1]
    assert (last["way"], last["seconds an epoch"]) == ("PyTorch", "–")
    assert "wrong after 2 steps" in last["same work"]
    assert "| 8 | ours | 2.00 [1.00, 3.00] | 1 | 3 |" in tables.told(record)


def test_proofs_have_a_column_for_each_number_of_steps(record):
    assert tables.proofs(record)["after 2"].tolist() == pytest.approx([2e-7] * 4)


def test_the_job_of_2017_in_pairs(record):
    assert tables.job(record)["ratio"].tolist() == [4.5]
    said = tables.job_in_words(record)
    assert "takes 45 s: 4.5 times ours, 10 s (pairs: 1, from 4.5 to 4.5)" in said
    record["jobs"] = record["jobs"][:1]
    assert tables.job_in_words(record) == ""


def test_the_surroundings_name_what_a_reader_must_know(record):
    said = tables.surroundings(record)
    assert said.startswith("Versions and threads: ours: 2.21, one. Other programs had 3%")
    assert said.endswith("These diverged: keras at 8, keras at 16 filters.")
    record["note"] = "Its class was added later."
    assert tables.surroundings(record).endswith("later.")


def test_keras_with_and_without_onednn_are_told_to_be_one_only_where_they_are(record):
    assert "oneDNN by itself" not in tables.surroundings(record)
    record["peers"]["keras"]["onednn"] = True
    assert "takes oneDNN by itself on this processor" in tables.surroundings(record)
    del record["peers"]["keras"]["onednn"]
    assert not tables.onednn_by_itself(record)


def test_the_ends_of_the_others(record):
    shares = [layers.training_flops(filters, 50_000) / 2e9 / 200 for filters in (8, 16)]
    said = tables.extremes(record)
    assert "from 3.0 (Keras fit, 8 filters) to 3.0 (Keras fit, 16 filters)" in said
    assert f"ours reaches {shares[0]:.0%} to {shares[1]:.0%} of the rate" in said
    record["samples"] = [one for one in record["samples"] if one["peer"] == "ours"]
    assert tables.extremes(record).startswith("No other was timed; ours reaches")


def test_records_side_by_side_name_their_machines(record):
    gpu = {**record, "device": "GPU"}
    both = {tables.machine(each): each for each in (record, gpu)}
    found = tables.side_by_side(both)
    assert list(found.columns) == ["Zen, 2 threads, AVX2", "Hopper"]
    assert found.loc[(8, "Keras fit")].tolist() == ["3.00 [2.00, 4.00]"] * 2


def test_a_way_that_one_machine_lacks_is_empty_there(record):
    samples = [one for one in record["samples"] if one["filters"] == 8]
    found = tables.side_by_side({"a": record, "b": {**record, "samples": samples}})
    assert found.loc[(16, "Keras fit"), "b"] == "–"
