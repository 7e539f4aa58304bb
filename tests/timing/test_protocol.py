"""The timing protocol: what is timed, what is not, and what the record says."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from tqdm import tqdm

from lenet.network import data, layers, machine
from lenet.plan import parameters
from lenet.timing import protocol
from lenet.timing.engine import TENSORFLOW
from pipeline import record as command

TRAINING_IMAGES = 1197  # of the digits
PARTS = ("epoch_seconds", "training_evaluation_seconds", "validation_seconds")
MADE_UP = {"gpu_peak_memory_bytes": 7, "kernels": {"made_up": True}}


def settings(**given):
    """The benchmark notebook's settings on the digits, small."""
    small = {"dataset": "digits", "filters": 2, "threads": 2}
    return {**parameters.declared("benchmark"), **small, **given}


def start(*words, cwd):
    """Start `python -m pipeline.record`."""
    line = [sys.executable, "-m", "pipeline.record", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(line, **pipes, text=True, cwd=cwd, preexec_fn=hear_ctrl_c)


def hear_ctrl_c():
    """Whatever is started in the background ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """The record that a line in a terminal leaves, of three epochs."""
    folder = tmp_path_factory.mktemp("record")
    line = "--device CPU --filters 4 --epochs 3 --dataset digits --json new/record.json"
    timing = start(*line.split(), cwd=folder)
    said = timing.communicate()[1]
    assert timing.returncode == 0, said
    return json.loads((folder / "new" / "record.json").read_text())


def test_every_sample_is_kept(record):
    assert [len(record[part]) for part in PARTS] == [3, 1, 3]
    assert min(min(record[part]) for part in PARTS) > 0


def test_the_wall_time_of_2017_is_that_of_ten_epochs(record):
    epoch, training, validation = (median(record[part]) for part in PARTS)
    setup = record["setup_parts_seconds"]
    ten = 10 * (epoch + 2 * training + validation)
    assert record["wall_2017_seconds"] == pytest.approx(setup["build"] + setup["trace"] + ten)


def test_rates_follow_from_the_layers(record):
    assert record["parameters"] == layers.parameters(4)
    assert record["flops_per_epoch"] == layers.training_flops(4, TRAINING_IMAGES)
    seconds = median(record["epoch_seconds"])
    assert record["gflops"] == pytest.approx(record["flops_per_epoch"] / seconds / 1e9)
    assert 0 < record["gflops"] < record["peak_gflops"]


def test_a_record_says_what_ran_and_where(record):
    assert (record["record"], record["schema"], record["engine"]) == ("benchmark", 2, "tensorflow")
    assert record["kernels"]["instruction_set"]
    assert record["kernels"]["onednn"] in (True, False)
    assert record["machine"] == machine.fingerprint()
    assert record["versions"] == machine.versions()
    assert record["threads"] == machine.cores()
    assert record["finite"] is True
    assert record["note"] == ""
    assert record["load_before"] >= 0
    assert set(parameters.declared("benchmark")) < set(record)


def test_a_changed_record_shows(record):
    assert record["sha256"] == protocol.digest(record)
    assert record["sha256"] != protocol.digest({**record, "round": 2})


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--filters 0", "filters = 0: must be a whole number from 1 to 1024"),
        ("--device TPU", "device = 'TPU': must be one of CPU, GPU"),
        ("--shuffle yes", "shuffle = 'yes': must be True or False"),
        ("--epochs two", "epochs = 'two': must be a whole number from 1 to 1000"),
        ("--json record.json/inside.json", "json = record.json/inside.json: "),
        ("--json folder", "json = folder: is a folder"),
        ("--tf32 True", "tf32 = True: must be False with device = 'CPU'"),
    ],
)
def test_what_cannot_be_is_refused_before_any_timing(words, complaint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["record", *words.split()])
    monkeypatch.setattr(data, "load", None)
    Path("record.json").write_text("an older record")
    Path("folder").mkdir()
    with pytest.raises(SystemExit, match="lenet: ") as refused:
        command.main(command.arguments(), TENSORFLOW)
    assert complaint in str(refused.value)
    assert Path("record.json").read_text() == "an older record"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "record.json"]


def test_a_record_can_go_to_the_terminal(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["record", "--shuffle", "True", "--lr", "1e-2"])
    monkeypatch.setattr(protocol, "measure", lambda settings, engine: settings)
    monkeypatch.delenv("LENET_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    command.main(command.arguments(), TENSORFLOW)
    said = capsys.readouterr()
    given = {"shuffle": True, "lr": 0.01, "dataset": "digits"}
    assert json.loads(said.out) == {**parameters.declared("benchmark"), **given}
    # Which images, and why, stands beside the record.
    assert "lenet: digits: no download of https" in said.err


def test_ctrl_c_ends_it_in_a_line(tmp_path):
    line = "--filters 64 --epochs 100 --dataset digits --json record.json"
    timing = start(*line.split(), cwd=tmp_path)
    while not list(tmp_path.iterdir()):
        time.sleep(0.1)
    timing.send_signal(signal.SIGINT)
    said = timing.communicate(timeout=60)[1]
    assert timing.returncode == 1
    assert said.splitlines()[-1] == "lenet: stopped (SIGINT)"
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(machine.gpu_absence() == "", reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_refused(tmp_path):
    timing = start("--device", "GPU", "--dataset", "digits", cwd=tmp_path)
    said = timing.communicate()[1]
    assert timing.returncode == 1
    assert said.startswith("lenet: device = 'GPU': must be CPU")


class MadeUpTrainer:
    """A trainer that writes down what is asked of it."""

    train_set = "training images"
    validation_set = "validation images"
    note = "made up"
    losses = (2.0, 1.0)

    def __init__(self):
        self.calls = []

    @classmethod
    def of(cls, dataset, settings):
        assert dataset.name == "digits"
        assert settings["threads"] == 5
        return cls.made

    def trace(self):
        self.calls.append("trace")

    def reset(self, seed):
        self.calls.append(f"reset {seed}")

    def order(self, seed, epoch):
        return np.arange(TRAINING_IMAGES)

    def epoch(self, order):
        self.calls.append(f"epoch of {len(order)}")
        return np.array(self.losses)

    def evaluate(self, images):
        self.calls.append(images)


class MadeUpEngine:
    """An engine of another library."""

    name = "made up"

    def prepare(self, settings):
        MadeUpTrainer.made = MadeUpTrainer()
        return MadeUpTrainer, 5

    def products(self, matrices, settings):
        assert matrices.shape == (5, 8, 8)
        return lambda: None

    def peak_gpu_memory_bytes(self, settings):
        return MADE_UP["gpu_peak_memory_bytes"]

    def kernels(self):
        return MADE_UP["kernels"]


@pytest.fixture
def small_products(monkeypatch):
    monkeypatch.setattr(protocol, "MATRIX_SIDE", 8)
    monkeypatch.setattr(protocol, "WARMUP_STEPS", 3)


@pytest.mark.usefixtures("small_products")
def test_another_engine_goes_through_the_same_protocol():
    record = protocol.measure(settings(epochs=2, seed=7, batch_size=100), MadeUpEngine())
    training, validation = "training images", "validation images"
    some_steps_and_the_short_one = "epoch of 397"
    epoch = ["epoch of 1197", validation]
    assert MadeUpTrainer.made.calls == [
        "trace",
        *(some_steps_and_the_short_one, training, validation, "reset 7"),
        *(*epoch, *epoch, training),
    ]
    assert record["engine"] == "made up"
    assert record["note"] == "made up"
    assert {name: record[name] for name in MADE_UP} == MADE_UP
    assert json.loads(json.dumps(record, allow_nan=False)) == record


@pytest.mark.usefixtures("small_products")
def test_a_bar_shows_what_is_timed(capsys):
    given = settings(epochs=2)
    with tqdm(total=protocol.samples_of(given), mininterval=0) as bar:
        protocol.measure(given, MadeUpEngine(), bar)
    assert bar.n == bar.total == 9 + protocol.PRODUCTS
    said = capsys.readouterr().err
    for part in ("import", "warmup", "epoch", "training evaluation", "products"):
        assert f"{part}: " in said


@pytest.mark.usefixtures("small_products")
def test_a_loss_that_is_not_finite_is_told(monkeypatch):
    monkeypatch.setattr(MadeUpTrainer, "losses", (2.0, np.nan))
    assert protocol.measure(settings(), MadeUpEngine())["finite"] is False


@pytest.mark.parametrize(
    ("device", "images", "evaluated"),
    [
        ("CPU", 500, ["validation images"]),
        ("CPU", 501, ["training images", "validation images"]),
        ("GPU", 500, ["training images", "validation images"]),
    ],
)
def test_training_images_are_evaluated_to_warm_up_where_they_need_a_program(
    device, images, evaluated, monkeypatch
):
    monkeypatch.setattr(MadeUpTrainer, "order", lambda *_: np.arange(images))
    trainer = MadeUpTrainer()
    protocol.warm_up(trainer, settings(device=device, batch_size=100, seed=7))
    assert trainer.calls == [f"epoch of {images}", *evaluated, "reset 7"]


def test_the_warm_up_leaves_nothing_behind(digits):
    given = settings(lr=0.01)
    trainer_class, _ = TENSORFLOW.prepare(given)
    trainer = trainer_class.of(digits, given)
    trainer.reset(100)
    cold = trainer.epoch(trainer.order(100, 1))
    protocol.warm_up(trainer, given)
    np.testing.assert_array_equal(trainer.epoch(trainer.order(100, 1)), cold)
    # What the short warm-up ran is the program of a whole epoch.
    assert trainer.engine._steps.experimental_get_tracing_count() == 1


def test_matrix_products_are_those_of_every_thread():
    matrices = np.ones((3, 4, 4), np.float32)
    multiply = TENSORFLOW.products(matrices, settings())
    assert multiply() == [64.0] * 3


def test_a_processor_has_no_memory_of_a_gpu():
    assert TENSORFLOW.peak_gpu_memory_bytes(settings()) is None
