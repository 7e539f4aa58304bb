"""docs/another-network.md, performed: other layers, and other images, in a copy of the package."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lenet.network import data
from tests.copied_tree import ROOT

DOCUMENT = (ROOT / "docs" / "another-network.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(?:python|sh)\n(.*?)^```\n", DOCUMENT, re.MULTILINE | re.DOTALL)
CONVOLUTION, DROPOUT, TANH, HASHES = BLOCKS
# Trains a network on some digits through what a run of a notebook uses.
TRAIN = """\
python - <<'END'
from lenet.network import curves, data
from lenet.network.trainer import Trainer
from lenet.plan import parameters

given = {"lr": 0.05, "epochs": 2, "seeds": 1, "filters": 4, "batch_size": 16, "init": "scaled"}
settings = {**parameters.declared("lr_study"), **given}
images = data.load("digits").first_training_images(320)
trainer = Trainer.of(images, settings)
found, right = curves.study(trainer, settings)
learnt = found[found["epoch"] > 0]
print(trainer.note)
print(len(learnt), (learnt["failed"] == "").all(), learnt["train_loss"].notna().all())
END
"""
LOAD = """\
python - <<'END'
from lenet.network import data
images = data.load("mnist")
print(images.note)
print(len(images.train), len(images.validation), len(images.test), images.train.labels.max())
END
"""


@pytest.fixture
def copy(tmp_path):
    """A copy of what a run needs."""
    for part in ("lenet", "notebooks"):
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(ROOT / part, tmp_path / part, ignore=ignored)
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    return tmp_path


def printed(folder, script, status=0, **environment):
    """What a shell script prints, in a folder whose packages Python takes."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(folder), **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == status, done.stdout
    return done.stdout


def edit(path, layer, line, instead=False):
    """Put a line above that of a layer, or in its place."""
    [old] = [each for each in path.read_text().splitlines(True) if f'name="{layer}"' in each]
    path.write_text(path.read_text().replace(old, line if instead else line + old))


@pytest.mark.parametrize(
    ("layer", "line", "instead", "named"),
    [
        ("pool2", CONVOLUTION, False, "conv3, Conv2D"),
        ("fc2", DROPOUT, False, "dropout, Dropout"),
        ("fc1", TANH, True, "fc1, Dense tanh"),
    ],
    ids=["third convolution", "dropout", "tanh"],
)
def test_another_layer_is_named_and_trained_through_keras(copy, layer, line, instead, named):
    edit(copy / "lenet" / "network" / "model.py", layer, line, instead)
    note, trained = printed(copy, TRAIN).splitlines()[-2:]
    assert note.startswith(f"Trained through Keras, which is slower, because of {named}")
    assert trained == "2 True True"


def test_other_images_in_the_same_layout_are_taken(copy, tmp_path):
    """Made-up ones: one grey for each garment, as Fashion-MNIST would lie."""
    folder = tmp_path / "fashion"
    folder.mkdir()
    labels = {"y_train": np.arange(60_000) % 10, "y_test": np.arange(10_000) % 10}
    arrays = {}
    for name, numbers in labels.items():
        grey = (25 * numbers).astype(np.uint8)
        arrays[name.replace("y", "x")] = np.broadcast_to(grey[:, None, None], (*grey.shape, 28, 28))
        arrays[name] = numbers.astype(np.uint8)
    np.savez_compressed(folder / "mnist.npz", **arrays)
    environment = {"LENET_DATA": str(folder)}

    refused = printed(copy, LOAD, status=1, **environment)
    assert "x_train is not MNIST's" in refused
    path = copy / "lenet" / "network" / "data.py"
    for name, known in data.MNIST_ARRAYS_SHA256.items():
        [found] = re.findall(f'"{name}": "(\\w+)"', printed(copy, HASHES, **environment))
        path.write_text(path.read_text().replace(known, found))
    path.write_text(path.read_text().replace("MNIST, Y. LeCun", "Garments, Y. LeCun"))
    note, sizes = printed(copy, LOAD, **environment).splitlines()[-2:]
    assert note.startswith("The images are those of Garments, Y. LeCun")
    assert sizes == "50000 10000 10000 9"
