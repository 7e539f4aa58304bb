"""Time one network on JAX and write its record; no TensorFlow is needed."""

import os
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

from lenet.network import machine
from lenet.timing.engine import Settings
from peers import records
from pipeline import record as command


class JaxEngine:
    """JAX, as `lenet.timing.protocol` asks for an engine."""

    name = "jax"

    def prepare(self, settings: Settings) -> tuple[type[Any], int]:
        """The trainer of `jax_engine`, and the number of cores.

        Raises ValueError for threads and shards, about which JAX decides, and for TF32 on a CPU;
        DeviceError for a GPU that is not there; RuntimeError where Keras runs on another backend.
        """
        for name, only in {"threads": 0, "shards": 1}.items():
            if settings[name] != only:
                value = settings[name]
                raise ValueError(f"{name} = {value}: must be {only} on JAX, which decides itself")
        if settings["tf32"] and settings["device"] == "CPU":
            raise ValueError("tf32 = True: must be False with device = 'CPU', which has no TF32")
        os.environ["KERAS_BACKEND"] = "jax"
        import keras

        backend = keras.backend.backend()
        if backend != "jax":
            raise RuntimeError(f"Keras runs on {backend} already: must be jax; restart the kernel")
        use(settings["device"])
        from peers.jax_engine import Trainer

        return Trainer, machine.cores()

    def products(self, matrices: np.ndarray, settings: Settings) -> Callable[[], object]:
        """Matrix products in the training's precision, one program."""
        import jax

        from peers.jax_network import PRECISION

        placed = [jax.numpy.asarray(matrix) for matrix in matrices]
        squares = jax.jit(partial(squared, precision=PRECISION[settings["tf32"]]))
        return lambda: jax.block_until_ready(squares(placed))

    def peak_gpu_memory_bytes(self, settings: Settings) -> int | None:
        """The most that JAX had in use on the GPU; None on a CPU, and where it is not told."""
        if settings["device"] == "CPU":
            return None
        import jax

        told = jax.devices()[0].memory_stats() or {}
        return told.get("peak_bytes_in_use")

    def kernels(self) -> dict[str, Any]:
        """JAX's version, its compiler, the platform that it runs on, and the processor's class."""
        import jax

        platform = jax.devices()[0].client.platform_version.split()
        return {
            "jax": version("jax"),
            "compiler": f"XLA of jaxlib {version('jaxlib')}",
            "platform": " ".join(platform),
            **records.processor(),
        }


JAX = JaxEngine()


def use(device: str) -> None:
    """Give JAX one device. Raises DeviceError for a GPU that JAX does not see."""
    import jax

    if device == "CPU":
        # Else JAX would also reserve most of a GPU's memory.
        jax.config.update("jax_platforms", "cpu")
    try:
        found = jax.devices(device.lower())
    except RuntimeError as error:
        raise machine.DeviceError("device = 'GPU': must be CPU, since JAX sees no GPU") from error
    jax.config.update("jax_default_device", found[0])


def squared(matrices, precision):
    """Each matrix multiplied by itself."""
    import jax

    return [jax.numpy.matmul(each, each, precision=precision) for each in matrices]


def main() -> None:
    """Time what the command line says; its parameters are those of `lenet.timing`."""
    parser = command.arguments()
    parser.prog = "python -m peers.jax_timing"
    parser.description = f"{__doc__} There are no shards on JAX, and it decides about threads."
    parser.set_defaults(shards=1)
    command.main(parser, JAX)


if __name__ == "__main__":
    main()
