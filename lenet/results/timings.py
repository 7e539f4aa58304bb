"""Timing runs: the study's own, and records that were made elsewhere with `make record`."""

import json
from pathlib import Path
from statistics import median

import pandas as pd
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from lenet.results.scraps import Finished, ScrapError
from lenet.timing.protocol import digest

SCHEMA = yaml.safe_load(Path(__file__).with_name("timing_record.yaml").read_text("utf-8"))
RECORDS = "records"  # takes the place of a study's name
SAMPLES = ("epoch_seconds", "training_evaluation_seconds", "validation_seconds")
COLUMNS = (
    "run study recorded place series engine device filters round tf32 parameters "
    "epoch_seconds training_evaluation_seconds validation_seconds evaluation_seconds "
    "wall_2017_seconds"
)


def records(folder: Path) -> list[Finished]:
    """The timing records in a folder, as finished runs called "records/<file>".

    Raises ScrapError, with the file's name, for one that is damaged, altered, of another kind, or
    not in the setting of 2017. Hidden files are left alone.
    """
    return [read(path) for path in sorted(folder.glob("[!.]*.json"))]


def read(path: Path) -> Finished:
    """One timing record as a finished run. Raises ScrapError, with its name."""
    name = f"{RECORDS}/{path.stem}"
    try:
        record = json.loads(path.read_bytes())
        fault = flaw(record)
    except Exception as error:  # whatever a file of that name may hold
        fault = f"damaged ({type(error).__name__})"
    if fault:
        raise ScrapError(f"{name}: {fault}; time it again, or remove {path.name}")
    return Finished(name, {"measured": record}, {})


def flaw(record: dict) -> str:
    """What is wrong with a timing record; "" where nothing is."""
    worst = best_match(Draft202012Validator(SCHEMA).iter_errors(record))
    if worst:
        return f"{worst.json_path}: {worst.message}"
    altered = record["sha256"] != digest(record)
    return "sha256: is not that of its content, which was altered" if altered else ""


def times(finished: list[Finished]) -> pd.DataFrame:
    """A row for each timing run.

    Columns:

    - run, study ("records" for a record), recorded (True for those)
    - place: host (processor, cores and GPU) and engine; no series has two of them
    - series: the runs that belong on one line; the device, for a record with a name of its host
    - the settings: engine, device, filters, round, tf32 and so on
    - epoch_seconds, training_evaluation_seconds, validation_seconds: medians of the run's samples
    - evaluation_seconds: of the evaluations after an epoch, as 2017 had them: the training images
      twice, the validation images once
    - wall_2017_seconds: of ten epochs with these evaluations, building included
    - parameters, flops_per_epoch, peak_gflops and every other value of the record
    """
    if not finished:
        return pd.DataFrame(columns=COLUMNS.split())
    table = pd.DataFrame([_row(run) for run in finished])
    places = table.groupby("series")["place"].transform("nunique")
    with_place = table["series"] + ", " + table["place"]
    return table.assign(series=table["series"].where(places == 1, with_place))


def _row(run: Finished) -> dict:
    """The row of one timing run."""
    measured = run.record["measured"]
    recorded = run.study == RECORDS
    seconds = {name: median(measured[name]) for name in SAMPLES}
    evaluations = 2 * seconds["training_evaluation_seconds"] + seconds["validation_seconds"]
    return {
        **measured,
        **seconds,
        "evaluation_seconds": evaluations,
        "run": run.name,
        "study": run.study,
        "recorded": recorded,
        "place": f"{host(measured['machine'])}, {measured['engine']}",
        "series": recorded_series(measured) if recorded else measured["device"],
    }


def host(machine: dict) -> str:
    """A machine in words.

    >>> host({"cpu": "A processor", "cores": 2, "gpu": None})
    'A processor, 2 cores'
    """
    parts = (machine["cpu"], f"{machine['cores']} cores", machine["gpu"])
    return ", ".join(filter(None, parts))


def recorded_series(measured: dict) -> str:
    """The device of a record, or TF32, and its host by the model of the GPU or processor.

    >>> machine = {"cpu": "A processor", "gpu": "NVIDIA H200, 550.1"}
    >>> recorded_series({"device": "CPU", "tf32": False, "machine": machine})
    'CPU H200'
    """
    device = "TF32" if measured["tf32"] else measured["device"]
    return f"{device} {card(measured['machine']) or measured['machine']['cpu']}"


def card(machine: dict) -> str:
    """The model of a machine's GPU without its maker and its driver; "" without a GPU.

    >>> card({"gpu": "NVIDIA H200, 550.1"})
    'H200'
    """
    model = (machine["gpu"] or "").partition(",")[0]
    return model.split()[-1] if model else ""
