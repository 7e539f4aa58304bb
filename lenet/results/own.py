"""Runs of a person's own, made with `make run`: read apart from those that params/ declares."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from lenet.plan import sources
from lenet.plan.own import OWN
from lenet.plan.studies import point_name
from lenet.results import scraps
from lenet.results.scraps import Finished, ScrapError


class Own(NamedTuple):
    """Those that are whole, and of each of the others, by name, why it is left out."""

    finished: list[Finished]
    left_out: dict[str, str]


def files(folder: Path) -> dict[str, Path]:
    """The executed notebooks by their names, "own/<study>/<point>", in the folder of all runs."""
    paths = sorted((folder / OWN).glob("*/[!.]*.ipynb"))
    return {str(path.relative_to(folder).with_suffix("")): path for path in paths}


def digests(folder: Path) -> dict[str, str]:
    """The first 12 digits of SHA-256 over each file, so that a change shows."""
    found = {}
    for name, path in files(folder).items():
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return found


def read(folder: Path, data_sha256: str) -> Own:
    """All of them, of the same data as the declared runs; none that is at fault stops a report."""
    own = Own([], {})
    for name, path in files(folder).items():
        try:
            run = scraps.read(path)._replace(name=name)
            fault = flaw(run, path.stem, data_sha256)
        except ScrapError as error:
            fault = str(error.__cause__)
        except Exception as error:  # whatever a file of that name may hold
            fault = f"damaged ({type(error).__name__})"
        if fault:
            own.left_out[name] = fault
        else:
            own.finished.append(run)
    return own


def flaw(run: Finished, point: str, data_sha256: str) -> str:
    """Why a run is not shown; "" where it is of these sources, these data and this name."""
    known = run.record
    if known["sources"] != sources.digest(known["notebook"]):
        return "made by other sources"
    if known["data_sha256"] != data_sha256:
        return "made from other data"
    for column in ("seed", "epoch", "validation_error", "failed"):
        if "curves" in run.frames and column not in run.frames["curves"]:
            return f"damaged (its curves have no {column})"
    names = [setting.partition("=")[0] for setting in point.split(",")]
    true = point_name(known["parameters"], names)
    return "" if point == true else f"called {point}: its settings are {true}"


def told(folder: Path, own: Own) -> dict[str, dict]:
    """What results.json says of them: name -> digest of the file, left_out (why, or "")."""
    found = {}
    for name, digest in digests(folder).items():
        found[name] = {"digest": digest, "left_out": own.left_out.get(name, "")}
    return found
