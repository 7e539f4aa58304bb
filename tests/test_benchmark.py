import json
import subprocess
import sys

import pytest

from lenet import arithmetic, benchmark, machine, params


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """What the command of the README leaves, on the embedded digits."""
    path = tmp_path_factory.mktemp("record") / "record.json"
    command = "-m lenet.benchmark --device CPU --filters 4 --epochs 3 --dataset digits --json"
    subprocess.run([sys.executable, *command.split(), path], check=True, cwd=path.parent)
    return json.loads(path.read_text())


def test_every_sample_of_every_part_is_kept(record):
    for part in ("epoch", "training_evaluation", "validation"):
        assert len(record[f"{part}_seconds"]) == 3
        assert min(record[f"{part}_seconds"]) > 0


def test_parts_add_up_to_the_wall_time_of_2017(record):
    parts = [sum(record[f"{part}_seconds"]) for part in ("epoch", "training_evaluation", "validation")]
    setup = record["setup_parts_seconds"]
    assert record["wall_2017_seconds"] == pytest.approx(setup["build"] + setup["trace"] + sum(parts))
    assert record["setup_seconds"] == pytest.approx(sum(setup.values()))


def test_rates_follow_from_the_arithmetic(record):
    assert record["parameters"] == arithmetic.parameters(4)
    assert record["flops_per_epoch"] == arithmetic.training_flops(4, 1197)
    median = sorted(record["epoch_seconds"])[1]
    assert record["gflops"] == pytest.approx(record["flops_per_epoch"] / median / 1e9)
    assert 0 < record["gflops"] < record["peak_gflops"]
    assert record["finite"]


def test_the_machine_and_its_load_go_with_the_record(record):
    assert record["machine"] == machine.fingerprint()
    assert record["versions"]["tensorflow"] == machine.versions()["tensorflow"]
    assert record["load_before"] >= 0
    assert record["threads"] == machine.cores()


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("--filters 0", "filters = 0: must be a whole number from 1 to 1024"),
        ("--device TPU", "device = 'TPU': must be one of CPU, GPU"),
        ("--shuffle yes", "shuffle = 'yes': must be True or False"),
        ("--epochs two", "invalid int value: 'two'"),
    ],
)
def test_a_bad_argument_is_named_with_its_rule(given, complaint):
    run = subprocess.run([sys.executable, "-m", "lenet.benchmark", *given.split()], capture_output=True, text=True)
    assert run.returncode == 2
    assert complaint in run.stderr


@pytest.mark.skipif(machine.gpu_absence() == "", reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_refused_before_training():
    command = [sys.executable, "-m", "lenet.benchmark", "--device", "GPU", "--dataset", "digits"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1
    assert "lenet: device = 'GPU': TensorFlow sees no GPU" in run.stderr


@pytest.mark.parametrize(
    ("given", "threads", "found"),
    [
        ({}, 2, [2]),
        ({}, 1, [2]),
        ({}, 16, [2, 4, 8, 16]),
        ({}, 24, [2, 4, 8, 16, 24]),
        ({}, 256, [2, 4, 8, 16, 32, 64]),
        ({"batch_size": 5}, 16, [2, 4, 5]),
        ({"batch_size": 1}, 16, [1]),
        ({"shards": 3}, 16, [3]),
        ({"device": "GPU"}, 16, [1]),
        ({"backend": "jax"}, 16, [1]),
    ],
)
def test_the_numbers_of_shards_that_are_tried(given, threads, found):
    assert benchmark.candidates(benchmark.DEFAULTS | given, threads) == found


def test_the_fastest_number_of_shards_is_tried_for_and_recorded(monkeypatch):
    settings = benchmark.DEFAULTS | {"dataset": "digits", "filters": 2, "epochs": 1, "threads": 2}
    monkeypatch.setattr(benchmark, "candidates", lambda settings, threads: [1, 2, 16])
    monkeypatch.setattr(benchmark, "peak_gflops", lambda used: 1.0)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    record = benchmark.measure(settings)
    tried = record["shard_trial_seconds"]
    assert list(tried) == ["1", "2", "16"]
    assert tried[str(record["shards"])] == min(tried.values())


@pytest.mark.skipif(machine.cores() > 2, reason="with more cores there is more to try")
def test_on_two_cores_no_time_is_spent_on_trials(record):
    assert (record["shards"], record["shard_trial_seconds"]) == (2, {})


def test_the_command_line_takes_what_the_notebook_takes():
    assert set(benchmark.DEFAULTS) == set(params.NOTEBOOKS["benchmark"])
