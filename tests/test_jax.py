"""The JAX engine trains as the TensorFlow one does, and is timed where nothing else of the project is installed."""

import json
import subprocess
import sys

import numpy as np
import pytest

from lenet import arithmetic, backends, data, jax_engine, model, params, train

ABSENT = ("tensorflow", "pandas", "psutil", "yaml", "papermill", "scrapbook", "altair", "tqdm", "pooch")
WITHOUT = f"""
import runpy, sys
class Nowhere:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Nowhere)
runpy.run_module("lenet.benchmark", run_name="__main__", alter_sys=True)
"""
PLACES = ("CPU", "GPU")  # a program a batch, and the one an epoch that a GPU runs, here compiled for the CPU


def few(digits, images):
    """A data set of so many training images, over and over the same ones if need be."""
    rows = np.arange(images) % len(digits.train)
    return digits._replace(train=data.Images(*(part[rows] for part in digits.train)))


def weights(trainer):
    return [np.asarray(w) for w in (trainer.weights if hasattr(trainer, "weights") else trainer.model.get_weights())]


def relative(ours, theirs, start):
    """The distance of two lists of weights over the way that the second has come from its start."""
    flat = [np.concatenate([part.ravel() for part in parts]) for parts in (ours, theirs, start)]
    return np.linalg.norm(flat[0] - flat[1]) / np.linalg.norm(flat[1] - flat[2])


@pytest.mark.parametrize("device", PLACES)
@pytest.mark.parametrize(("head", "init", "shuffle"), [("linear", "normal", False), ("relu", "scaled", True)])
def test_both_engines_are_together_after_a_hundred_steps(head, init, shuffle, device, digits):
    options = {"filters": 4, "head": head, "init": init, "batch_size": 16, "shuffle": shuffle}
    theirs, ours = (
        train.Trainer(few(digits, 1600), **options),
        jax_engine.Trainer(few(digits, 1600), **options, device=device),
    )
    for trainer in (theirs, ours):
        trainer.reset(3)
    start = weights(theirs)
    for mine, other in zip(weights(ours), start, strict=True):
        np.testing.assert_array_equal(mine, other)
    np.testing.assert_array_equal(ours.order(3, 1), theirs.order(3, 1))
    losses = [trainer.epoch(0.01, trainer.order(3, 1)) for trainer in (ours, theirs)]
    assert len(losses[0]) == 100
    # Rounding moves them apart by some 1e-6; one ReLU or one maximum that falls the other way, by up to 1e-2.
    np.testing.assert_allclose(losses[0][:5], losses[1][:5], rtol=1e-5)
    np.testing.assert_allclose(*losses, atol=5e-3)
    assert relative(weights(ours), weights(theirs), start) < 0.02


@pytest.mark.parametrize("device", PLACES)
@pytest.mark.parametrize("shuffle", [False, True])
def test_the_last_short_step_is_that_of_the_other_engine(shuffle, device, digits):
    options = {"filters": 2, "batch_size": 16, "shuffle": shuffle}
    theirs, ours = (
        train.Trainer(few(digits, 36), **options),
        jax_engine.Trainer(few(digits, 36), **options, device=device),
    )
    for trainer in (theirs, ours):
        trainer.reset(3)
    start, order = weights(theirs), np.arange(36)
    losses = [trainer.epoch(0.2, order) for trainer in (ours, theirs)]
    assert len(losses[0]) == 3
    np.testing.assert_allclose(*losses, rtol=1e-4)
    assert relative(weights(ours), weights(theirs), start) < 1e-3


@pytest.mark.parametrize("device", PLACES)
@pytest.mark.parametrize("batch", [7, 16, 300, 512])
def test_evaluation_counts_every_image_once(batch, device, digits, monkeypatch):
    monkeypatch.setattr(jax_engine, "EVALUATION_BATCH", batch)
    trainer = jax_engine.Trainer(digits, filters=3, device=device)
    found = trainer.evaluate(trainer.validation_set)
    outputs = model.build(3, seed=0)(digits.validation.images[..., None] / np.float32(255))
    answers = np.asarray(outputs).argmax(1)
    np.testing.assert_array_equal(found.predictions, answers)
    wrong = sum(int(answer != label) for answer, label in zip(answers, digits.validation.labels, strict=True))
    assert found.error == wrong / 300


def test_logits_by_hand():
    """One white pixel, one filter that looks at the middle pixel, one unit a class: everything else is zero."""
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, 4, 4] = 255
    values = [np.zeros_like(value) for value in model.initial_values(1, "linear", "normal", 0)]
    values[0][1, 1], values[1][:] = 2, -0.5  # 2 - 0.5 at one place of 14 x 14
    values[2][1, 1], values[3][:] = 3, 0.25  # 4.75 at one place of 7 x 7, 0.25 elsewhere
    values[4][8, 0], values[4][0, 1] = 1, 1  # of row 1, column 1, and of row 0, column 0
    values[6][0, 5], values[6][1, 6], values[7][9] = 1, 1, -1
    found = jax_engine.logits(values, images, "linear", jax_engine.PRECISION[False])
    np.testing.assert_allclose(found, [[0, 0, 0, 0, 0, 4.75, 0.25, 0, 0, -1]])


KERAS = """
import os, sys
os.environ["KERAS_BACKEND"] = "jax"
import keras, numpy as np
from lenet import backends, data, jax_engine, model
backends.use_jax("CPU")
digits = data.load_digits()
some = data.Images(*(part[:150] for part in digits.train))
few, pixels = digits._replace(train=some), some.images[..., None] / np.float32(255)
for head in ("linear", "relu"):
    network, trainer = model.build(5, head, seed=7), jax_engine.Trainer(few, filters=5, head=head)
    trainer.reset(7)
    np.testing.assert_allclose(trainer.logits(trainer.weights, some.images), network(pixels), rtol=1e-4, atol=1e-4)
    trainer.epoch(0.05, trainer.order(7, 1))
    network.compile(keras.optimizers.SGD(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    network.fit(pixels, some.labels, batch_size=64, shuffle=False, verbose=0)
    for ours, theirs in zip(trainer.weights, network.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)
print("equal on", keras.backend.backend())
"""


def test_the_keras_model_on_jax_has_the_same_logits_and_trains_to_the_same_weights():
    run = subprocess.run([sys.executable, "-c", KERAS], capture_output=True, text=True)
    assert run.stdout == "equal on jax\n", run.stderr


BITS = """
import hashlib
from lenet import data, train
trainer = train.Trainer(data.load_digits(), filters=2)
trainer.reset(1)
trainer.epoch(0.1, trainer.order(1, 1))
bits = hashlib.sha256(b"".join(w.tobytes() for w in trainer.model.get_weights())).hexdigest()
"""


def test_the_tensorflow_engine_needs_no_jax_and_has_the_same_bits_beside_it():
    alone = (
        f"import sys; sys.modules['jax'] = None; from lenet import machine; machine.use('CPU', 2)\n{BITS}\nprint(bits)"
    )
    run = subprocess.run([sys.executable, "-c", alone], capture_output=True, text=True, check=True)
    here = {}
    exec(BITS, here)
    assert run.stdout == here["bits"] + "\n"


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """What the benchmark leaves where Keras and JAX are the only big packages."""
    path = tmp_path_factory.mktemp("record") / "deep" / "record.json"
    words = "--device CPU --backend jax --filters 4 --epochs 2 --dataset digits --round 3 --json"
    run = subprocess.run([sys.executable, "-c", WITHOUT, *words.split(), path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(path.read_text())


def test_a_record_is_whole_without_tensorflow_and_the_tools_of_the_report(record):
    assert set(params.NOTEBOOKS["benchmark"]) <= set(record)
    assert (record["backend"], record["tf32"], record["round"], record["shards"]) == ("jax", False, 3, 1)
    assert (record["record"], record["gpu_peak_memory_bytes"], record["finite"]) == ("benchmark", None, True)
    assert all(len(record[f"{part}_seconds"]) == 2 for part in ("epoch", "training_evaluation", "validation"))
    assert min(record["setup_parts_seconds"].values()) > 0
    assert record["flops_per_epoch"] == arithmetic.training_flops(4, 1197)
    assert 0 < record["gflops"] < record["peak_gflops"]


def test_what_was_blocked_is_truly_absent():
    code = WITHOUT.replace('runpy.run_module("lenet.benchmark", run_name="__main__", alter_sys=True)', "import tqdm")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "No module named 'tqdm'" in run.stderr


@pytest.mark.parametrize(
    ("given", "status", "complaint"),
    [
        ("--backend torch", 2, "backend = 'torch': must be one of tensorflow, jax"),
        ("--backend jax --tf32 yes", 2, "tf32 = 'yes': must be True or False"),
        ("--backend jax --threads 2", 1, "lenet: threads = 2: must be 0 with backend = 'jax'"),
        ("--backend jax --shards 4", 1, "lenet: shards = 4: must be 0 with backend = 'jax'"),
        ("--backend jax --tf32 True", 1, "lenet: tf32 = True: must be False with device = 'CPU'"),
    ],
)
def test_what_cannot_be_is_refused(given, status, complaint):
    run = subprocess.run([sys.executable, "-c", WITHOUT, *given.split()], capture_output=True, text=True)
    assert run.returncode == status
    assert complaint in run.stderr


def test_a_gpu_that_jax_does_not_see_is_missed_by_name(monkeypatch):
    words = "--device GPU --backend jax --dataset digits"
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    run = subprocess.run([sys.executable, "-c", WITHOUT, *words.split()], capture_output=True, text=True)
    assert run.returncode == 1
    assert "lenet: device = 'GPU': JAX sees no GPU on this machine; must be CPU here" in run.stderr


def test_keras_that_runs_on_the_other_backend_already_is_told(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    settings = {"backend": "jax", "threads": 0, "shards": 0, "tf32": False, "device": "CPU"}
    with pytest.raises(RuntimeError, match="backend = 'jax': Keras runs on tensorflow already; restart the kernel"):
        backends.prepare(settings)


def test_a_batch_larger_than_the_set_is_refused(digits):
    with pytest.raises(ValueError, match="batch_size = 151: must be at most the 150 training images"):
        jax_engine.Trainer(few(digits, 150), batch_size=151)
