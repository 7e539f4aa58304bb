"""A record is read whole, or refused by the name of its file."""

import json

import pytest

from peers import reading, records


def written(record, path):
    """The path of a record that was written there."""
    path.write_text(json.dumps(record))
    return path


def without(record, part):
    """The record, less a part of it."""
    return {name: value for name, value in record.items() if name != part}


def test_the_committed_records_are_whole_and_each_of_its_own_machine():
    every = reading.found()
    assert len(every) == len(list(records.FOLDER.glob("*.json"))) >= 1
    for record in every.values():
        assert record["dataset"] == "mnist"
        assert all(part["passed"] for part in record["proofs"])
        assert record["absent"] == []


def test_a_record_is_read_as_it_is(record, tmp_path):
    path = written(record, tmp_path / "cpu-avx2.json")
    assert reading.read(path) == record


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"record": "benchmark"}, "$.record: 'peers' was expected"),
        ({"schema": 1}, "$.schema: 2 was expected"),
        ({"peak_gflops": "fast"}, "$.peak_gflops: 'fast' is not of type 'number'"),
        ({"samples": []}, "$.samples: [] "),
        ({"kernels": {}}, "$.kernels: 'instruction_set' is a required property"),
        ({"device": "TPU"}, "$.device: 'TPU' is not one of"),
    ],
)
def test_a_damaged_record_is_refused_by_name(change, complaint, record, tmp_path):
    path = written({**record, **change}, tmp_path / "cpu-avx2.json")
    with pytest.raises(ValueError, match=r"cpu-avx2\.json: ") as error:
        reading.read(path)
    assert complaint in str(error.value)


def test_a_part_that_is_missing_is_named(record, tmp_path):
    path = written(without(record, "copy_gbytes"), tmp_path / "cpu-avx2.json")
    with pytest.raises(ValueError, match="'copy_gbytes' is a required property"):
        reading.read(path)
    record["samples"][3] = without(record["samples"][3], "seconds")
    path = written(record, path)
    with pytest.raises(ValueError, match=r"samples\[3\]: 'seconds' is a required property"):
        reading.read(path)


@pytest.mark.parametrize("text", ["{", "", "\x00"])
def test_what_is_no_record_is_refused_by_name(text, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"other\.json: not readable"):
        reading.read(path)


def test_a_list_and_a_missing_file_are_refused_by_name(tmp_path):
    path = written([], tmp_path / "other.json")
    with pytest.raises(ValueError, match=r"other\.json: \$: \[\] is not of type 'object'"):
        reading.read(path)
    with pytest.raises(ValueError, match=r"absent\.json: not readable"):
        reading.read(tmp_path / "absent.json")


def test_a_record_under_the_name_of_another_class_is_refused(record, tmp_path):
    path = written(record, tmp_path / "cpu-avx512.json")
    with pytest.raises(ValueError, match=r"must be named cpu-avx2\.json"):
        reading.read(path)


def test_records_of_two_classes_and_a_gpu_stand_side_by_side(record, tmp_path):
    wide = {**record["kernels"], "processor_class": "AVX-512"}
    written(record, tmp_path / "cpu-avx2.json")
    written({**record, "kernels": wide}, tmp_path / "cpu-avx512.json")
    written({**record, "device": "GPU"}, tmp_path / "gpu.json")
    (tmp_path / "._cpu-avx2.json").write_text("of an editor")
    assert list(reading.found(tmp_path)) == [
        "Zen, 2 threads, AVX2",
        "Zen, 2 threads, AVX-512",
        "Hopper",
    ]
