"""A timing record on JAX is made where nothing else of the project is installed."""

import json
import subprocess
import sys

import pytest

from lenet.network import layers
from lenet.plan import parameters
from lenet.results import timings
from lenet.timing import protocol
from peers import jax_timing

ABSENT = (
    "tensorflow",
    "psutil",
    "yaml",
    "papermill",
    "scrapbook",
    "altair",
    "tqdm",
    "pooch",
    "jsonschema",
)
WITHOUT = f"""
import runpy
import sys
class Nowhere:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Nowhere)
"""
TIMING = 'runpy.run_module("peers.jax_timing", run_name="__main__", alter_sys=True)'
SETTINGS = {"device": "CPU", "threads": 0, "shards": 1, "tf32": False}


def python(code, *words, **surroundings):
    """What a fresh Python says that has none of ABSENT."""
    line = [sys.executable, "-c", WITHOUT + code, *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, **surroundings)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    path = tmp_path_factory.mktemp("record") / "deep" / "record.json"
    words = "--device CPU --filters 4 --epochs 2 --dataset digits --round 3 --tf32 False --json"
    done = python(TIMING, *words.split(), path)
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text())


def test_a_record_is_that_of_the_protocol(record):
    assert set(parameters.declared("benchmark")) <= set(record)
    assert (record["record"], record["schema"]) == ("benchmark", protocol.SCHEMA)
    assert record["sha256"] == protocol.digest(record)
    assert (record["engine"], record["round"], record["shards"]) == ("jax", 3, 1)
    samples = ("epoch_seconds", "training_evaluation_seconds", "validation_seconds")
    assert [len(record[part]) for part in samples] == [2, 1, 2]
    assert min(record["setup_parts_seconds"].values()) > 0
    assert record["flops_per_epoch"] == layers.training_flops(4, 1197)
    assert 0 < record["gflops"] < record["peak_gflops"]
    assert record["finite"] is True
    assert record["gpu_peak_memory_bytes"] is None
    assert record["kernels"]["compiler"].startswith("XLA of jaxlib")


def test_the_report_would_read_it_but_for_its_data(record):
    assert timings.flaw(record).startswith("$.dataset: 'mnist' was expected")
    mnist = {**record, "dataset": "mnist"}
    mnist["sha256"] = protocol.digest(mnist)
    assert timings.flaw(mnist) == ""


def test_what_was_blocked_is_truly_absent():
    assert "No module named 'tensorflow'" in python("import tensorflow").stderr


def test_tensorflow_is_not_loaded_where_it_is_installed():
    code = f"import runpy, sys; sys.argv[1:] = ['--help']\ntry:\n    {TIMING}\nfinally:\n    "
    code += "print([name for name in ('tensorflow', 'jax', 'keras') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.endswith("\n[]\n"), done.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--tf32 yes", "tf32 = 'yes': must be True or False"),
        ("--threads 2", "threads = 2: must be 0 on JAX"),
        ("--shards 4", "shards = 4: must be 1 on JAX"),
        ("--tf32 True", "tf32 = True: must be False with device = 'CPU'"),
        ("--json .", "json = .: is a folder"),
    ],
)
def test_what_cannot_be_is_refused(words, complaint, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["jax_timing", *words.split()])
    with pytest.raises(SystemExit, match="lenet: ") as refused:
        jax_timing.main()
    assert complaint in str(refused.value)


def test_a_gpu_that_jax_does_not_see_is_missed_by_name(tmp_path):
    words = "--device GPU --dataset digits --json record.json"
    hidden = {"CUDA_VISIBLE_DEVICES": "-1"}
    done = python(TIMING, *words.split(), cwd=tmp_path, env=hidden)
    assert done.returncode == 1
    assert "lenet: device = 'GPU': must be CPU, since JAX sees no GPU" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_keras_that_runs_on_the_other_backend_already_is_told(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")  # and put back after the test
    with pytest.raises(RuntimeError, match="Keras runs on tensorflow already: must be jax"):
        jax_timing.JAX.prepare(SETTINGS)


def test_the_shells_settings_of_jax_do_not_count():
    code = "import peers.jax_timing, os; print([name for name in os.environ if 'JAX' in name])"
    done = python(code, env={"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "tpu"})
    assert done.stdout == "[]\n", done.stderr
