"""Whether verdicts hang on what the text of 2017 leaves open."""

from pandas import DataFrame

from lenet.results.tables import Evidence
from lenet.verdicts.bands import decide
from lenet.verdicts.conclusions import measure
from lenet.verdicts.definitions import TESTS
from lenet.verdicts.sides import varied

CHANGES: dict[str, dict] = {
    "as in 2017": {},
    "ReLU": {"head": "relu"},
    "scaled initial values": {"init": "scaled"},
    "shuffling": {"shuffle": True},
    "batches of 128": {"batch_size": 128},
}
TESTED = ("ordering", "then_constant", "best_of_four", "two_epochs_enough")
FEWEST = 3  # networks at each learning rate


def robustness(evidence: Evidence) -> DataFrame:
    """The verdict of four tests (columns) in each setting (rows), "as in 2017" first.

    Each is held at two learning rates alone, with three networks or more.
    """
    table = DataFrame(index=list(CHANGES), columns=list(TESTED), dtype=object)
    for setting, change in CHANGES.items():
        side = varied(evidence, change)
        for name in TESTED:
            measured = measure(TESTS[name], side)
            table.loc[setting, name] = decide(measured, TESTS[name].bands, FEWEST)
    return table
