"""Time one network and write its record, without a notebook."""

import argparse
import ast
import json
import sys
from contextlib import suppress
from pathlib import Path

from lenet import files
from lenet.network import data
from lenet.plan import parameters
from lenet.timing import protocol
from lenet.timing.engine import TENSORFLOW, Engine, Settings
from pipeline import signals


def arguments() -> argparse.ArgumentParser:
    """The command line: the parameters of the benchmark notebook, and a place for the record."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.record", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the record there, not to the terminal")
    for name, each in parameters.parameters("benchmark").items():
        text = f"{each.rule} (default {each.default})"
        parser.add_argument(f"--{name}", type=value, default=each.default, help=text)
    return parser


def value(word: str) -> object:
    """A word of the command line as Python's value, for the rules of the parameters.

    >>> value("False"), value("0.1"), value("CPU")
    (False, 0.1, 'CPU')
    """
    with suppress(ValueError, SyntaxError):
        return ast.literal_eval(word)
    return word


def save(path: Path, settings: Settings, engine: Engine) -> None:
    """Write the record. Raises OSError before the timing where that cannot be."""
    if path.is_dir():
        raise IsADirectoryError(0, "is a folder")
    with files.whole(path) as part:
        part.touch()
        part.write_text(timed(settings, engine) + "\n")


def timed(settings: Settings, engine: Engine) -> str:
    """The record, as JSON."""
    return json.dumps(protocol.measure(settings, engine), indent=1)


def main(parser: argparse.ArgumentParser, engine: Engine) -> None:
    """Time what the command line says."""
    given = vars(parser.parse_args())
    path = given.pop("json")
    signals.listen()
    try:
        settings = parameters.checked("benchmark", given)
        if settings["dataset"] == "auto":
            found = data.decide()
            print(f"lenet: {found.name}: {found.reason}", file=sys.stderr)
            settings["dataset"] = found.name
        if path:
            save(path, settings, engine)
        else:
            print(timed(settings, engine))
    except OSError as error:
        raise SystemExit(f"lenet: json = {path}: {error.strerror}") from None
    except (RuntimeError, ValueError) as error:  # data, device or settings that cannot be had
        raise SystemExit(f"lenet: {error}") from None
    except signals.Stopped as error:
        raise SystemExit(f"lenet: stopped ({error})") from None


if __name__ == "__main__":
    main(arguments(), TENSORFLOW)
