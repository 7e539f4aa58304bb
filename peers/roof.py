"""What bounds the rate of any of them: the machine's measured float32 products and memory copies."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

MATRIX_SIDE, REPEATS = 3072, 5
COPY_BYTES = 2**28


def least_seconds(work) -> float:
    """The shortest of some calls, after the first."""
    samples = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        samples.append(time.perf_counter() - start)
    return min(samples[1:])


def peak_gflops(threads: int) -> float:
    """The rate of large float32 matrix products in TensorFlow, one a thread, in GFLOP/s."""
    import tensorflow as tf

    matrices = tf.random.stateless_uniform((threads, MATRIX_SIDE, MATRIX_SIDE), (0, 1))
    products = tf.function(lambda: [tf.reduce_sum(matrix @ matrix) for matrix in tf.unstack(matrices)])
    return 2 * threads * MATRIX_SIDE**3 / least_seconds(lambda: [sum_.numpy() for sum_ in products()]) / 1e9


def copy_gbytes(threads: int) -> float:
    """The memory traffic of large copies, one a thread, in 1e9 bytes read and written a second."""
    pairs = [(np.ones(COPY_BYTES // 8), np.zeros(COPY_BYTES // 8)) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        seconds = least_seconds(lambda: list(pool.map(lambda pair: np.copyto(*pair), pairs)))
    return 2 * threads * COPY_BYTES / seconds / 1e9
