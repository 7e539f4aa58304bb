"""A small report notebook, run for real: tests load this file by its path, for tests/ is no package."""

import asyncio
import warnings
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

SETUP = """
import numpy as np, pandas as pd
from lenet import curves, figures
from lenet.report import Report
report = Report({folder!r}, {preview}, {dataset!r}, label={label!r})
past = pd.read_csv({reference!r} + "/learning_rate_error.csv")
timed = pd.read_csv({reference!r} + "/filter_runtime.csv").rename(columns={{"runtime_s": "seconds"}})
spread = np.random.default_rng(0).normal(0, 0.05, (5, len(past)))
frames = [past.assign(lr=past.learning_rate, seed=100 + i, validation_error=past.validation_error * np.exp(noise))
          for i, noise in enumerate(spread)]
runs = pd.concat(frames)
timed = timed.assign(source="2017", parameters=9 * timed.filters**2, low=np.nan, high=np.nan)
"""
LABEL = "Preview on a few digits, not the study"
CELLS = [
    "# A toy report\n\n## Rates\n\nSee @fig-curves, @tbl-rates. <script>alert(1)</script> <b onclick=alert(2)>x</b>",
    "code:report.say(f'The best is {report.number(\"best\", past.validation_error.min()):.2%}: @fig-runtime.')",
    "code:import sys; print('a warning of this machine', file=sys.stderr)",
    """code:report.show(
        'curves', curves.learning_curves(runs, past), 'Errors *by epoch*, n = 5.', 'Four "falling" lines'
    )""",
    "code:report.table('rates', past.head(3), 'The first rates.', {'validation_error': '{:.2%}'})",
    "## Filters\n\n### Runtime\n\nAlso $f^2$.\n\n```{=html}\n<script>alert(3)</script>\n```",
    "code:report.show('runtime', figures.runtime(timed), 'Runtime by filters.', 'Rising lines')",
]


def build(folder, preview=False):
    """Write and execute folder/report.ipynb, figures beside it; return its path."""
    reference = Path(__file__).parents[1] / "lenet" / "reference"
    dataset, label = ("digits", LABEL) if preview else ("mnist", "")
    setup = SETUP.format(folder=str(folder), preview=preview, dataset=dataset, label=label, reference=str(reference))
    cells = [new_code_cell(text[5:]) if text.startswith("code:") else new_markdown_cell(text) for text in CELLS]
    book = new_notebook(cells=[cells[0], new_code_cell(setup), *cells[1:]])
    book.metadata.language_info = {"name": "python"}
    with warnings.catch_warnings():
        # Of the notebook client and its kernel, not ours to mend.
        warnings.simplefilter("ignore")
        asyncio.run(NotebookClient(book, timeout=120, kernel_name="python3").async_execute())
    path = Path(folder, "report.ipynb")
    nbformat.write(book, path)
    return path
