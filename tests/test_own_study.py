"""docs/your-own-study.md, performed word for word in a copy of the project."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from tests import copied_tree
from tests.copied_tree import ROOT

DOCUMENT = ROOT / "docs" / "your-own-study.md"
OTHER_WAY = "## Without 2017"
MORE = ("Makefile", "docs", "peers", "tests", "pyproject.toml")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
OURS = {"rate_times_epochs", "knee", "diverged_wide"}
# No environment of the copy's own is made.
MAKE = f'make() {{ command make --silent PY={sys.executable} STAMP=Makefile "$@"; }}\n'


def steps(text):
    """Each block of a text: its language, its content, and the words before it."""
    found = []
    for block in BLOCK.finditer(text):
        words = text[: block.start()].rstrip().rpartition("\n\n")[2]
        found.append((block[1], block[2], " ".join(words.split())))
    return found


def perform(tree, language, content, words):
    """Run a block's commands, or put it where the words before it say."""
    above = re.search(r"cell of (?:text|code) above `([^`]+)`:$", words)
    end = re.search(r"at the end of `([^`]+)`", words, re.IGNORECASE)
    if language == "sh":
        tree.said += shell(tree, content)
    elif above:
        insert(tree, language, content, above[1])
    elif end:
        path = tree.root / end[1]
        path.write_text(path.read_text() + content)
    else:
        path = tree.root / re.findall(r"`([^`]+)`", words)[-1]
        path.write_text(content)


def insert(tree, language, content, heading):
    """Put a cell above the one of the report that begins with a heading."""
    book = nbformat.read(tree.notebook("report"), 4)
    [place] = [i for i, cell in enumerate(book.cells) if cell.source.startswith(heading)]
    new = nbformat.v4.new_code_cell if language == "python" else nbformat.v4.new_markdown_cell
    book.cells.insert(place, new(content.strip()))
    nbformat.write(book, tree.notebook("report"))


def shell(tree, commands):
    """Run commands in the copy, where make and papermill are those of the tests; what they said.

    Of the tests only those are run that `tree.tests` names: the others are run here.
    """
    commands = commands.replace("make test\n", f"make test ARGS='{tree.tests}'\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", MAKE + commands],
        cwd=tree.root,
        env={**copied_tree.surroundings(tree.root), "PATH": path},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=copied_tree.SECONDS,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy in which the first part of the document is performed; 2017 has one short study."""
    without_preview = {**copied_tree.study("lr_study"), "preview": {"points": []}}
    tree = copied_tree.copied(tmp_path_factory.mktemp("own"), {"lr_study": without_preview})
    ignored = shutil.ignore_patterns("__pycache__", ".venv", "reports")
    for part in MORE:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, tree.root / part, ignore=ignored)
        else:
            shutil.copy2(ROOT / part, tree.root / part)
    tree.said = ""
    tree.tests = "tests/verdicts/test_batch.py tests/report/test_prose.py"
    for step in steps(DOCUMENT.read_text("utf-8").partition(OTHER_WAY)[0]):
        perform(tree, *step)
    return tree


def results(tree):
    return json.loads((tree.reports / "results.json").read_text("utf-8"))


def cells(tree):
    """The filled text of the report."""
    return "\n".join(cell.source for cell in nbformat.read(tree.reports / "report.ipynb", 4).cells)


def test_the_study_has_its_runs_section_chart_and_verdict(tree):
    found = results(tree)
    assert set(found["origin"]["runs"]) == {"batch/batch_size=32", "batch/batch_size=128"}
    measured = found["tests"]["smaller_batch"]
    assert measured["runs"] == ["batch/batch_size=128", "batch/batch_size=32"]
    [ratio] = measured["numbers"]["ours"]
    assert (ratio["n"], measured["numbers"]["2017"]) == (3, [])
    assert f"**Verdict.** Our runs: {measured['verdict']}." in cells(tree)
    page = (tree.reports / "report.html").read_text()
    assert 'id="fig-batch"' in page
    # A section draws it, so the appendix does not.
    assert 'id="fig-study-batch"' not in page
    assert "Other studies" not in page


def test_the_single_point_stands_apart(tree):
    found = results(tree)
    [name] = found["extra"]
    assert (name, found["extra"][name]["left_out"]) == ("own/lr_study/lr=0.02,seeds=3", "")
    told = {key: value for key, value in found.items() if key != "extra"}
    assert "own/" not in json.dumps(told["tests"])
    assert "own/" not in json.dumps(told["numbers"])
    assert name not in told["origin"]["runs"]
    page = (tree.reports / "report.html").read_text()
    assert 'id="fig-own-lr_study"' in page
    assert 'id="tbl-own-runs"' in page


@pytest.fixture(scope="module")
def empty(tree):
    """The same copy, in which the second part is performed as well."""
    definitions = yaml.safe_load((ROOT / "lenet/verdicts/conclusions.yaml").read_text("utf-8"))
    others = sorted(definitions["ours"].keys() - OURS)
    if others:
        pytest.skip(f"the second part would take away tests of your own: {', '.join(others)}")
    tree.said = ""
    tree.tests = "lenet/verdicts tests/verdicts tests/plan/test_studies.py tests/report"
    for step in steps(DOCUMENT.read_text("utf-8").partition(OTHER_WAY)[2]):
        perform(tree, *step)
    return tree


def test_without_2017_a_report_of_one_study_is_left(empty):
    found = results(empty)
    assert found["conclusions"] == []
    assert list(found["tests"]) == ["smaller_batch"]
    assert {run.partition("/")[0] for run in found["origin"]["runs"]} == {"batch"}
    page = (empty.reports / "report.html").read_text()
    assert 'id="fig-study-batch"' in page
    assert " passed" in empty.said
    assert not re.search("[0-9] (failed|error)", empty.said)
    named = subprocess.run(
        ["grep", "-rl", "--include=*.py", "hand_in_2017", "lenet", "pipeline"], cwd=empty.root
    )
    assert named.returncode == 1
