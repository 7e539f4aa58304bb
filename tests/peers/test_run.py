"""`make peers`: what it refuses, what a small run leaves, and what each process runs with."""

import json
import os
import subprocess
import sys

import pytest

from lenet.network import kernels
from lenet.plan.parameters import ROOT
from peers import options, reading, records, registry, roof, run, tables

CLASS = records.processor()["processor_class"]


def peers_run(*words, **variables):
    """What `python -m peers.run` says, called from the project's root."""
    line = [sys.executable, "-m", "peers.run", *map(str, words)]
    environment = {**os.environ, **variables}
    return subprocess.run(line, capture_output=True, text=True, cwd=ROOT, env=environment)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("--peers caffe", "--peers: caffe; must be among ours, keras"),
        ("--filters 0", "each must be 1 to 256"),
        ("--rounds 0", "--rounds = 0: must be at least 1"),
        ("--jobs -1", "--jobs = -1: must be at least 0"),
        ("--images 79 --json x", "--images = 79: must be at least 80"),
        ("--images 640", "--json: must be named for a part"),
        ("--peers jax", "--json: must be named for a part"),
        ("--dataset digits", "--json: must be named for a part"),
        ("--device GPU --peers keras", "must be among ours, keras-jax, torch"),
    ],
)
def test_a_wrong_option_is_refused_with_its_rule(words, rule, capsys):
    with pytest.raises(SystemExit):
        options.arguments(words.split())
    assert rule in capsys.readouterr().err


def test_the_record_is_named_by_the_device_and_the_processor():
    assert options.arguments([]).json == records.FOLDER / records.file_name("CPU", CLASS)
    assert options.arguments(["--device", "GPU"]).json.name == "gpu.json"


def test_keras_comes_before_keras_with_onednn_whatever_was_said():
    given = options.arguments(["--peers", "keras-onednn,torch,keras", "--json", "x"])
    assert given.peers == ["ours", "keras", "keras-onednn", "torch"]


def test_a_small_run_from_end_to_end(tmp_path):
    path = tmp_path / records.file_name("CPU", CLASS)
    words = "--dataset digits --images 256 --filters 4 --rounds 1 --peers keras,keras-onednn,torch"
    # Of a person's shell, and of no effect.
    shell = {"TF_ENABLE_ONEDNN_OPTS": "0", "KERAS_BACKEND": "torch"}
    done = peers_run(*words.split(), "--json", path, **shell)
    assert done.returncode == 0, done.stderr
    record = reading.read(path)
    timed = set(tables.table(record)["name"])
    assert {"ours", "keras"} <= timed
    assert all(part["passed"] for part in record["proofs"])
    assert record["kernels"] == kernels.kernels()
    assert record["peers"]["ours"]["onednn"] is kernels.X86
    # Without its package a peer is left out, and the others are not.
    absent = {gone["peer"] for gone in record["absent"]}
    expected = {"ours", "keras", "torch"}
    if not tables.onednn_by_itself(record):
        expected.add("keras-onednn")
    assert timed | absent == expected
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert "| 4 | Keras fit, defaults |" in done.stdout


def test_without_a_gpu_its_peers_are_refused_before_any_work(tmp_path):
    path = tmp_path / "gpu.json"
    done = peers_run("--device", "GPU", "--json", path, CUDA_VISIBLE_DEVICES="-1")
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "lenet: device = 'GPU': must be CPU, since JAX sees no GPU" in done.stderr


ASKED = """
import json
import os
from peers import registry
peer = registry.PEERS["CPU"]["{name}"]
registry.choose("CPU", peer.environment)
print(json.dumps([os.environ.get("TF_ENABLE_ONEDNN_OPTS"), os.environ["KERAS_BACKEND"]]))
"""


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("ours", [kernels.CHOSEN.get(registry.ONEDNN), "tensorflow"]),
        ("keras", [None, "tensorflow"]),
        ("keras-onednn", ["1", "tensorflow"]),
        ("keras-jax", [None, "jax"]),
        ("tf2017", [None, "tensorflow"]),
    ],
)
def test_onednn_is_asked_for_by_name_alone(name, asked):
    line = [sys.executable, "-c", ASKED.format(name=name)]
    shell = {**os.environ, registry.ONEDNN: "0", "KERAS_BACKEND": "torch"}
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, env=shell, check=True)
    assert json.loads(done.stdout) == asked


class MadeUpWorker:
    """A peer that answers from a list; PeerError where that says so."""

    def __init__(self, name, answers):
        self.name = name
        self.answers = answers

    def ask(self, what, **more):
        answer = self.answers.pop(0)
        if answer is None:
            raise run.PeerError("ended without a word")
        return {"seconds": answer, "found": [0.1, answer, 0.2]}

    def end(self):
        self.answers = "ended"


@pytest.fixture
def made_up_run(monkeypatch, tmp_path):
    """A run without a machine: no roof, no rest, no file."""
    monkeypatch.setattr(run, "REST_SECONDS", 0)
    made = run.Run.__new__(run.Run)
    made.given = options.arguments(["--rounds", "2", "--jobs", "2"])
    made.peers = registry.PEERS["CPU"]
    made.record = {"samples": [], "absent": [], "jobs": [], "peak_gflops": 1, "copy_gbytes": 1}
    made.measure_roof = lambda: None
    made.write = lambda: None
    return made


def test_pairs_take_turns(made_up_run):
    able = {
        "ours": MadeUpWorker("ours", [1.0, 2.0]),
        "keras": MadeUpWorker("keras", [3.0, 4.0]),
    }
    made_up_run.rounds(16, able)
    order = [(one["round"], one["peer"]) for one in made_up_run.record["samples"]]
    assert order == [(1, "ours"), (1, "keras"), (2, "keras"), (2, "ours")]


def test_a_peer_that_ends_keeps_what_it_has_and_is_left_out(made_up_run):
    keras = MadeUpWorker("keras", [3.0, None])
    able = {"ours": MadeUpWorker("ours", [1.0, 2.0, 3.0]), "keras": keras}
    made_up_run.rounds(16, able)
    assert len(made_up_run.record["samples"]) == 2
    assert list(able) == ["ours"]
    why = {"peer": "keras", "filters": 16, "why": "ended without a word"}
    assert made_up_run.record["absent"] == [why]


@pytest.mark.parametrize(("error", "kept"), [(0.301, 4), (0.32, 0)])
def test_the_job_has_no_time_where_its_errors_do_not_agree(error, kept, made_up_run):
    able = {
        "ours": MadeUpWorker("ours", [0.3, 0.3]),
        "tf2017": MadeUpWorker("tf2017", [error, error]),
        "torch": MadeUpWorker("torch", []),
    }
    made_up_run.jobs(16, able)
    assert len(made_up_run.record["jobs"]) == kept


def test_a_copy_moves_bytes_both_ways(monkeypatch):
    def in_a_microsecond(work):
        work()
        return 1e-6

    monkeypatch.setattr(roof, "COPY_BYTES", 8_000)
    monkeypatch.setattr(roof, "least_seconds", in_a_microsecond)
    assert roof.gpu_copy_gbytes() == pytest.approx(64)
    assert roof.copy_gbytes(2) == pytest.approx(32)
