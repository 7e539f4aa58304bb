"""The time left: near the truth from the second run on, on any ordinary machine."""

import pytest

from lenet.network import layers
from lenet.plan import studies
from pipeline.door import estimate

CORES = 2
IMAGES = 50_000


@pytest.fixture(scope="module")
def runs():
    """The planned runs in the order in which the Snakefile makes them."""

    def order(run):
        timing_round = run.settings.get("round", 0)
        seconds = estimate.guess(run, IMAGES, 1)
        return run.draft, run.alone, -timing_round, seconds

    return sorted(studies.plan(), key=order, reverse=True)


def share(run):
    return 1 if run.alone else CORES


def true_seconds(run, start, image, flop, contention):
    """Seconds of the machine on one whose start, image and FLOP cost so many seconds."""
    settings = {**estimate.USUAL, **run.settings}
    flops = layers.training_flops(settings["filters"], 1)
    trained = estimate.images_trained(run, IMAGES)
    work = trained * (image + flop * flops)
    if not run.alone:
        work *= CORES * contention
    return (start + work) / share(run)


def test_a_run_of_days_is_stopped_after_many_times_its_guess_alone():
    settings = {"epochs": 1000, "seeds": 100}
    days = studies.Run("a", "x=1", "lr_study", settings)
    guess = estimate.guess(days, IMAGES, 1)
    assert guess > 24 * 3600
    assert estimate.limit_seconds(days) == 20 * guess


# Seconds of a start, of an image beside its FLOPs, of a FLOP; what sharing the cores costs.
MACHINES = {
    "Zen 5 with AVX-512": (7, 8e-6, 2.6e-12, 1),
    "Zen 3 with AVX2": (17, 25e-6, 12e-12, 1.1),
    "a slow laptop": (31, 60e-6, 30e-12, 1.3),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_within_a_third_from_the_second_run_on(machine, runs):
    costs = MACHINES[machine]
    truth = {run.name: true_seconds(run, *costs) for run in runs}
    guesses = {run.name: estimate.guess(run, IMAGES, share(run)) for run in runs}
    really_left = sum(truth.values())
    taken = {}
    for count, run in enumerate(runs, 1):
        taken[run.name] = truth[run.name]
        really_left -= truth[run.name]
        if count >= 2 and really_left > 60:
            left = estimate.seconds_left(guesses, taken, {})
            ratio = (left - estimate.RENDER_SECONDS) / really_left
            assert 2 / 3 < ratio < 4 / 3, (count, run.name)


def test_what_a_running_run_has_done_is_not_left():
    guesses = {"a": 10.0, "b": 20.0}
    taken = {"a": 10.0}
    before = estimate.seconds_left(guesses, taken, {})
    within = estimate.seconds_left(guesses, taken, {"b": 15.0})
    assert within == pytest.approx(before - 15)
    beyond = estimate.seconds_left(guesses, taken, {"b": 500.0})
    assert beyond == estimate.RENDER_SECONDS


def test_a_notebook_of_ones_own_without_usual_parameters_is_guessed_too():
    run = studies.Run("mine", "x=1", "mine", {"x": 1})
    assert estimate.guess(run, IMAGES, 1) == estimate.START_SECONDS


def test_more_epochs_filters_and_steps_take_longer():
    def seconds(notebook, **settings):
        run = studies.Run("a", "b", notebook, settings)
        return estimate.guess(run, IMAGES, 1)

    assert seconds("train", epochs=2) > seconds("train", epochs=1)
    assert seconds("train", epochs=1, filters=32) > seconds("train", epochs=1, filters=16)
    assert seconds("divergence", steps=80, seeds=2) > seconds("divergence", steps=40, seeds=2)
    assert seconds("benchmark", epochs=1, device="GPU") < seconds("benchmark", epochs=1)
