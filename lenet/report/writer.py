"""What the report says: numbers, words, figures and tables, to its reader and to files."""

import html
import json
import math
import re
import textwrap
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import vl_convert
from IPython import get_ipython
from IPython.display import display

from lenet import files
from lenet.report import fill, numbers
from lenet.report.charts import style

SCHEMA = 2
HALF_WIDTH = 300  # pixels of a chart that stands beside another


class Report:
    """Collects what a report says; figures and results.json go to `folder`.

    A preview or a draft needs a `label`, which then stands above every chart. `results` is what
    results.json holds, `said` the Markdown that each cell has shown, by its code, `drawn` the
    studies that its figures and tables name.
    """

    def __init__(
        self, folder: str | Path, dataset: str, preview=False, draft=False, label=""
    ) -> None:
        if (preview or draft) and not label:
            raise ValueError("label = '': a preview or a draft must say what it is")
        self.folder = Path(folder)
        self.label = label
        self.said: dict[str, str] = {}
        self.drawn: set[str] = set()
        self.results: dict[str, Any] = {
            "schema": SCHEMA,
            "dataset": dataset,
            "preview": preview,
            "draft": draft,
            "numbers": {},
            "measured": {},
            "words": {"label": label},
            "conclusions": [],
            "tests": {},
            "extra": {},
        }

    def number(
        self, name: str, value, low=None, high=None, n=None, unit="", runs=(), measured=False
    ) -> None:
        """Keep a number for placeholders and results.json.

        `value` is finite, or None where it was not measured. `low` and `high` are the ends of its
        interval; an end that is missing, NaN or infinite is None. `n` counts the samples, `runs`
        names them. `measured` says that the number comes from a clock.
        """
        if value is not None and not math.isfinite(value):
            raise ValueError(f"number {name}: value = {value}: must be finite, or None")
        entry = {
            "value": _finite(value),
            "low": _finite(low),
            "high": _finite(high),
            "n": None if n is None else int(n),
            "unit": unit,
            "runs": sorted(runs),
        }
        if low is not None and high is not None and low > high:
            raise ValueError(f"number {name}: low = {low}: must not lie above high = {high}")
        self._keep("measured" if measured else "numbers", name, entry)

    def word(self, name: str, text: str) -> None:
        """Keep a word or a sentence, as Markdown, for placeholders and results.json."""
        self._keep("words", name, text)

    def _keep(self, kind: str, name: str, entry: dict | str) -> None:
        if any(name in names for names in fill.known(self.results)):
            raise ValueError(f"name = {name!r}: must be new")
        self.results[kind][name] = entry

    def show(
        self, name: str, chart, caption: str, description: str, studies=(), half=False
    ) -> None:
        """Show a chart as figure `@fig-name`; write it to figures/ as a specification, SVG and PDF.

        `description` says in words what is seen, for a reader who cannot see it. Where `chart` is
        None, a sentence names the `studies` that have no finished runs. Neighbours that are `half`
        as wide as the text stand side by side.
        """
        identity, caption = self._begin("fig", name, caption, studies)
        if chart is None:
            return self._leave_out(identity, caption, studies)
        spec = _labelled(chart.to_dict(), self.label)
        target = self.folder / "figures" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        paper = style.static(spec, HALF_WIDTH if half else style.WIDTH)
        target.with_suffix(".vl.json").write_text(json.dumps(spec))
        target.with_suffix(".svg").write_text(vl_convert.vegalite_to_svg(paper), encoding="utf-8")
        target.with_suffix(".pdf").write_bytes(vl_convert.vegalite_to_pdf(paper))
        alt = html.escape(" ".join(description.split()))
        group = " .half" if half else ""
        text = f'![{caption}](figures/{name}){{#{identity}{group} alt="{alt}"}}'
        return self._display(text, *style.show(spec))

    def table(
        self, name: str, frame: pd.DataFrame, caption: str, formats: dict | None = None, studies=()
    ) -> None:
        """Show a frame as table `@tbl-name`; its cells are plain text, not Markdown.

        `formats` maps a column to a format such as ".1%". A frame without rows is replaced by a
        sentence that names the `studies` that have no finished runs.
        """
        identity, caption = self._begin("tbl", name, caption, studies)
        if frame.empty:
            return self._leave_out(identity, caption, studies)
        cells = frame.map(_cell)
        for column, form in (formats or {}).items():
            cells[column] = frame[column].map(_cell, form=form)
        numeric = frame.dtypes.map(pd.api.types.is_numeric_dtype)
        rows = cells.map(numbers.escaped).to_markdown(
            index=False,
            headers=[*map(numbers.escaped, cells)],
            colalign=numeric.map({True: "right", False: "left"}),
            disable_numparse=True,
        )
        return self._display(f"{rows}\n\n: {caption} {{#{identity}}}")

    def _begin(self, kind: str, name: str, caption: str, studies: Collection[str]):
        """The name of a figure or table in references, and its caption on one line."""
        self.drawn.update(studies)
        if not re.fullmatch("[a-z][a-z0-9_-]*", name):
            raise ValueError(f"name = {name!r}: must be of lower case letters, digits, - and _")
        return f"{kind}-{name}", " ".join(fill.filled(caption, self.results).split())

    def _leave_out(self, identity: str, caption: str, studies: Collection[str]) -> None:
        missing = " and ".join(studies) or "it"
        self._display(f"[*Left out: no finished runs of {missing}.* {caption}]{{#{identity}}}")

    def _display(self, markdown: str, shown: dict | None = None, options: dict | None = None):
        """Show Markdown on page and paper, and in the notebook what is `shown` in its place."""
        cell = running_cell()
        self.said[cell] = f"{self.said.get(cell, '')}\n\n{markdown}"
        bundle = {"text/markdown": markdown, "text/plain": markdown, **(shown or {})}
        display(bundle, metadata=options, raw=True)

    def write(self, origin: dict) -> None:
        """Write results.json, whole or not at all; ValueError where a number is not finite."""
        results = {**self.results, "origin": origin}
        text = json.dumps(results, allow_nan=False, ensure_ascii=False, indent=1, sort_keys=True)
        with files.whole(self.folder / "results.json") as part:
            part.write_text(text + "\n", encoding="utf-8")


def running_cell() -> str:
    """The code of the cell that is running; "" outside a notebook."""
    shell = get_ipython()
    return shell.user_ns["In"][-1].strip() if shell else ""


def _finite(value) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _labelled(spec: dict, label: str) -> dict:
    """A chart's specification with the label above its title."""
    title = spec.get("title", [])
    title = title if isinstance(title, dict) else {"text": title}
    lines = [*textwrap.wrap(label, style.LINE), *np.atleast_1d(title["text"])]
    return {**spec, "title": {**title, "text": lines}} if label else spec


def _cell(value, form: str = "") -> str:
    """A cell of a table as text, a missing one as a dash."""
    if pd.isna(value):
        return "–"
    return value if isinstance(value, str) else numbers.shown(float(value), form)
