"""A person's own runs: read where they are whole and of this tree, else left out by name."""

import json

import pytest

from lenet.plan.studies import Run
from lenet.results import own, scraps
from tests import toy_runs
from tests.results.conftest import SETTINGS

DATA = "0" * 64
NAME = "own/lr_study/lr=0.02,seeds=2"


@pytest.fixture
def folder(tmp_path):
    """The folder of all runs, with one of a person's own."""
    settings = {**SETTINGS["lr_study"], "lr": 0.02}
    toy_runs.build(tmp_path, [Run("own/lr_study", "lr=0.02,seeds=2", "lr_study", settings)])
    return tmp_path


@pytest.fixture
def path(folder):
    return folder / f"{NAME}.ipynb"


def test_a_whole_run_is_read_under_its_name(folder):
    found = own.read(folder, DATA)
    [run] = found.finished
    assert (run.name, found.left_out) == (NAME, {})
    assert len(run.frames["curves"]) == 2 * 16
    assert own.told(folder, found) == {NAME: {"digest": own.digests(folder)[NAME], "left_out": ""}}


def test_without_any_there_is_nothing_to_tell(tmp_path):
    assert own.read(tmp_path, DATA) == ([], {})
    assert own.told(tmp_path, own.Own([], {})) == {}


def changed(path, **values):
    """Set values of the record in an executed notebook."""
    book = json.loads(path.read_text())
    scrap = book["cells"][0]["outputs"][0]["data"][scraps.PLAIN]
    scrap["data"].update(values)
    path.write_text(json.dumps(book))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"sources": "1" * 12}, "made by other sources"),
        ({"data_sha256": "1" * 64}, "made from other data"),
        ({"parameters": {"lr": 0.03, "seeds": 2}}, "called lr=0.02,seeds=2: its settings are lr="),
        ({"parameters": {"lr": 0.02}}, "damaged (KeyError)"),
        ({"notebook": "gone"}, "damaged (FileNotFoundError)"),
        ({"schema": 1}, "damaged (it holds no record of schema 2)"),
    ],
)
def test_a_stale_run_is_left_out_by_name(folder, path, values, reason):
    changed(path, **values)
    found = own.read(folder, DATA)
    assert found.finished == []
    assert found.left_out[NAME].startswith(reason)
    assert own.told(folder, found)[NAME]["left_out"] == found.left_out[NAME]


@pytest.mark.parametrize("content", [b"", b"no notebook", b'{"cells": 3}', None])
def test_a_damaged_run_is_left_out_by_name(folder, path, content):
    path.write_bytes(content if content is not None else path.read_bytes()[:3000])
    assert own.read(folder, DATA).left_out[NAME].startswith("damaged (")


def test_curves_that_lack_a_column_are_damage(folder, path):
    run = scraps.read(path)
    frames = {**run.frames, "curves": run.frames["curves"].drop(columns="failed")}
    toy_runs.write(path, run.record, frames)
    assert own.read(folder, DATA).left_out == {NAME: "damaged (its curves have no failed)"}


def test_a_changed_file_has_another_digest(folder, path):
    before = own.digests(folder)
    changed(path, commit="fedcba987654")
    assert own.digests(folder).keys() == before.keys()
    assert own.digests(folder) != before


def test_hidden_files_and_models_are_no_runs(folder, path):
    path.with_name(".1-lr=0.5.ipynb").write_text("half a run")
    path.with_suffix(".keras").write_text("a model")
    assert list(own.digests(folder)) == [NAME]
