"""What the tests on the time of training measure; each is the function of the test's name.

2017's times are those of ten epochs with their evaluations, ours those of an epoch of training.
`few` and `many` are two neighbouring numbers of filters.
"""

import math
from collections.abc import Sequence

import numpy as np
from statsmodels.regression.linear_model import OLS

from lenet.hand_in_2017 import FILTERS, KNEE_FILTERS, TIMED_EPOCHS
from lenet.network.layers import parameters
from lenet.verdicts.intervals import Estimate, Named, exact, geometric_mean, mean
from lenet.verdicts.sides import Side, epoch_flops, job_flops

CPU_SIZES = FILTERS["CPU"]
GPU_SIZES = FILTERS["GPU"]


def cpu_slower(side: Side, filters: int) -> Estimate:
    """Time of the CPU over that of the GPU, both of one host and one engine."""
    cpu = side.seconds("CPU", CPU_SIZES, beside="GPU")
    gpu = side.seconds("GPU", CPU_SIZES, beside="CPU")
    ratios = cpu[filters] / gpu[filters]
    return side.each(ratios.dropna(), geometric_mean)


def cpu_exponential(side: Side, few: int, many: int) -> Estimate:
    """The CPU's time at twice the filters over time at once."""
    return growth(side, "CPU", few, many)


def gpu_flat_to_32(side: Side, few: int, many: int) -> Estimate:
    """The GPU's time at twice the filters over time at once."""
    return growth(side, "GPU", few, many)


def gpu_climbs_after(side: Side, few: int, many: int) -> Estimate:
    """The same, from 32 filters on."""
    return growth(side, "GPU", few, many)


def growth(side: Side, device: str, few: int, many: int) -> Estimate:
    """A device's time at the larger size over that at the smaller."""
    seconds = side.seconds(device, [few, many])
    return side.each(seconds[many] / seconds[few], geometric_mean)


def doubles_with_parameters(side: Side, few: int, many: int) -> Estimate:
    """The slope of the CPU's log time on log parameters."""
    time = growth(side, "CPU", few, many)
    size = parameters(many) / parameters(few)
    return slope(time, size)


def gpu_full(side: Side, few: int, many: int) -> Named:
    """The slope of the GPU's log time on log work; beside it the gain in FLOP/s."""
    time = growth(side, "GPU", few, many)
    work = side.work(many) / side.work(few)
    return {
        "slope": slope(time, work),
        "gain": time.map(lambda factor: work / factor),
    }


def slope(time: Estimate, size: float) -> Estimate:
    """The slope of log time on log size, from the factors by which both grow."""
    return time.map(lambda factor: math.log(factor, size))


def sequential(side: Side) -> Named:
    """FLOP/s of the CPU at 64 filters over those at 8; beside it, how a line fits its times.

    The line is a fixed time plus the work at a fixed rate.
    """
    work = [side.work(filters) for filters in CPU_SIZES]
    growth_of_work = work[-1] / work[0]
    time = growth(side, "CPU", CPU_SIZES[0], CPU_SIZES[-1])
    misfits = []
    for seconds in side.seconds("CPU", CPU_SIZES).to_numpy():
        fit = line(work, seconds)
        misfits.append(abs(fit.resid).max())
    return {
        "rate": time.map(lambda factor: growth_of_work / factor),
        "misfit": side.each(misfits, mean),
    }


def knee(side: Side) -> Estimate:
    """The largest relative error at a size left out, of a line with a knee over one without."""
    times = side.seconds("GPU", GPU_SIZES)
    ratios = [knee_over_line(seconds) for seconds in times.to_numpy()]
    return side.each(ratios, geometric_mean)


def knee_over_line(seconds: np.ndarray) -> float:
    """The ratio for one round.

    With a knee, log time is a bent line in log filters; without, time is a line in the parameters.
    """
    logs = np.log(GPU_SIZES)
    after_knee = (logs - np.log(KNEE_FILTERS)).clip(0)
    columns = np.column_stack([np.ones(len(logs)), logs, after_knee])
    bent = OLS(np.log(seconds), columns).fit()
    sizes = [parameters(filters) for filters in GPU_SIZES]
    straight = line(sizes, seconds)
    with_knee = np.expm1(left_out(bent))
    without = left_out(straight)
    return abs(with_knee).max() / abs(without).max()


def line(x: Sequence[float], seconds: np.ndarray):
    """The fit of seconds = a + b x to relative errors."""
    columns = np.column_stack([1 / seconds, x / seconds])
    ones = np.ones(len(seconds))
    return OLS(ones, columns).fit()


def left_out(fit) -> np.ndarray:
    """By how much the fit to all other points exceeds each point."""
    influence = fit.get_influence()
    return -influence.resid_press


def figure2_is_training(side: Side, filters: int) -> Named:
    """The share of evaluation in the work of a job, and of all but training in its time."""
    work = TIMED_EPOCHS * epoch_flops(filters)
    found = {"work": exact(1 - work / job_flops(filters))}
    if filters in CPU_SIZES:
        epochs = side.seconds("CPU", [filters])
        jobs = side.seconds("CPU", [filters], what="wall_2017_seconds")
        training = TIMED_EPOCHS * epochs[filters] / jobs[filters]
        found["time"] = side.each(1 - training.dropna(), mean)
    return found
