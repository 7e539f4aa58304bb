"""What the report notebook says: sentences, numbers, figures, tables, each told to the reader and to a file."""

import base64
import html
import json
import math
import re
from pathlib import Path

import pandas as pd
import vl_convert
from IPython.display import display

from lenet import files
from lenet.figures import static

SCHEMA = 1
WIDEST = 80  # characters of a table's cell before it wraps
BREAK = r"[^\S\u00a0]+"  # where a cell may break: at any space but one that says not to
LINE = 100  # characters across a table on paper


class Report:
    """Collects what a report says into `folder`.

    `dataset` is mnist or digits. A preview needs a `label`, which then stands above every chart.
    """

    def __init__(self, folder, preview, dataset, label=""):
        if preview and not label:
            raise ValueError("label: a preview must say what it is, got an empty text")
        self.folder, self.preview, self.dataset, self.label = Path(folder), preview, dataset, label
        self._names, self._numbers, self._measured = set(), {}, {}
        (self.folder / "figures").mkdir(parents=True, exist_ok=True)

    def say(self, text):
        """Show a paragraph of Markdown; `@fig-name` and `@tbl-name` in it refer to a figure or table."""
        display({"text/markdown": text, "text/plain": text}, raw=True)

    def number(self, name, value, low=None, high=None, n=None, unit="", runs=(), measured=False):
        """Keep a number for results.json and return it; `measured` says that it comes from a clock.

        `value` is finite or None, its interval `low` to `high` may also be NaN, where one sample gives none; `n`
        counts the samples, `runs` names them.
        """
        low, high = (None if end is not None and math.isnan(end) else end for end in (low, high))
        if name in self._numbers or name in self._measured:
            raise ValueError(f"number {name}: has a value already, and a name has one")
        given = {"value": value, "low": low, "high": high}
        entry = {key: None if item is None else float(item) for key, item in given.items()}
        for key, item in entry.items():
            if item is not None and not math.isfinite(item):
                raise ValueError(f"number {name}: {key} is {item}; it must be finite, or None where missing")
        if None not in (low, high) and low > high:
            raise ValueError(f"number {name}: low {low} lies above high {high}")
        entry |= {"n": None if n is None else int(n), "unit": unit, "runs": [str(run) for run in runs]}
        (self._measured if measured else self._numbers)[name] = entry
        return value

    def show(self, name, chart, caption, description):
        """Show a chart as figure `@fig-name` and write it to figures/ as a specification, SVG and PDF.

        `description` says in words what the chart shows, for a reader who cannot see it.
        """
        identity = self._claim("fig", name)
        spec = chart.to_dict()
        if self.preview:
            spec["title"] = {"text": self.label}
        paper, target = static(spec), self.folder / "figures" / name
        svg = vl_convert.vegalite_to_svg(paper)
        target.with_suffix(".vl.json").write_text(json.dumps(spec))
        target.with_suffix(".svg").write_text(svg)
        target.with_suffix(".pdf").write_bytes(vl_convert.vegalite_to_pdf(paper))
        alt = html.escape(" ".join(description.split()))
        uri = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
        figure = f'<img alt="{alt}" src="{uri}"><p>{html.escape(caption)}</p>'
        text = f'![{" ".join(caption.split())}](figures/{name}){{#{identity} alt="{alt}"}}'
        display({"text/html": figure, "text/markdown": text, "text/plain": caption}, raw=True)

    def table(self, name, frame, caption, formats=None):
        """Show a frame as table `@tbl-name`; `formats` maps a column to a format string or a function."""
        identity = self._claim("tbl", name)
        unknown = set(formats or {}) - set(frame.columns)
        if unknown:
            raise ValueError(f"formats: {sorted(unknown)} in none of the columns {list(frame.columns)}")
        cells = frame.apply(lambda column: column.map(_formatter((formats or {}).get(column.name))))
        # The dashes of a column give its share of the width: of its longest cell's length, within limits, and a margin.
        longest = [max(len(str(name)), *map(len, cells[name]), 1) for name in cells]
        widths = [min(length, WIDEST) // 4 + 2 for length in longest]
        # No word of a cell is to be wider than its column.
        words = [max(map(len, re.split(BREAK, " ".join([str(name), *cells[name]])))) + 3 for name in cells]
        whole = sum(widths) / LINE
        dashes = ["-" * max(width, math.ceil(word * whole)) for width, word in zip(widths, words, strict=True)]
        numeric = [pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]
        rule = [f"{line}:" if right else f":{line}" for line, right in zip(dashes, numeric, strict=True)]
        lines = [map(str, frame.columns), rule, *cells.itertuples(index=False)]
        rows = [" | ".join(re.sub(BREAK, " ", cell).replace("|", "\\|") for cell in line) for line in lines]
        text = "\n".join(f"| {row} |" for row in rows) + f"\n\n: {' '.join(caption.split())} {{#{identity}}}"
        grid = f"<p>{html.escape(caption)}</p>" + cells.to_html(index=False, border=0)
        display({"text/html": grid, "text/markdown": text, "text/plain": caption}, raw=True)

    def results(self, origin, claims=None):
        """Return what results.json holds; `origin` and `claims` are mappings ready for strict JSON."""
        head = {"schema": SCHEMA, "dataset": self.dataset, "preview": self.preview, "origin": origin}
        return head | {"numbers": self._numbers, "claims": claims or {}, "measured": self._measured}

    def write(self, path, origin, claims=None):
        """Write results.json to `path`, whole or not at all; ValueError where a number is not finite."""
        options = {"allow_nan": False, "ensure_ascii": False, "indent": 1, "sort_keys": True}
        with files.whole(path) as part:
            part.write_text(json.dumps(self.results(origin, claims), **options) + "\n")

    def _claim(self, kind, name):
        if not re.fullmatch("[a-z][a-z0-9_-]*", name) or f"{kind}-{name}" in self._names:
            raise ValueError(f"name {name!r}: lower case letters, digits, - and _, and one {kind} a name")
        self._names.add(f"{kind}-{name}")
        return f"{kind}-{name}"


def _formatter(form):
    """Return the function that prints a cell: a missing one as a dash."""
    write = form if callable(form) else (form or "{}").format
    return lambda value: "–" if pd.isna(value) else str(write(value))
