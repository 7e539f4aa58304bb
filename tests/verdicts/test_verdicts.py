"""Each test on made-up evidence: inside its band, outside, across its edge, one run short."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lenet.network import layers
from lenet.results.tables import Evidence
from lenet.verdicts.bands import FAILS, HOLDS, NOT_MEASURED, UNDECIDED
from lenet.verdicts.definitions import TESTS
from tests.verdicts import made_up
from tests.verdicts.made_up import STEPS, curves, errors, learnt, measured, times, verdict

TIGHT = np.linspace(0.999, 1.001, 5)
PAIR = TIGHT[[0, -1]]
SWING = [0.4, 1.0, 2.5]  # the mean of its logarithms is 0
SLOPES = [0.4, 0.6, 0.8, 1, 1.2]


def spread(lr, epoch, x):
    """Each learning rate has x times the error of the next higher one."""
    return 0.01 * x ** STEPS[lr]


def early(lr, epoch, x):
    """x of the fall is done after the first epoch, all of it at epoch 15."""
    if epoch == 0:
        return 0.9
    if epoch < 15:
        return 0.9 - 0.89 * x
    return 0.01


def further(lr, epoch, x):
    """The error falls by x of itself from epoch 4 to 15."""
    if epoch < 4:
        return 0.2
    if epoch < 15:
        return 0.1
    return 0.1 * (1 - x)


def later(lr, epoch, x):
    """The error changes by x of itself after epoch 15."""
    return 0.1 * (1 + x) if epoch > 15 else 0.1


def reached(lr, epoch, x):
    """An error that passes 0.10 after the epochs x at 0.1 and 0.01, then after 12 and 28."""
    first = {0.1: x[0], 0.01: x[1], 0.001: 12, 0.0001: 28}[lr]
    return 0.05 if epoch >= first else 0.5


def farthest(lr, epoch, x):
    """At epoch 20 the error is x times that at other epochs, below the highest rate."""
    return 0.01 * x if epoch == 20 and lr < 0.1 else 0.01


def parabola(lr, epoch, x):
    line = 0.9 - 0.02 * epoch
    return line + x * (epoch - 8) ** 2


def bent(lr, epoch, x):
    """A straight fall with a bend across it, x times as much at the higher rates as at 0.0001."""
    share = 1 if lr == 0.0001 else x
    return parabola(lr, epoch, 0.0001 * share)


def slowing(lr, epoch, x):
    """From epoch 16 on the error is x times that of epoch 15."""
    if epoch > 15:
        return 0.6 * x
    return 0.9 - 0.02 * epoch


def next_best(lr, epoch, x):
    return {0.1: 0.03, 0.01: 0.03 + x}.get(lr, 0.5)


def stopped(lr, epoch, x):
    """The error after epochs 1 and 2 is x higher than later."""
    return 0.02 + x if epoch < 3 else 0.02


def traded(lr, epoch, x):
    return 0.03 + x if lr == 0.1 else 0.03


def jump(lr, epoch, x):
    """The error falls at once, and rises at epoch 8: by x at 0.3, by five images at 0.1."""
    if epoch == 2:
        return 1.02
    rise = x if lr == 0.3 else 0.0005
    return 0.02 + rise if epoch == 8 else 0.02


def overshoot(xs):
    """All networks at 1.0 failed, and carry the error of one digit for all images."""
    wild = curves(xs, lambda lr, epoch, x: 0.9009, rates=[1.0], last=5, study="overshoot")
    return learnt(curves(xs, jump, rates=[0.1, 0.3]), wild.assign(failed="one digit"))


def kneed(device, filters, x):
    """x: (weight of a knee in logarithms against a line in the parameters, a little noise)."""
    weight, noise = x
    line = 1 + layers.parameters(filters) / 1e5
    knee = filters**0.1 * max(1, filters / 32) ** 1.2
    seconds = line ** (1 - weight) * knee**weight
    return seconds * (1 + noise * math.cos(filters))


def by_device(device, filters, x):
    return x if device == "CPU" else 1


def doubling(device, filters, x):
    """Time at twice the filters is x times time at once."""
    return filters ** math.log2(x)


def faster(device, filters, x):
    """The rate at 64 filters is x times that at 8."""
    return made_up.work(filters) / x ** math.log(filters / 8, 8)


def diverged(words):
    return Evidence(probes=made_up.probes(words))


NAN = "not finite"
# name: what makes evidence of one x for each run, and the x that lie inside the band, outside, and
# across its edge (None where the measurement is exact).
CASES = {
    "ordering": (
        errors(spread),
        2 * TIGHT,
        0.5 * TIGHT,
        [0.5, 0.6, 1, 1.6, 2],
    ),
    "one_run_ranks": (
        errors(spread),
        2 * TIGHT,
        0.5 * TIGHT,
        [2, 2, 2, 2, 0.5],
    ),
    "early_drop": (
        errors(early),
        0.95 * TIGHT[:3],
        0.5 * TIGHT[:3],
        [0.8, 0.9, 0.99],
    ),
    "then_constant": (
        errors(further),
        0.05 * TIGHT[:3],
        0.4 * TIGHT[:3],
        [0.02, 0.1, 0.2],
    ),
    "constant_with_more_epochs": (
        errors(later, last=30),
        0.01 * TIGHT[:3],
        -0.4 * TIGHT[:3],
        [-0.2, 0, 0.2],
    ),
    "steepness_differs": (
        errors(reached, last=30),
        [(1, 4)] * 3,
        [(3, 3)] * 3,
        [(1, 1)] * 3,
    ),
    "limits_differ": (
        errors(spread, last=30),
        1.5 * TIGHT[:3],
        [1, 1, 1],
        [1, 1.1, 1.3],
    ),
    "rate_times_epochs": (
        errors(farthest, last=30),
        1.05 * TIGHT[:3],
        0.5 * TIGHT[:3],
        SWING,
    ),
    "linear_0001": (
        errors(parabola, [0.0001]),
        [0] * 6,
        [0.01] * 6,
        [0, 0.01, 0.01] * 2,
    ),
    "straighter_than_others": (
        errors(bent),
        5 * TIGHT,
        TIGHT,
        [0.5, 1, 2, 4, 8],
    ),
    "0001_goes_on": (
        errors(slowing, last=30),
        0.2 * TIGHT[:3],
        0.9 * TIGHT[:3],
        [0.2, 0.5, 1.2],
    ),
    "best_of_four": (
        errors(next_best),
        0.01 * TIGHT[:3],
        -0.01 * TIGHT[:3],
        [-0.01, 0, 0.012],
    ),
    "two_epochs_enough": (
        errors(stopped),
        0.001 * TIGHT,
        0.01 * TIGHT,
        [0, 0.001, 0.003, 0.004, 0.006],
    ),
    "stop_beats_next_rate": (
        errors(traded),
        -0.01 * TIGHT,
        0.01 * TIGHT,
        [-0.02, -0.01, 0, 0.01, 0.02],
    ),
    "overshoot": (
        overshoot,
        0.02 * TIGHT,
        1e-5 * TIGHT,
        [1e-5, 1e-4, 5e-4, 0.005, 0.02],
    ),
    "memory": (
        lambda xs: made_up.memory(whole_set_bytes=xs),
        [1, 2, 4],
        [1, 2, 2.5],
        None,
    ),
    "batches_solve_it": (
        lambda xs: made_up.memory(batched_bytes=xs),
        [0.1, 0.1, 0.2],
        [0.1, 1, 2],
        None,
    ),
    "cpu_slower": (
        times(by_device),
        5 * PAIR,
        0.5 * PAIR,
        [0.4, 0.7, 1, 1.5, 2.5],
    ),
    "cpu_exponential": (
        times(doubling),
        2 * TIGHT,
        4 * TIGHT,
        [1, 1.5, 2, 3, 4],
    ),
    "doubles_with_parameters": (
        times(lambda device, filters, x: layers.parameters(filters) ** x),
        TIGHT,
        0.5 * TIGHT,
        SLOPES,
    ),
    "sequential": (
        times(faster),
        TIGHT,
        7 * TIGHT,
        [0.5, 1, 1.2, 2, 3],
    ),
    "gpu_flat_to_32": (
        times(doubling),
        1.2 * PAIR,
        2 * PAIR,
        [1, 1.2, 1.4, 1.7, 2],
    ),
    "gpu_climbs_after": (
        times(doubling),
        2 * PAIR,
        1.2 * PAIR,
        [1, 1.2, 1.4, 1.7, 2],
    ),
    "gpu_full": (
        times(lambda device, filters, x: made_up.work(filters) ** x),
        PAIR,
        0.5 * PAIR,
        SLOPES,
    ),
    "knee": (
        times(kneed),
        [(1, noise) for noise in 0.01 * PAIR],
        [(0, noise) for noise in 0.01 * PAIR],
        [(1, 0.01), (0, 0.01), (1, 0.011), (0, 0.011), (1, 0.012)],
    ),
    "diverged_wide": (
        diverged,
        [NAN] * 10,
        [""] * 10,
        [NAN] * 6 + [""] * 4,
    ),
}
ARITHMETIC = {
    "parameter_counts": FAILS,
    "conv_formula": HOLDS,
    "parameters_double": HOLDS,
    "work_grows": HOLDS,
    "conv_dominate": FAILS,
    "conv_share_grows": HOLDS,
    "figure2_is_training": FAILS,
}


def outcomes():
    for name, (build, inside, outside, across) in CASES.items():
        yield pytest.param(name, build, inside, HOLDS, id=f"{name}-inside")
        yield pytest.param(name, build, outside, FAILS, id=f"{name}-outside")
        yield pytest.param(name, build, list(inside)[:-1], NOT_MEASURED, id=f"{name}-one-short")
        if across is not None:
            yield pytest.param(name, build, across, UNDECIDED, id=f"{name}-across")


@pytest.mark.parametrize(("name", "build", "xs", "expected"), list(outcomes()))
def test_verdict(name, build, xs, expected):
    evidence = build(list(xs))
    found = measured(name, evidence)
    assert verdict(name, evidence) == expected, found
    assert expected == NOT_MEASURED or any(one.runs for one in found.values())


def test_every_test_has_a_case_with_the_fewest_runs():
    here = CASES.keys() | ARITHMETIC.keys() | {"disjoint"}
    files = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    for name in TESTS.keys() - here:  # one of a person's own has a file of its own
        assert any(f'"{name}"' in text for text in files), name
    for name, case in CASES.items():
        assert len(list(case[1])) == TESTS[name].fewest


MEAN_OF_X = [
    "ordering",
    "early_drop",
    "then_constant",
    "constant_with_more_epochs",
    "limits_differ",
    "rate_times_epochs",
    "straighter_than_others",
    "best_of_four",
    "two_epochs_enough",
    "stop_beats_next_rate",
    "cpu_slower",
    "cpu_exponential",
    "doubles_with_parameters",
    "sequential",
    "gpu_flat_to_32",
    "gpu_climbs_after",
    "gpu_full",
]


@pytest.mark.parametrize("name", MEAN_OF_X)
def test_a_value_is_what_the_evidence_was_made_with(name):
    build, inside, *_ = CASES[name]
    found = measured(name, build(list(inside)))
    values = [one.estimate.value for one in found.values() if one.band]
    assert values == pytest.approx([np.mean(inside)] * len(values), rel=1e-3)


@pytest.mark.parametrize(("name", "expected"), list(ARITHMETIC.items()))
def test_arithmetic_needs_no_run(name, expected):
    assert verdict(name, Evidence()) == expected
    decisive = [one for one in measured(name, Evidence()).values() if one.estimate.n is None]
    assert decisive
    assert not any(one.runs for one in decisive)


@pytest.mark.parametrize(("count", "expected"), [(0, HOLDS), (1, FAILS), (None, NOT_MEASURED)])
def test_disjoint(count, expected):
    images = {**made_up.IMAGES, "duplicates": count}
    assert verdict("disjoint", Evidence(images=images)) == expected


def test_slowing_by_hand():
    # 0.28 in 14 epochs to 0.6 at epoch 15; then 0.05 in five epochs, from 0.2 to 0.15.
    def falling(lr, epoch, x):
        if epoch <= 15:
            return 0.9 - 0.02 * epoch
        if epoch <= 25:
            return 0.2
        return 0.15

    found = measured("0001_goes_on", errors(falling, last=30)([0] * 3))
    assert found["error"].estimate.value == pytest.approx(0.25)
    assert found["speed"].estimate.value == pytest.approx(0.5)


def test_a_kink_is_not_straight_however_small_its_deviation():
    def kinked(lr, epoch, x):
        early = min(epoch, 8)
        late = max(0, epoch - 8)
        return 0.9 - 0.02 * (early + 0.7 * late)

    found = measured("linear_0001", errors(kinked, [0.0001])([0] * 6))
    assert found["share"].estimate.value == 0
    assert found["mean_deviation"].estimate.value < 0.05


def test_a_failed_network_has_no_error():
    build, inside, *_ = CASES["ordering"]
    evidence = build(inside)
    curves = evidence.curves
    failed = (curves["lr"] == 0.1) & (curves["seed"] == 100)
    curves.loc[failed, "failed"] = "one digit"
    curves.loc[failed, "validation_error"] = 0.9009
    assert verdict("ordering", evidence) == NOT_MEASURED
    assert [one.estimate.n for one in measured("ordering", evidence).values()] == [5, 5, 4]


@pytest.mark.parametrize(("failed", "expected"), [(5, HOLDS), (4, HOLDS), (3, UNDECIDED)])
def test_overshoot_counts_words_and_not_errors(failed, expected):
    evidence = overshoot(0.02 * TIGHT)
    curves = evidence.curves
    alive = (curves["lr"] == 1.0) & (curves["seed"] >= 100 + failed)
    # They still have the error of one digit for all images.
    curves.loc[alive, "failed"] = ""
    assert verdict("overshoot", evidence) == expected
    shown = measured("overshoot", evidence)["failed_at_1"]
    assert shown.estimate.value == failed / 5
    assert shown.estimate.n == 5
    assert shown.band == ""


def test_the_smallest_rise_is_one_image_of_as_many_as_there_are():
    evidence = overshoot([0.02] * 5)
    calm = evidence.curves["validation_error"].where(evidence.curves["lr"] != 0.1, 0.02)
    evidence = evidence._replace(
        curves=evidence.curves.assign(validation_error=calm),
        images={**made_up.IMAGES, "validation": 300},
    )
    rise = measured("overshoot", evidence)["rise"].estimate
    assert rise.value == pytest.approx(0.02 / (1 / 300))


def test_failures_of_both_signs_count_and_are_told():
    words = [NAN] * 6 + ["one digit"] * 3 + [""]
    found = measured("diverged_wide", diverged(words))
    decisive = found["normal_linear"]
    assert (decisive.estimate.value, decisive.band) == (0.9, "normal_linear")
    assert decisive.estimate.note == "6 not finite, 3 one digit"
    assert found["scaled_relu"].estimate.n == 0


def test_only_networks_like_2017s_decide_on_divergence():
    others = made_up.probes([""] * 10, init="scaled")
    wider = made_up.probes([""] * 10, filters=256)
    both = Evidence(probes=pd.concat([made_up.probes([NAN] * 10), others, wider]))
    assert verdict("diverged_wide", both) == HOLDS
    assert measured("diverged_wide", both)["scaled_linear"].estimate.value == 0


def test_batches_must_leave_predictions_equal():
    evidence = made_up.memory(batched_bytes=[0.1, 0.1, 0.2])
    evidence.memory["predictions_equal"] = [True, False, True]
    assert verdict("batches_solve_it", evidence) == FAILS


@pytest.mark.parametrize(("gib", "expected"), [([4, 5, 9], HOLDS), ([4, 5, None], NOT_MEASURED)])
def test_memory_that_could_not_be_measured_is_missing(gib, expected):
    evidence = made_up.memory(batched_bytes=[1, 1, 1])
    evidence.memory["whole_set_bytes"] = [each and each * made_up.GIB for each in gib]
    assert verdict("memory", evidence) == expected


def test_memory_says_at_how_many_filters():
    found = measured("memory", made_up.memory(whole_set_bytes=[1, 4, 2]))
    assert found["whole_set"].estimate.note == "at 16 filters"


def test_time_that_is_not_training():
    evidence = times(lambda device, filters, x: x)(list(TIGHT))
    found = measured("figure2_is_training", evidence)
    shares = [one.estimate.value for name, one in found.items() if name.endswith("time")]
    assert shares == pytest.approx([0.6] * 4)


def test_images_widen_the_interval_over_seeds():
    found = measured("best_of_four", CASES["best_of_four"][0]([0.01, 0.011, 0.012]))
    variances = {}
    for name, one in found.items():
        half = one.estimate.high - one.estimate.value
        variances[name] = (half / 4.302653) ** 2  # t of 2 degrees of freedom, at 95 %
    extra = variances["on_other_images"] - variances["difference"]
    # In most networks 110 of 10,000 images are wrong at one learning rate only.
    assert extra == pytest.approx(0.011 * 0.989 / 1e4, rel=0.1)
    assert found["on_other_images"].estimate.note == "images of 3 networks"


def test_the_next_best_is_told_and_unknown_where_a_rate_is_missing():
    build, inside, *_ = CASES["best_of_four"]
    evidence = build(inside)
    assert measured("best_of_four", evidence)["difference"].estimate.note == "next best is 0.01"
    without = evidence._replace(curves=evidence.curves[evidence.curves["lr"] != 0.001])
    assert verdict("best_of_four", without) == NOT_MEASURED


def test_the_first_epoch_that_is_enough():
    def falling(lr, epoch, x):
        return 0.02 + x + (0.01 if epoch < 7 else 0)

    found = measured("two_epochs_enough", errors(falling)(0.001 * TIGHT))
    assert found["first_enough"].estimate.value == 7


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_the_cpu_is_compared_on_one_host(ratio):
    """A fast GPU elsewhere does not make this machine's CPU slower."""

    def seconds(device, filters, x):
        return ratio * x if device == "CPU" else x

    here = times(seconds)(TIGHT).times
    there = here[here["device"] == "GPU"]
    there = there.assign(epoch_seconds=0.01, study="records", place="Another, jax")
    there["run"] = "records/" + there["run"]
    found = measured("cpu_slower", Evidence(times=pd.concat([here, there])))
    assert len(found) == 4
    for one in found.values():
        assert one.estimate.value == pytest.approx(ratio)
        assert one.estimate.note == "A processor, tensorflow"
        assert not any(run.startswith("records") for run in one.runs)


def test_the_gpu_is_one_host_and_engine_and_the_cpu_our_own():
    records = times(doubling)([2, 2, 2, 2, 2.1, 1.9]).times
    run = "records/" + records["run"]
    records = records.assign(study="records", run=run, place="Elsewhere, jax")
    own = times(doubling, devices=["CPU"])([4, 4, 4, 4, 4.1]).times
    both = Evidence(times=pd.concat([own, records]))
    assert verdict("gpu_climbs_after", both) == HOLDS
    assert measured("gpu_climbs_after", both)["32 to 64"].estimate.note == "Elsewhere, jax"
    assert verdict("cpu_exponential", both) == FAILS
    assert measured("cpu_exponential", both)["8 to 16"].estimate.note == "A processor, tensorflow"


def test_times_of_lower_precision_are_left_out():
    evidence = times(doubling)([2, 2, 2, 2, 2.1])
    evidence = evidence._replace(times=evidence.times.assign(tf32=True))
    assert verdict("gpu_climbs_after", evidence) == NOT_MEASURED
