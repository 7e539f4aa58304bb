"""The files that make a notebook's numbers, as one digest, and the commit of the tree.

When a run is stale: see `results.scraps.fault`.
"""

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

from lenet.plan.parameters import ROOT, ParameterError

# The rooms that a notebook's numbers come from; of those not named here, the network alone.
ROOMS = {
    "benchmark": ("lenet/network", "lenet/timing"),
    "memory": ("lenet/network", "lenet/timing"),
    "report": ("lenet/results", "lenet/verdicts", "lenet/report", "pipeline/pages"),
}


def files(notebook: str) -> list[Path]:
    """The files that make a notebook's numbers."""
    found = [ROOT / "notebooks" / f"{notebook}.ipynb", ROOT / "requirements.txt"]
    pattern = "*" if notebook == "report" else "*.py"
    for room in ("lenet/hand_in_2017", *ROOMS.get(notebook, ["lenet/network"])):
        for path in sorted((ROOT / room).rglob(pattern)):
            name = str(path.relative_to(ROOT))
            if path.is_file() and not re.search(r"/(\.|__pycache__)", name):
                found.append(path)
    return found


def digest(notebook: str) -> str:
    """The first 12 digits of SHA-256 over these files; of the notebook its code cells alone."""
    sha256 = hashlib.sha256()
    for path in files(notebook):
        # A checkout on another platform may end its lines otherwise.
        content = path.read_bytes().replace(b"\r\n", b"\n")
        if path.suffix == ".ipynb":
            try:
                content = cells(content, notebook == "report")
            except Exception as error:  # whatever a file of that name may hold
                place = path.relative_to(ROOT)
                raise ParameterError(f"{place}: must be a notebook ({error})") from error
        sha256.update(hashlib.sha256(content).digest())
    return sha256.hexdigest()[:12]


def report_digest() -> str:
    """The same of the report; the prose of its notebook counts too."""
    return digest("report")


def cells(notebook: bytes, prose: bool = False) -> bytes:
    """What is written in a notebook's cells of code, or in all: no outputs, counts or metadata.

    >>> cells(b'{"cells": [{"cell_type": "code", "source": ["lr = 1 ", ""], "outputs": []}]}')
    b'["lr = 1"]'
    """
    found = []
    for cell in json.loads(notebook)["cells"]:
        source = "".join(cell["source"]).strip()
        if source and (prose or cell["cell_type"] == "code"):
            found.append(source)
    return json.dumps(found).encode()


def commit() -> str:
    """The commit of the project's folder, with "+" where files differ from it.

    "unknown (why)" where git does not tell it.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # An archive may have been unpacked inside some other repository: git looks no higher.
    environment.update(GIT_CEILING_DIRECTORIES=str(ROOT.parent), GIT_OPTIONAL_LOCKS="0", LC_ALL="C")
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"unknown (git cannot be asked: {type(error).__name__})"
    if told.returncode == 0:
        return told.stdout.strip()
    # In git's words, but a record names no folder.
    why = re.sub(r"/[^')]*", "...", told.stderr.partition("\n")[0])
    return f"unknown ({why})"
