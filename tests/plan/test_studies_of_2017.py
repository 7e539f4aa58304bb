"""What the project's own studies hold; a person's own in params/ are not looked at."""

from lenet import hand_in_2017
from lenet.plan.studies import plan


def test_the_projects_own_studies_hold_what_2017_did():
    full = plan(gpu=True)
    rates = [run.settings["lr"] for run in full if run.study == "lr_study"]
    assert set(rates) >= set(hand_in_2017.LEARNING_RATES)
    for device, filters in hand_in_2017.FILTERS.items():
        timed = [run for run in full if run.notebook == "benchmark"]
        found = {
            (run.settings["filters"], run.settings["round"])
            for run in timed
            if run.settings["device"] == device
        }
        assert found == {(count, number) for count in filters for number in range(1, 6)}
    draft = {run.settings["lr"] for run in full if run.draft and "benchmark" not in run.name}
    assert draft == set(hand_in_2017.LEARNING_RATES)


def test_no_two_runs_train_the_same_networks_alike():
    """A network that is trained twice for the same epochs would count twice."""
    trained = []
    for run in plan():
        if run.notebook in ("train", "lr_study"):
            kept = dict(run.settings)
            first = kept.pop("first_seed", kept.pop("seed", None))
            seeds = range(first, first + kept.pop("seeds", 1))
            del kept["epochs"]
            trained += [(seed, *sorted(kept.items())) for seed in seeds]
    assert len(trained) == len(set(trained))


def test_the_projects_own_preview_is_small():
    assert 11 <= len(plan(preview=True)) <= 14
    assert all(run.settings.get("epochs", 0) <= 15 for run in plan(preview=True))
