"""TensorFlow or JAX behind one protocol: whose trainer and device, and what each measures in its own way."""

import os

import numpy as np

from lenet import machine


def prepare(settings: dict):
    """Load the engine of a backend and give it its device: (its Trainer, the number of threads).

    Raises DeviceError, ValueError for what this backend or device cannot have, and RuntimeError where Keras already
    runs on the other backend.
    """
    backend = settings["backend"]
    if backend == "jax" and (settings["threads"] or settings["shards"] > 1):
        wrong = "threads" if settings["threads"] else "shards"
        raise ValueError(f"{wrong} = {settings[wrong]}: must be 0 with backend = 'jax', which decides by itself")
    if settings["tf32"] and settings["device"] == "CPU":
        raise ValueError("tf32 = True: must be False with device = 'CPU', which has no TF32")
    os.environ["KERAS_BACKEND"] = backend
    import keras

    if keras.backend.backend() != backend:
        raise RuntimeError(
            f"backend = {backend!r}: Keras runs on {keras.backend.backend()} already; restart the kernel"
        )
    if backend == "jax":
        from lenet import jax_engine

        use_jax(settings["device"])
        return jax_engine.Trainer, machine.cores()
    from lenet import train

    return train.Trainer, machine.use(settings["device"], settings["threads"], settings["tf32"])


def use_jax(device: str):
    """Give JAX one device. Raises DeviceError for a GPU that JAX does not see."""
    import jax

    if device == "CPU":
        # Else JAX would also reserve most of a GPU's memory.
        jax.config.update("jax_platforms", "cpu")
    try:
        jax.config.update("jax_default_device", jax.devices(device.lower())[0])
    except RuntimeError as error:
        raise machine.DeviceError(f"device = {device!r}: JAX sees no GPU on this machine; must be CPU here") from error


def peak_gpu_memory_bytes(settings: dict) -> int | None:
    """The most memory of the GPU that the backend ever had in use; None on a CPU, and where it is not told."""
    if settings["device"] == "CPU":
        return None
    if settings["backend"] == "jax":
        import jax

        return (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
    import tensorflow as tf

    return tf.config.experimental.get_memory_info("GPU:0")["peak"]


def products(settings: dict, matrices: np.ndarray):
    """A function that multiplies each matrix by itself on the backend's device, and returns when that is done."""
    if settings["backend"] == "jax":
        import jax

        from lenet.jax_engine import PRECISION

        placed = [jax.numpy.asarray(matrix) for matrix in matrices]
        square = jax.jit(lambda many: [jax.numpy.matmul(m, m, precision=PRECISION[settings["tf32"]]) for m in many])
        return lambda: jax.block_until_ready(square(placed))
    import tensorflow as tf

    placed = tf.constant(matrices)
    sums = tf.function(lambda many: [tf.reduce_sum(matrix @ matrix) for matrix in tf.unstack(many)])
    return lambda: [product.numpy() for product in sums(placed)]
