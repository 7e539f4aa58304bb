"""Whether verdicts hang on what the text of 2017 leaves open."""

from pandas import DataFrame

from lenet.results.tables import Evidence
from lenet.verdicts.bands import decide
from lenet.verdicts.conclusions import measure
from lenet.verdicts.definitions import TESTS
from lenet.verdicts.sides import as_in_2017, varied

CHANGES: dict[str, dict] = {
    "ReLU": {"head": "relu"},
    "scaled values": {"init": "scaled"},
    "shuffling": {"shuffle": True},
    "batches of 128": {"batch_size": 128},
}
TESTED = ("ordering", "then_constant", "best_of_four", "two_epochs_enough")
LEARNING_RATES = (0.01, 0.1)
FEWEST = 3  # networks at each learning rate


def robustness(evidence: Evidence) -> DataFrame:
    """The verdict of four tests (columns) in each setting (rows), "as in 2017" first.

    The tests are held at the learning rates 0.01 and 0.1 alone, with three networks or more.
    """
    sides = {"as in 2017": as_in_2017(evidence)}
    for name, change in CHANGES.items():
        sides[name] = varied(evidence, change)
    table = DataFrame(index=list(sides), columns=list(TESTED), dtype=object)
    for setting, side in sides.items():
        side.learning_rates = LEARNING_RATES
        for name in TESTED:
            measured = measure(TESTS[name], side)
            table.loc[setting, name] = decide(measured, TESTS[name].bands, FEWEST)
    return table
