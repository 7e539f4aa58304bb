"""The project chooses the kernels, whatever stands in the person's shell."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from lenet.network import data, kernels
from lenet.network.trainer import Trainer

# After two epochs of 19 steps; of a weight's own size, and of their typical size.
RELATIVE_BOUND = 1e-3
ABSOLUTE_BOUND = 1e-4


TRAIN = """
import sys
from lenet.network import data, machine
if {onednn}:
    machine.use("CPU", {threads})
else:
    import os
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
from lenet.network.trainer import Trainer
trainer = Trainer(data.load("digits"), lr=0.05, filters=8, init="scaled")
assert not trainer.note
trainer.fit(2, 100)
assert machine.kernels()["onednn"] is {onednn}
for weights in trainer.model.get_weights():
    sys.stdout.buffer.write(weights.tobytes())
"""


def start(threads, onednn=True, **shell):
    """Start to train 8 filters on the digits; `weights_of` waits for the result."""
    script = TRAIN.format(threads=threads, onednn=onednn)
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script],
        env={**os.environ, **shell},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def weights_of(process):
    """All weights after the training, float32."""
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error.decode()
    return np.frombuffer(out, np.float32)


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """Processes that train the same network in different shells, side by side."""
    double = tmp_path_factory.mktemp("double")
    wishes = {"floatx": "float64", "image_data_format": "channels_first"}
    (double / "keras.json").write_text(json.dumps(wishes))
    half = tmp_path_factory.mktemp("half")
    wishes = {"floatx": "float16", "epsilon": 0.1, "backend": "jax"}
    (half / "keras.json").write_text(json.dumps(wishes))
    slow_kernels = {"TF_ENABLE_ONEDNN_OPTS": "0", "DNNL_MAX_CPU_ISA": "SSE41"}
    other_keras = {"KERAS_BACKEND": "jax", "KERAS_HOME": str(double)}
    return {
        "one thread, slow kernels": start(1, **slow_kernels),
        "four threads, JAX and double": start(4, OMP_NUM_THREADS="1", **other_keras),
        "half precision": start(2, KERAS_HOME=str(half), KERAS_MAX_EPOCHS="1"),
        "really without oneDNN": start(2, onednn=False),
    }


@pytest.fixture(scope="module")
def here(digits):
    """The weights of the same training in this process."""
    trainer = Trainer(digits, lr=0.05, filters=8, init="scaled")
    trainer.fit(2, 100)
    return np.concatenate([weights.ravel() for weights in trainer.model.get_weights()])


SHELLS = ["one thread, slow kernels", "four threads, JAX and double", "half precision"]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_bits_do_not_depend_on_threads_or_the_shell(shell, started, here):
    np.testing.assert_array_equal(weights_of(started[shell]), here)


def test_two_kinds_of_kernels_differ_by_rounding_only(started, here):
    without = weights_of(started["really without oneDNN"])
    np.testing.assert_allclose(without, here, rtol=RELATIVE_BOUND, atol=ABSOLUTE_BOUND)


def test_what_changes_nothing_is_left_alone():
    shell = {"TF_CPP_MIN_LOG_LEVEL": "0", "TF_CLI_CONFIG_FILE": "x", "KERAS_HOME": "y"}
    kernels.choose(shell)
    assert shell.items() >= {"TF_CPP_MIN_LOG_LEVEL": "0", "KERAS_HOME": "y"}.items()
    assert shell["TF_CLI_CONFIG_FILE"] == "x"


@pytest.mark.skipif(not kernels.X86, reason="oneDNN is chosen on x86 alone")
def test_a_tensorflow_that_was_loaded_before_with_other_kernels_is_named(monkeypatch):
    monkeypatch.setattr(kernels, "onednn", lambda: False)
    with pytest.raises(RuntimeError, match="TF_ENABLE_ONEDNN_OPTS = '0': must be '1', but Tensor"):
        kernels.check()


def test_a_keras_that_was_loaded_before_on_another_backend_is_named(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match="KERAS_BACKEND = 'jax': must be 'tensorflow'"):
        kernels.check()


def test_every_processor_has_a_class():
    found = kernels.kernels()
    assert set(found) == {"onednn", "instruction_set", "processor_class"}
    assert found["instruction_set"].startswith(found["processor_class"])


def test_the_cache_of_mnist_stays_where_the_person_has_it(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert data.keras_cache() == tmp_path / "datasets"
