"""A small report, made for real from a few cells; tests load this file by its path."""

import tempfile
import warnings
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from pipeline.pages.__main__ import render

PARAMETERS = """
folder: str = "reports"
preview: bool = False
draft: bool = False
gpu: bool = False
out: str = ""
"""
SETUP = """
import altair as alt
import pandas as pd
from lenet.plan.parameters import ROOT
from lenet.report.charts import style
from lenet.report.writer import Report

label = "DRAFT from a few digits: not the study" if preview or draft else ""
report = Report(ROOT / out, "digits", preview, draft, label)
places = [(lr, epoch) for lr in (0.1, 0.01, 0.001, 0.0001) for epoch in range(1, 16)]
past = pd.DataFrame(places, columns=["lr", "epoch"])
past["validation_error"] = (0.9 / (1 + 42 * past["lr"] * past["epoch"])).clip(lower=0.014)
past["name"] = "rate " + past["lr"].astype(str)
"""
NUMBERS = """
report.number("best", past["validation_error"].min(), 0.012, 0.0163, n=1, runs=["2017"])
report.number("seconds", 12.5, unit="s", measured=True)
report.word("verdict/toy", "holds in part")
"""
CURVES = """
x = alt.X("epoch:Q", title="Epoch", scale=style.LINEAR)
y = alt.Y("validation_error:Q", title="Validation error", scale=style.LOG, axis=style.PERCENT)
line = alt.Chart(past).mark_line(point=True)
line = line.encode(x, y, alt.Color("name:N", legend=None), tooltip=["name", "validation_error"])
words = alt.Chart(past[past["epoch"] == 15]).mark_text(align="left", dx=8)
chart = line + words.encode(x, y, text="name")
"""
SHOW = """
panels = style.panels("Errors fall", chart, room=180)
report.show("curves", panels, "Errors *by epoch*, n = {{best n}}.", 'Four "falling" lines')
"""
HALVES = """
for side in ("left", "right"):
    panel = style.panels(f"The {side} half", line.properties(height=180), room=70)
    report.show(side, panel, f"The {side} one.", f"Lines at the {side}", half=True)
"""
TABLES = """
report.table("rates", past.head(3), "The first rates.", {"validation_error": ".2%"})
report.table("none", past.head(0), "No runs.", studies=["shape"])
odd = pd.DataFrame({"name": ["<script>alert(5)</script>", "#import", "\\\\|", "*a* $x$ @fig-b"]})
report.table("odd", odd, "Odd names.")
"""
PAIR = """
below = style.panels("Two panels", line, line.encode(x=x.scale(style.LOG)), room=70)
report.show("pair", below, "Two.", "Lines, twice")
report.show("missing", None, "Missing.", "", studies=["benchmark", "rounds"])
"""
READER = """
edge = alt.binding_range(min=0.005, max=0.1, step=0.005, name="Edge ")
param = alt.param(name="edge", value=0.02, bind=edge)
words = "edge >= 0.015 ? 'holds' : 'does not hold'"
text = alt.Chart(past.head(1)).mark_text(fontSize=20).encode(text=alt.value(alt.expr(words)))
rule = alt.Chart(past.head(1)).mark_rule().transform_calculate(at="edge").encode(
    alt.X("at:Q", scale=alt.Scale(domain=[0, 0.1])))
choice = style.panels("Choose an edge", (rule + text).add_params(param), room=70)
report.show("reader", choice, "Move the edge.", "A line that moves, and a verdict")
"""
WRITE = """
origin = {"commits": ["abc"], "machines": [{"cpu": "A processor"}], "data_sha256": "0" * 64}
origin.update(last_finished="2026-05-01T12:00:00+00:00", report_commit="def")
report.write(origin)
"""
ARTICLE = """
from pipeline.pages.publish import article
article(report, ROOT / folder / "toy.ipynb")
"""
ABSTRACT = """# A toy report

The best rate ends at {{best interval:.1%}}: 2017's text {{verdict/toy}}.
See @fig-curves, @tbl-rates, @fig-missing and @tbl-none.
<script>alert(1)</script> <b onclick=alert(2)>x</b>
"""
FILTERS = """## Filters

### Runtime

It took {{seconds}} s. Also $f^2$.

- one
- two

```{=html}
<script>alert(3)</script>
```
"""
APPENDIX = "## Appendix\n\nSmall print.\n\n### Details\n\nMore."
CELLS = [ABSTRACT, SETUP, NUMBERS, CURVES, HALVES, "## Rates", SHOW, TABLES, FILTERS]
CELLS += [PAIR, READER, APPENDIX, WRITE, ARTICLE]


def notebook(path: Path, cells=CELLS) -> Path:
    """Write the notebook that was not executed yet."""
    book = new_notebook(cells=[new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})])
    for text in cells:
        new_cell = new_markdown_cell if text.startswith("#") else new_code_cell
        book.cells.append(new_cell(text))
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    book.metadata.language_info = {"name": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)
    return path


def build(folder: Path, cells=CELLS, dataset="digits", **settings: bool) -> None:
    """Make the report in a folder, as `python -m pipeline.pages` does."""
    settings = {"preview": False, "draft": False, "gpu": False, **settings}
    source = notebook(folder / "toy.ipynb", cells)
    (folder / "logs").mkdir(exist_ok=True)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as sockets:
        warnings.simplefilter("ignore")  # of the notebook client, not ours to mend
        render(source, folder, folder / "logs/report.log", settings, dataset, sockets)
