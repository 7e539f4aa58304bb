"""What the protocol asks of an engine, and TensorFlow as one; peers/ brings others."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from lenet.network import machine

Settings = dict


class Engine(Protocol):
    """A library that trains networks.

    Its trainer is a class like `network.trainer.Trainer`, of which the protocol uses these; every
    call returns when its work is done.

    - of(dataset, settings): a trainer, with its data on the device
    - trace(): build or compile what an epoch and both evaluations run, without running it
    - reset(seed): set the initial values of a seed
    - order(seed, epoch): the rows of the training set as an epoch takes them
    - epoch(order): train on these rows; the loss of each step comes back. Some batches and the
      short last one run the program that a whole epoch runs, so that they warm it up
    - evaluate(images): predict every image of `train_set` or `validation_set` once; on a CPU by one
      program a batch of `EVALUATION_BATCH` images, whatever the set
    - note: "", or why the network is not trained in the engine's usual way
    """

    name: str

    def prepare(self, settings: Settings) -> tuple[type[Any], int]:
        """Load the library and give it its device: its trainer, and the number of threads."""

    def products(self, matrices: np.ndarray, settings: Settings) -> Callable[[], object]:
        """A function that multiplies each matrix (n, side, side) by itself, on the device."""

    def peak_gpu_memory_bytes(self, settings: Settings) -> int | None:
        """The most memory that was in use on the GPU; None on a CPU, and where nothing tells."""

    def kernels(self) -> dict:
        """What really ran, as plain values, for the record."""


class TensorFlowEngine:
    """The engine of the report."""

    name = "tensorflow"
    kernels = staticmethod(machine.kernels)

    def prepare(self, settings: Settings) -> tuple[type[Any], int]:
        """The trainer of `network`, and the number of threads.

        Raises DeviceError for a GPU that is not there, ValueError for TF32 on a CPU.
        """
        if settings["tf32"] and settings["device"] == "CPU":
            raise ValueError("tf32 = True: must be False with device = 'CPU', which has no TF32")
        threads = machine.use(settings["device"], settings["threads"], settings["tf32"])
        from lenet.network.trainer import Trainer

        return Trainer, threads

    def products(self, matrices: np.ndarray, settings: Settings) -> Callable[[], object]:
        """Matrix products side by side, each on one thread, as the training's shards are."""
        import tensorflow as tf

        placed = tf.constant(matrices)

        @tf.function
        def squares() -> list:
            return [tf.reduce_sum(matrix @ matrix) for matrix in tf.unstack(placed)]

        return lambda: [total.numpy() for total in squares()]

    def peak_gpu_memory_bytes(self, settings: Settings) -> int | None:
        """The most that TensorFlow had in use on the GPU; None on a CPU."""
        if settings["device"] == "CPU":
            return None
        import tensorflow as tf

        return tf.config.experimental.get_memory_info("GPU:0")["peak"]


TENSORFLOW = TensorFlowEngine()
