"""Who is timed: each peer, the class that does the work, and the variables that it runs with."""

import os
from typing import NamedTuple

from lenet.network.kernels import CHOSEN

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
ONEDNN_ASKED = {ONEDNN: "1"}
KERAS_ON_JAX = {"KERAS_BACKEND": "jax"}
# Of every process of a device.
DEVICES = {
    # The processor alone, whatever graphics card there is.
    "CPU": {
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
        "KERAS_BACKEND": "tensorflow",
    },
    # Single precision in every library; and several processes share the memory.
    "GPU": {
        "NVIDIA_TF32_OVERRIDE": "0",
        "JAX_DEFAULT_MATMUL_PRECISION": "highest",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "KERAS_BACKEND": "jax",
    },
}


class Peer(NamedTuple):
    """A way to train: its title, its class here, and the package whose version is told."""

    title: str
    engine: str  # module:class
    package: str
    everywhere: bool = False  # at every number of filters, or at 16 alone
    environment: dict[str, str] = {}


PEERS = {
    "CPU": {
        "ours": Peer("ours", "ours:Ours", "tensorflow", True, CHOSEN),
        "keras": Peer("Keras fit, defaults", "keras_fit:Defaults", "keras", True),
        "keras-onednn": Peer(
            "Keras fit, oneDNN asked for", "keras_fit:Defaults", "keras", True, ONEDNN_ASKED
        ),
        "torch": Peer("PyTorch, channels last", "pytorch:Eager", "torch", True),
        "tf2017": Peer("the 2017 way", "tensorflow_2017:Session", "tensorflow"),
        "keras-tuned": Peer(
            "Keras fit, tuned", "keras_fit:Tuned", "keras", environment=ONEDNN_ASKED
        ),
        "keras-jax": Peer(
            "Keras fit on JAX", "keras_fit:Defaults", "jax", environment=KERAS_ON_JAX
        ),
        "jax": Peer("JAX, compiled step", "jax_plain:Plain", "jax"),
        "torch-compiled": Peer("PyTorch, compiled", "pytorch:Compiled", "torch"),
    },
    "GPU": {
        "ours": Peer("ours, on JAX", "ours_jax:Ours", "jax", True),
        "keras-jax": Peer("Keras fit on JAX", "keras_fit:Defaults", "jax", True),
        "torch": Peer("PyTorch, channels last", "pytorch:EagerOnGpu", "torch", True),
        "torch-compiled": Peer("PyTorch, CUDA graphs", "pytorch:GraphsOnGpu", "torch", True),
    },
}


def choose(device: str, own: dict[str, str]) -> None:
    """Give this process the variables of a device and of a peer, before its library is loaded.

    Unless the peer asks for oneDNN, TensorFlow decides about it, as it does for most people.
    """
    os.environ.pop(ONEDNN, None)
    os.environ.update(DEVICES[device])
    os.environ.update(own)
