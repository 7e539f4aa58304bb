"""The network in TensorFlow's operations has the values and gradients of the Keras model."""

import numpy as np
import pytest
import tensorflow as tf

from lenet.network import graph, model
from lenet.network.keras_engine import inputs


@pytest.mark.parametrize("head", ["linear", "relu"])
def test_logits_are_those_of_the_keras_model(head, few):
    network = model.build(6, head, seed=1)
    images = few.train.images[:20]
    weights = graph.merged(network.get_weights(), head)
    ours = graph.logits(weights, tf.constant(graph.patches(images)))
    np.testing.assert_allclose(ours, network(inputs(images)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("head", "size", "shards"), [("linear", 64, 2), ("relu", 45, 3)])
def test_gradients_are_those_of_a_plain_tape_on_the_keras_model(head, size, shards, few):
    network = model.build(6, head, init="scaled", seed=1)
    images, labels = few.train.first(size)
    weights = [tf.constant(value) for value in network.get_weights()]
    held = tf.constant(graph.patches(images))
    loss, ours = graph.gradients(weights, held, tf.constant(labels), head, shards)
    with tf.GradientTape() as tape:
        outputs = network(inputs(images))
        plain = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, outputs)
        plain_loss = tf.reduce_mean(plain)
    theirs = tape.gradient(plain_loss, [weight.value for weight in network.weights])
    np.testing.assert_allclose(loss, plain_loss, rtol=1e-5)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-5)


def test_shards_cover_a_batch():
    assert graph.shard_sizes(16, 2) == [8, 8]
    assert graph.shard_sizes(7, 3) == [3, 2, 2]
