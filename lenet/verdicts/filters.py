"""What the tests on the data and on the size of the network measure; most of it is arithmetic.

Each is the function of the test's name. `few` and `many` are two neighbouring numbers of filters.
"""

from pandas import Series

from lenet.hand_in_2017 import CARD_GIB, FILTERS, KNEE_FILTERS, stated_parameters
from lenet.network.layers import of_kind, parameters, share, training_flops
from lenet.verdicts.intervals import MISSING, Estimate, Named, exact
from lenet.verdicts.sides import Side, first_output

GIB = 2**30
CONVOLUTIONAL = "convolutional"


def disjoint(side: Side) -> Estimate:
    """Images that are in both sets."""
    count = side.evidence.images["duplicates"]
    return MISSING if count is None else exact(count)


def conv_formula(side: Side) -> Estimate:
    """Inputs x width x height x filters of both convolutions, over their true parameters."""
    first = 1 * 3 * 3 * 16
    second = 16 * 3 * 3 * 16
    return exact((first + second) / of_kind(16, CONVOLUTIONAL))


def parameter_counts(side: Side) -> Named:
    """Stated over true number of parameters at 16 filters, by kind of layer."""
    return {
        kind.replace(" ", "_"): exact(stated / of_kind(16, kind))
        for kind, stated in stated_parameters().items()
    }


def parameters_double(side: Side, few: int, many: int) -> Estimate:
    """Parameters at twice the filters over those at once."""
    return exact(parameters(many) / parameters(few))


def work_grows(side: Side, few: int, many: int) -> Estimate:
    """The growth of the work of training over the growth of the parameters."""
    work = training_flops(many, 1) / training_flops(few, 1)
    return exact(work * parameters(few) / parameters(many))


def conv_dominate(side: Side) -> Estimate:
    """The largest share that the convolutions have in the parameters."""
    sizes = FILTERS["GPU"]
    shares = Series([share(filters, CONVOLUTIONAL) for filters in sizes], sizes)
    largest_share = exact(shares.max())
    return largest_share._replace(note=f"at {shares.idxmax()} filters")


def conv_share_grows(side: Side) -> Estimate:
    """The share of the convolutions at 256 filters over that at 8."""
    return exact(share(256, CONVOLUTIONAL) / share(8, CONVOLUTIONAL))


def memory(side: Side) -> Named:
    """GiB of one pass over all training images; beside it, from which size on it is too much."""
    return {
        "whole_set": largest(side, "whole_set_bytes"),
        "passing_filters": exact(CARD_GIB * GIB / first_output(1)),
    }


def batches_solve_it(side: Side) -> Named:
    """GiB of a pass in batches, and the share of passes that give the same answers."""
    rows = side.evidence.memory.dropna(subset="predictions_equal")
    same = rows["predictions_equal"].astype(float).mean()
    return {
        "in_batches": largest(side, "batched_bytes"),
        "same_answers": exact(same, n=len(rows)),
    }


def largest(side: Side, column: str) -> Estimate:
    """The most GiB in a column of the memory frame, at no more than 32 filters."""
    rows = side.evidence.memory
    rows = rows[rows["filters"] <= KNEE_FILTERS].dropna(subset=column)
    if rows.empty:
        return MISSING
    side.look(rows)
    most = rows.sort_values(column).iloc[-1]
    estimate = exact(most[column] / GIB, n=rows["filters"].nunique())
    return estimate._replace(note=f"at {most['filters']} filters")
