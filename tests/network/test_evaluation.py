"""Answers, counted once each, and the bits that say which were right."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from lenet.network.evaluation import Evaluation, confusion, evaluation, pack, unpack, worst


def test_cross_entropy_by_hand():
    # The first image has 1 to 3 for the digits 0 and 1; the second is sure of 0.
    logits = np.full((2, 10), -np.inf, np.float32)
    logits[0, 0] = 0
    logits[0, 1] = np.log(3)
    logits[1] = -1e4
    logits[1, 0] = 1e4
    logits[1, 1] = 0
    labels = np.array([1, 1])
    found = evaluation(logits, labels)
    expected = [np.log(4 / 3), 1e4]
    np.testing.assert_allclose(found.losses, expected, rtol=1e-6)
    assert found.predictions.tolist() == [1, 0]
    assert found.error == 0.5
    assert found.digits == 2


def test_the_worst_mistakes_are_mistakes_the_least_likely_first():
    losses = np.array([0.1, 3.0, 5.0, 9.0])
    labels = np.array([1, 2, 3, 4])
    answers = np.array([1, 0, 0, 4])
    test = Evaluation(labels, answers, losses)
    found = worst(test)
    assert found["image"].tolist() == [2, 1]
    assert found["title"].tolist() == ["3 taken for 0", "2 taken for 0"]
    first = worst(test, 1)
    assert len(first) == 1


def test_each_image_is_counted_in_its_row_and_column():
    labels = np.array([1, 2, 2])
    answers = np.array([1, 0, 0])
    test = Evaluation(labels, answers, np.zeros(3))
    counts = confusion(test)
    images = counts.to_numpy().sum()
    assert images == 3
    assert counts.loc[2, "0"] == 2


@given(some.lists(some.booleans(), min_size=1))
def test_what_is_packed_is_unpacked(right):
    packed = pack(np.array(right))
    assert unpack(packed, len(right)).tolist() == right


def test_bits_that_fill_the_last_byte_are_no_images():
    packed = pack(np.ones(300, bool))
    assert len(unpack(packed, 300)) == 300
