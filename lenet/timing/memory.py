"""Memory to evaluate all training images at once, and in batches."""

import resource
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import psutil
import tensorflow as tf

from lenet.network import data, layers, machine, model
from lenet.network.evaluation import EVALUATION_BATCH
from lenet.timing.protocol import Record, Settings, peak_memory_bytes

# What is held of the first convolution, the largest layer: measured as below two, and some room.
COPIES = 3


def measure(settings: Settings) -> Record:
    """Peaks above what was in use before, in bytes; to be called in a fresh process.

    Where a system cannot forget a peak (other than Linux), a pass that stays below the highest use
    while the data was loaded adds nothing.

    Fields: filters, batched_bytes, whole_set_bytes and predictions_equal (of both ways). The last
    two are None where this process may not take the memory for all images at once.
    """
    filters = settings["filters"]
    images = data.load(settings["dataset"]).train.images
    network = model.build(filters)
    forget_peak()
    before = peak_memory_bytes()
    batches = []
    for start in range(0, len(images), EVALUATION_BATCH):
        batches.append(answers(network, images[start : start + EVALUATION_BATCH]))
    batched_bytes = peak_memory_bytes() - before
    whole_set_bytes = None
    equal = None
    if free_bytes() > COPIES * len(images) * layers.layers(filters)[0].output_bytes:
        equal = np.array_equal(answers(network, images), np.concatenate(batches))
        whole_set_bytes = peak_memory_bytes() - before
    return {
        "filters": filters,
        "batched_bytes": batched_bytes,
        "whole_set_bytes": whole_set_bytes,
        "predictions_equal": equal,
    }


@tf.function
def answers(network: keras.Model, images: tf.Tensor) -> tf.Tensor:
    """The network's digit for each uint8 image (n, 28, 28)."""
    pixels = tf.cast(images[..., None], tf.float32) / 255
    return tf.argmax(network(pixels), 1)


def forget_peak() -> None:
    """Let the peak begin again at what is in use now, where the system can."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # see proc(5)


def free_bytes() -> int:
    """Memory that this process may still take: of the machine, its group, its own limit."""
    own = psutil.Process().memory_info()
    free = [psutil.virtual_memory().available, machine.memory_bytes() - own.rss]
    address_space = resource.getrlimit(resource.RLIMIT_AS)[0]
    if address_space != resource.RLIM_INFINITY:
        free.append(address_space - own.vms)
    return min(free)
