"""What the machine's memory allows, as `benchmark.peak_gflops` says what its cores do."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

REPEATS = 5
COPY_BYTES = 2**28


def least_seconds(work) -> float:
    """The shortest of some calls, after the first."""
    samples = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        samples.append(time.perf_counter() - start)
    return min(samples[1:])


def copy_gbytes(threads: int) -> float:
    """The memory traffic of large copies, one a thread, in 1e9 bytes read and written a second."""
    pairs = [(np.ones(COPY_BYTES // 8), np.zeros(COPY_BYTES // 8)) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        seconds = least_seconds(lambda: list(pool.map(lambda pair: np.copyto(*pair), pairs)))
    return 2 * threads * COPY_BYTES / seconds / 1e9


def gpu_copy_gbytes() -> float:
    """The same of JAX's device, from one large sum with a number, which reads and writes."""
    import jax

    values, plus = jax.numpy.ones(COPY_BYTES, jax.numpy.float32), jax.jit(lambda values: values + 1)
    seconds = least_seconds(lambda: jax.block_until_ready(plus(values)))
    return 2 * values.nbytes / seconds / 1e9
