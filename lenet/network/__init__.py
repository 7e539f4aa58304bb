"""The network, its data and its training: everything that makes a number of a run.

`data` reads the images, `model` defines the network in Keras, `graph` multiplies it in fewer
TensorFlow operations, which `engine` runs; `proof` asks whether that is the Keras model, and where
it is not `keras_engine` trains it. `trainer` trains and evaluates, `failure` says when a network
counts as failed, `curves` what came out, `machine` where. What a run may be told, what a study
varies and how anything is drawn may not come in. Look first at `model`, then at `trainer`.

Importing any module of this room chooses TensorFlow's kernels, before TensorFlow is loaded.
"""

import lenet.network.kernels  # noqa: F401
