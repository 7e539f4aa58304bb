"""The report as a text: no typed number, everything referred to, whole whatever runs there are."""

import ast
import json
import re
import runpy
from pathlib import Path

import jsonschema
import nbformat
import numpy as np
import pytest

from lenet import claims, data, params

ROOT = Path(__file__).parents[1]
TOY = runpy.run_path(str(Path(__file__).parent / "toy_runs.py"))
SCHEMA = json.loads((ROOT / "lenet/templates/results.schema.json").read_text())
BOOK = nbformat.read(ROOT / "notebooks/report.ipynb", as_version=4)
CODE = [cell.source for cell in BOOK.cells if cell.cell_type == "code"]
TEXT = [cell.source for cell in BOOK.cells if cell.cell_type == "markdown"]


def phrases(node, inside_format=False):
    """The texts of a tree of code that a reader may see: strings of more than a word, format strings left out."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value and not inside_format:
        yield node.value
    for name, child in ast.iter_fields(node):
        for each in child if isinstance(child, list) else [child]:
            if isinstance(each, ast.AST):
                yield from phrases(each, inside_format or name == "format_spec")


def calls(*functions):
    """Arguments of each call of these functions, in the order of the cells."""
    nodes = (node for source in CODE for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [node.args for node in nodes if isinstance(node.func, ast.Name) and node.func.id in functions]


def without_docstrings(tree):
    """The tree of a module without the texts that describe its parts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body[0].value = ast.Constant(None)
    return tree


SAID = [*TEXT, *(phrase for source in CODE for phrase in phrases(ast.parse(source)))]


def test_the_search_finds_a_typed_number():
    found = list(phrases(ast.parse('say(f"At {rate:.2f} it is 0.5 now")')))
    assert found == ["At ", " it is 0.5 now"]


def typed(texts):
    """Those with a digit outside the names 2017 and SHA-256 and the places of format strings."""
    return [text for text in texts if re.search(r"\d", re.sub(r"2017|SHA-256|{[^}]*}", "", text))]


def test_no_number_is_typed():
    assert typed(SAID) == []


@pytest.mark.parametrize(
    "module", ["figures", "plots", "curves", "pilot", "series", "tables", "wording", "report", "publish"]
)
def test_no_number_is_typed_into_titles_captions_and_sentences_of_the_modules(module):
    tree = without_docstrings(ast.parse((ROOT / f"lenet/{module}.py").read_text()))
    no_sentences = ("D.-E. Künstle, ", "digit != answer")  # a citation, a query
    assert typed(text for text in phrases(tree) if not text.startswith(no_sentences)) == []


def test_every_claim_is_told_once():
    told = [argument.value for arguments in calls("verdict") for argument in arguments]
    assert sorted(told) == sorted(claims.CLAIMS)


@pytest.mark.parametrize(("kind", "functions"), [("fig", ("show", "picture")), ("tbl", ("table",))])
def test_every_figure_and_table_is_referred_to(kind, functions):
    names = {arguments[0].value for arguments in calls(*functions) if isinstance(arguments[0], ast.Constant)}
    references = {name.rstrip("-") for text in SAID for name in re.findall(f"@{kind}-([a-z-]+)", text)}
    assert len(names) > 4
    assert names == references


def test_cells_are_short():
    assert [source for source in CODE if len(source.splitlines()) > 12] == []


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Show nothing, and have images without a network: blank ones."""
    images = data.Images(np.zeros((10_000, 28, 28), np.uint8), np.zeros(10_000, int))
    monkeypatch.setattr("lenet.report.display", lambda *_, **__: None)
    monkeypatch.setattr("lenet.data.load", lambda name: data.Dataset(name, images, images, images, ""))


def rendered(folder, **settings):
    """Run the report's cells here, over the runs in `folder`; return what it says and results.json."""
    said, namespace = [], {}
    for source in CODE:
        exec(source, namespace)
        if "folder: str" in source:
            namespace |= {"folder": str(folder), **settings}
        if "report = Report(" in source:
            namespace["say"] = said.append
    references = set(re.findall(r"@((?:fig|tbl)-[a-z]+(?:-[a-z]+)*)", "\n".join([*TEXT, *said])))
    assert references <= namespace["report"]._names
    results = json.loads((folder / "results.json").read_text())
    jsonschema.validate(results, SCHEMA)
    return "\n".join(said), results


@pytest.mark.parametrize("preview", [False, True])
def test_a_report_without_results_is_still_a_report(tmp_path, preview):
    TOY["build"](tmp_path / "runs", params.plan(preview), "digits" if preview else "mnist", empty=True)
    said, results = rendered(tmp_path, preview=preview)
    assert "there are no finished runs for it" in said
    assert {claim["verdict"] for claim in results["claims"].values()} >= {"not measured here", "holds"}
    assert results["claims"]["then_constant"]["verdict_2017"] == "does not hold"


@pytest.mark.parametrize("missing", ["benchmark", "lr_study"])
def test_a_plan_may_lack_a_kind_of_run(tmp_path, monkeypatch, missing):
    runs = [run for run in params.plan(True) if run.notebook != missing]
    monkeypatch.setattr("lenet.params.plan", lambda *_: runs)
    TOY["build"](tmp_path / "runs", runs, "digits")
    said, _ = rendered(tmp_path, preview=True)
    assert "nan" not in re.findall(r"\w+", said)


def test_every_number_of_a_whole_report_names_its_runs(tmp_path):
    runs = params.plan()
    TOY["build"](tmp_path / "runs", runs)
    said, results = rendered(tmp_path)
    known = {run.name for run in runs}
    for name, entry in results["numbers"].items():
        assert entry["runs"], name
        assert all(run in known or run.startswith(("2017", "arithmetic")) for run in entry["runs"]), name
    for name, claim in results["claims"].items():
        assert set(claim["runs"]) <= known
        assert claim["paraphrase"] in said, name
    assert results["claims"]["best_of_four"]["verdict"] == "holds"
    assert "nan" not in re.findall(r"\w+", said)
    assert "no finished runs for it" not in said


def test_the_schema_refuses_a_claim_without_its_verdict():
    whole = {"schema": 1, "dataset": "mnist", "preview": False, "origin": {}, "numbers": {}, "measured": {}}
    claim = claims.verdicts(claims.Evidence(), claims.reference())["memory"].to_json()
    jsonschema.validate(whole | {"claims": {"memory": claim}}, SCHEMA)
    for spoilt in (claim | {"verdict": "true"}, {key: claim[key] for key in claim if key != "runs"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(whole | {"claims": {"memory": spoilt}}, SCHEMA)
