"""Sentences of the article on a graphics card and the processor beside it."""

import pandas as pd

from lenet.report import article

COLUMNS = ["device", "round", "filters", "epoch_seconds", "gflops", "peak_gflops"]
ROWS = [
    ("CPU", 1, 8, 3.0, 10, 100),
    ("GPU", 1, 8, 0.1, 50, 1000),
    ("CPU", 2, 8, 4.0, 20, 100),
    ("GPU", 2, 8, 0.1, 50, 1000),
    ("GPU", 1, 256, 1.0, 600, 1000),
]


def test_the_processor_is_compared_with_the_card_at_the_sizes_that_both_have():
    times = pd.DataFrame(ROWS, columns=COLUMNS).assign(place="A host, jax")
    said = article.card_sentence(times)
    assert said.startswith("With one program and 8 to 8 filters, a processor takes 30 to 40 times ")
    said = article.use_sentence(times)
    assert "(A host, jax), the card in 2 rounds and the processor in 2." in said
    assert "at 10% to 20% of the processor's rate" in said
    assert "at 5% to 60% of the card's" in said


def test_without_a_card_it_is_said():
    nothing = pd.DataFrame(columns=COLUMNS)
    assert article.card_sentence(nothing) == "We had no graphics card."
    assert article.use_sentence(nothing) == ""
