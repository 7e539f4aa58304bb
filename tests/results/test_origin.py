"""Where numbers come from: told once, and without what names a person."""

import json

import numpy as np
import pytest

from lenet.plan import sources
from lenet.results import origin, scraps


def changed(run, **change):
    """The run with another record."""
    return run._replace(record={**run.record, **change})


def test_what_runs_agree_on_is_told_once(finished):
    found = origin.origin(finished)
    assert found["dataset"] == "mnist"
    assert found["commits"] == ["0123456789ab"]
    assert found["kinds_of_machine"] == [finished[0].record["kernels"]]
    assert list(found["runs"]) == [run.name for run in finished]
    assert found["missing"] == {}
    assert found["sources_changed"] == []
    assert found["report_sources"] == sources.report_digest()
    json.dumps(found, allow_nan=False)


def test_what_differs_is_told_too(finished):
    other = changed(
        finished[0],
        kernels={"onednn": False},
        commit="abc",
        sources="0" * 12,
        finished="2026-02-01T00:00:00+00:00",
    )
    found = origin.origin([other, *finished[1:]], {"train/seed=9": "missing"})
    assert found["commits"] == ["abc", "0123456789ab"]
    assert len(found["kinds_of_machine"]) == 2
    assert found["sources_changed"] == ["benchmark"]
    assert (found["first_finished"][:7], found["last_finished"][:7]) == ("2026-01", "2026-02")
    table = origin.surroundings(found).set_index("What")["Value"]
    assert table["Commit of the runs"] == "abc, 0123456789ab"
    assert table["Runs missing"] == "train/seed=9"
    assert table["Runs of notebooks changed since"] == "benchmark"
    assert table["Machine"] == "A processor, 2 cores, 8 GiB, Linux, Python 3.11"


def test_runs_of_two_data_sets_make_no_report(finished):
    other = changed(finished[0], data_sha256="1" * 64)
    with pytest.raises(scraps.ScrapError, match="of 2 data sets"):
        origin.origin([other, *finished[1:]])
    with pytest.raises(scraps.ScrapError, match="no run is finished"):
        origin.origin([])


def test_only_a_preview_or_a_draft_is_labelled(finished):
    found = origin.origin(finished, {"a/b": "missing"})
    assert origin.label(found, preview=False, draft=False) == ""
    both = origin.label(found, preview=True, draft=True)
    assert both.startswith("DRAFT from 12 of 13 runs; PREVIEW on 70,000 small images")


def test_a_clock_alone_changes_no_digest(finished):
    run = next(run for run in finished if run.name == "train/seed=103")
    slower = run.frames["curves"].assign(seconds=9.0)
    assert origin.digest(with_curves(run, slower)) == origin.digest(run)
    one_bit = run.frames["curves"].copy()
    one_bit.loc[3, "train_loss"] = np.nextafter(one_bit.loc[3, "train_loss"], 1)
    assert origin.digest(with_curves(run, one_bit)) != origin.digest(run)


def with_curves(run, curves):
    """The run with other curves."""
    return run._replace(frames={**run.frames, "curves": curves})


def test_what_a_run_made_again_must_show_stands_in_the_origin(finished):
    runs = origin.origin(finished)["runs"]
    for run in finished:
        if run.study in ("benchmark", "rounds", "memory"):
            assert (runs[run.name]["digest"], runs[run.name]["errors"]) == ("", [])
        else:
            assert len(runs[run.name]["digest"]) == 64
    assert runs["overshoot/lr=1.0"]["errors"] == [None, None]
    curves = next(run for run in finished if run.name == "lr_study/lr=0.1,epochs=20").frames[
        "curves"
    ]
    assert runs["lr_study/lr=0.1,epochs=20"]["errors"] == [
        *curves.query("epoch == 20")["validation_error"]
    ]
    assert len(runs["divergence/filters=128"]["errors"]) == 8
