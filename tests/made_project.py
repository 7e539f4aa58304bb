"""A small project of a test's own: its notebooks, its studies, and nothing of the real one."""

import json
from pathlib import Path

import pytest
import yaml

from lenet.plan import parameters, sources, studies
from pipeline import run

DECLARED = """\
lr: float = 0.1  # learning rate
epochs: int = 3
seeds: int = 2
first_seed: int = 100
filters: int = 16
shuffle: bool = False
head: str = "linear"
dataset: str = "auto"
device: str = "CPU"
"""


class Project:
    """A folder with notebooks/ and params/, which the modules that plan and run take for theirs."""

    def __init__(self, root: Path):
        self.root = root
        for folder in ("notebooks", "params", "lenet/network", "lenet/hand_in_2017"):
            (root / folder).mkdir(parents=True)
        (root / "requirements.txt").write_text("numpy==2\n")

    def notebook(self, name: str, *code: str) -> Path:
        """Write a notebook of these cells of code; the first one declares its parameters."""
        cells = [code_cell(source) for source in code]
        cells[0]["metadata"]["tags"] = ["parameters"]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        book = {"cells": cells, "metadata": {"kernelspec": kernel}}
        path = self.root / "notebooks" / f"{name}.ipynb"
        path.write_text(json.dumps({**book, "nbformat": 4, "nbformat_minor": 5}))
        return path

    def study(self, name: str, keys) -> Path:
        """Write a study file, from its text or from its keys."""
        text = keys if isinstance(keys, str) else yaml.safe_dump(keys, sort_keys=False)
        path = self.root / "params" / f"{name}.yaml"
        path.write_text(text)
        return path


def code_cell(source: str) -> dict:
    kept = {"id": f"cell-{abs(hash(source)) % 10**6}", "metadata": {}, "execution_count": None}
    return {"cell_type": "code", "source": source, "outputs": [], **kept}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The modules' project is a new one, with one notebook called lr_study."""
    made = Project(tmp_path / "project")
    made.notebook("lr_study", DECLARED, "print(lr)")
    for module in (parameters, studies, sources, run):
        monkeypatch.setattr(module, "ROOT", made.root)
    return made
