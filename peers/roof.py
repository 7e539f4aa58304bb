"""What the machine's memory allows, as `lenet.timing.protocol` says what its cores do."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

REPEATS = 5
COPY_BYTES = 2**28


def least_seconds(work: Callable[[], object]) -> float:
    """The shortest of some calls, after the first."""
    samples = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        samples.append(time.perf_counter() - start)
    return min(samples[1:])


def copy_gbytes(threads: int) -> float:
    """The traffic of large copies, one a thread: 1e9 bytes read and written a second."""
    sources = [np.ones(COPY_BYTES // 8) for _ in range(threads)]
    copies = [np.zeros(COPY_BYTES // 8) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        seconds = least_seconds(lambda: list(pool.map(np.copyto, copies, sources)))
    return 2 * threads * COPY_BYTES / seconds / 1e9


def gpu_copy_gbytes() -> float:
    """The same of JAX's device, from one large sum with a number, which reads and writes."""
    import jax

    values = jax.numpy.ones(COPY_BYTES, jax.numpy.float32)
    plus_one = jax.jit(lambda values: values + 1)
    seconds = least_seconds(lambda: jax.block_until_ready(plus_one(values)))
    return 2 * values.nbytes / seconds / 1e9
