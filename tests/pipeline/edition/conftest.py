"""A finished report of made-up runs, in a folder like the project's that is committed."""

import base64
import io
import json
import shutil
import subprocess
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from lenet.plan import studies
from lenet.report import article
from pipeline.edition import readme
from tests import toy_runs

GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
FILES = {
    "lenet/a.py": "1\n",
    "README.md": f"# Title\n\n{readme.BEGIN}\n{readme.END}\n\nMore.\n",
    ".gitignore": "/reports/*\n!/reports/published/\n",
}
RENDERED = {
    "report.html": "<p>A page</p>",
    "report.pdf": "%PDF",
    "figures/front-errors.svg": "<svg>errors</svg>",
    "figures/front-runtime.svg": "<svg>runtime</svg>",
    "figures/another.svg": "<svg>another</svg>",
}


def results_of(folder: Path, runs) -> dict:
    """What results.json holds of made-up runs, which are written to a folder."""
    toy_runs.build(folder / "runs", runs)
    study = article.load(str(folder), preview=False, draft=True, gpu=True)
    report = article.begin(study, str(folder), preview=False, draft=True)
    found = {**report.results, "draft": False, "origin": study.origin}
    found["origin"]["report_commit"] = "0123456789ab"
    return json.loads(json.dumps(found))


def notebook() -> nbformat.NotebookNode:
    """An executed notebook with a figure, a text, HTML and a line that a library printed."""
    colours = np.random.default_rng(0).integers(0, 255, (90, 120, 4), np.uint8)
    file = io.BytesIO()
    Image.fromarray(colours).save(file, "PNG")
    figure = {
        "application/vnd.vegalite.v5+json": {"mark": "line"},
        "image/png": base64.b64encode(file.getvalue()).decode(),
        "text/markdown": "![Lines](figures/lines)",
    }
    outputs = [
        new_output("display_data", figure),
        new_output("display_data", {"text/markdown": "It fell.", "text/plain": "It fell."}),
        new_output("display_data", {"text/html": "<b>All</b>"}),
        new_output("stream", text="loading"),
    ]
    cells = [new_markdown_cell("# Title"), new_code_cell("show()", outputs=outputs)]
    return new_notebook(cells=cells)


def write(folder: Path, files: dict[str, str]):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def git(folder: Path, *words: str):
    subprocess.run([*GIT, *words], cwd=folder, check=True)


@pytest.fixture(scope="session")
def whole_study(tmp_path_factory):
    """What results.json holds of all planned runs."""
    return results_of(tmp_path_factory.mktemp("whole"), studies.plan())


@pytest.fixture(scope="session")
def committed(tmp_path_factory, whole_study):
    folder = tmp_path_factory.mktemp("committed")
    write(folder, FILES)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=first")
    write(folder / "reports", {**RENDERED, "results.json": json.dumps(whole_study)})
    nbformat.write(notebook(), folder / "reports" / "report.ipynb")
    return folder


@pytest.fixture
def project(committed, tmp_path, monkeypatch):
    """A copy of that folder, in which the test runs."""
    shutil.copytree(committed, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def change():
    """A function that sets a value in a file of JSON, by the keys that lead to it."""

    def change(path: Path, *keys, value):
        content = json.loads(path.read_text("utf-8"))
        place = content
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        path.write_text(json.dumps(content), encoding="utf-8")

    return change
