"""The same training in other libraries, timed beside ours; and our training on JAX.

Nothing of the report comes from here. `run` times all peers and leaves a record in `records/`,
which notebooks/peers.ipynb shows; `jax_timing` times our network on JAX, as `lenet.timing` does on
TensorFlow. Look first at `registry`, which names the peers, then at `proof`.

Importing any module of this folder removes the shell's settings of these libraries.
"""

import os

import lenet.network  # noqa: F401

# How the names begin of variables that change what JAX and PyTorch compute, or how fast.
CHANGING = ("JAX_", "TORCH", "PYTORCH_")

for name in list(os.environ):
    if name.startswith(CHANGING):
        del os.environ[name]
