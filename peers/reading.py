"""The records that `make peers` left, read or refused by name."""

import json
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from peers import records
from peers.tables import Record, machine

SHAPE = yaml.safe_load(Path(__file__).with_name("record.yaml").read_text("utf-8"))


def read(path: Path) -> Record:
    """The record in a file. Raises ValueError that names the file and what is wrong with it."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: not readable as a record of peers ({error!r})") from error
    worst = best_match(Draft202012Validator(SHAPE).iter_errors(record))
    if worst:
        raise ValueError(f"{path}: {worst.json_path}: {worst.message}")
    name = records.file_name(record["device"], record["kernels"]["processor_class"])
    if path.name != name:
        raise ValueError(f"{path}: must be named {name}, by its device and processor")
    return record


def found(folder: Path = records.FOLDER) -> dict[str, Record]:
    """All records in a folder, by the machine that each names; raises what `read` raises."""
    every = [read(path) for path in sorted(folder.glob("[!.]*.json"))]
    return {machine(record): record for record in every}
