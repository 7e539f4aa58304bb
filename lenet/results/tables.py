"""Tidy frames of all finished runs: the evidence on which verdicts, charts and tables stand."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from lenet import hand_in_2017
from lenet.results import timings
from lenet.results.scraps import Finished

# The studies in the setting of 2017. A study is known by its name, never by settings that fit.
MAIN_STUDIES = ("lr_study", "more_seeds", "overshoot", "train")
TIMING_STUDIES = ("benchmark", "rounds", "benchmark_gpu")
SETTING = [*hand_in_2017.SETTING]
# The columns that a frame has even where there is no run for it.
COLUMNS = {
    "curves": "study run lr epochs filters batch_size shuffle head init seed epoch train_loss "
    "validation_error seconds failed failed_step",
    "right": "study run lr epochs filters batch_size shuffle head init seed epoch right",
    "probes": "study run lr filters init head seed failed failed_step error",
    "memory": "study run filters whole_set_bytes batched_bytes predictions_equal",
    "test": "study run seed validation_error test_error failed",
    "inventory": "study runs networks epochs failed core_minutes",
}


def empty(name: str) -> pd.DataFrame:
    """A frame of no rows, with its columns."""
    return pd.DataFrame(columns=COLUMNS[name].split())


def data_of(finished: list[Finished]) -> dict:
    """The runs' data set, its sizes, and how many validation images are training images."""
    found = {"dataset": "", "train": 0, "validation": 0, "test": 0, "duplicates": None}
    for run in finished:
        found.update(run.record["images"], dataset=run.record["dataset"])
        if "shared_images" in run.record:
            found["duplicates"] = run.record["shared_images"]
    return found


class Evidence(NamedTuple):
    """Frames of all finished runs; one without runs is empty and has its columns.

    Every frame has the columns study and run ("study/point"); its others are:

    - curves, a row for an epoch of a network, from 0, the untrained one: all parameters of the run,
      seed, epoch, train_loss, validation_error (fraction), seconds (training), failed ("", "not
      finite" or "one digit", in all rows of the network), failed_step
    - right, a row for a network that learnt: all parameters, seed, epoch (its last), right (which
      validation images it got right, as `network.evaluation.pack` writes them)
    - probes, a row for the first steps of a network of the study divergence: all parameters, init,
      head, seed, failed, failed_step, error
    - times, a row for a timing run: see `timings.times`
    - memory, a row for a run of the study memory: all parameters, whole_set_bytes (None where it
      was too much for the machine), batched_bytes, predictions_equal
    - test, a row for a network of the study train: all parameters, seed, validation_error,
      test_error, failed (both errors are missing where it failed)

    `images` has dataset, train, validation, test (how many) and duplicates (validation images that
    are training images too; None where no run counted them).
    """

    curves: pd.DataFrame = empty("curves")
    right: pd.DataFrame = empty("right")
    probes: pd.DataFrame = empty("probes")
    times: pd.DataFrame = timings.times([])
    memory: pd.DataFrame = empty("memory")
    test: pd.DataFrame = empty("test")
    images: dict = data_of([])


def evidence(finished: list[Finished], records: Iterable[Finished] = ()) -> Evidence:
    """The evidence of the study's own runs, and of timing records of other machines."""
    timed = [run for run in finished if run.study in TIMING_STUDIES]
    curves = joined(finished, "curves")
    return Evidence(
        curves=curves,
        right=joined(finished, "right").query("right != ''"),
        probes=joined(finished, "probes").query("study == 'divergence'"),
        times=timings.times([*timed, *records]),
        memory=joined(finished, "memory").query("study == 'memory'"),
        test=test_errors(finished, curves),
        images=data_of(finished),
    )


def joined(finished: list[Finished], name: str) -> pd.DataFrame:
    """All frames of a name, one below the other, each row with study, run and all parameters.

    Values of that name in a record make one row.
    """
    frames = []
    for run in finished:
        rows = run.frames.get(name)
        if name in run.record:
            rows = pd.DataFrame([run.record[name]])
        if rows is not None:
            origin = {"study": run.study, "run": run.name, **run.record["parameters"]}
            frames.append(rows.assign(**origin))
    return pd.concat(frames, ignore_index=True) if frames else empty(name)


def test_errors(finished: list[Finished], curves: pd.DataFrame) -> pd.DataFrame:
    """The last row of each curve of the study train, with the error on the test images."""
    errors = {run.name: run.record.get("test_error") for run in finished}
    ends = curves.query("study == 'train'").groupby("run", as_index=False).tail(1)
    return ends.assign(test_error=ends["run"].map(errors).astype(float))


def each_once(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the studies in 2017's setting, each network and epoch once.

    `frame` is `curves` or `right`. A network that several runs trained is taken from the longest of
    them. Where a person gave one of these studies another setting, only rows in the setting of the
    first study count, so that networks of different settings are never pooled.
    """
    rows = frame[frame["study"].isin(MAIN_STUDIES)]
    first = min(rows["study"], key=MAIN_STUDIES.index, default="")
    setting = rows.loc[rows["study"] == first, SETTING].head(1)
    rows = rows.merge(setting, on=SETTING).sort_values(["lr", "seed", "epoch", "epochs"])
    return rows.drop_duplicates(["lr", "seed", "epoch"], keep="last", ignore_index=True)


def inventory(finished: list[Finished]) -> pd.DataFrame:
    """What was computed, a row for each study.

    Columns: study, runs, networks, epochs (trained in all), failed (networks), core_minutes (of
    training; missing where a study does not count them). A timing or memory run has one network.
    """
    rows = []
    for run in finished:
        curves = run.frames.get("curves", empty("curves"))
        networks = run.frames.get("probes", curves[curves["epoch"] == 0])
        failed = networks["failed"] != ""
        measured = run.record.get("measured", {})
        row = {
            "study": run.study,
            "runs": 1,
            "networks": len(networks) or 1,
            "epochs": measured.get("epochs", curves["seconds"].count()),
            "failed": failed.sum(),
            "core_minutes": run.record.get("cpu_seconds", np.nan) / 60,
        }
        rows.append(row)
    table = pd.DataFrame(rows, columns=COLUMNS["inventory"].split())
    return table.groupby("study", sort=False).sum(min_count=1).reset_index()
