"""The page: HTML that needs no network, its charts drawn by the one script that it allows."""

import base64
import copy
import hashlib
import json
from pathlib import Path

import vl_convert

from pipeline.pages.document import elements, identity, pandoc

TEMPLATES = Path(__file__).with_name("templates")
FLAGS = ["--from=json", "--to=html", "--mathml", "--syntax-highlighting=none"]
WHOLE = ["--defaults=defaults.json", "--template=report.html", "--toc", "--toc-depth=3"]


def page(document: dict, folder: Path) -> str:
    """The page of a numbered tree; figures come from `folder`."""
    charts = {}
    for element in elements(document):
        if element["t"] == "Image":
            target = element["c"][2][0]
            spec = (folder / f"{target}.vl.json").read_text(encoding="utf-8")
            charts[target.replace("figures/", "fig-")] = json.loads(spec)
    script = vl_convert.javascript_bundle(_template("report.js"))
    script = script.replace("</script", "<\\/script").strip()
    digest = hashlib.sha256(script.encode()).digest()
    variables = {
        "script": script,
        "digest": base64.b64encode(digest).decode(),
        "charts": json.dumps(charts, sort_keys=True).replace("<", "\\u003c"),
        "css": _template("report.css"),
    }
    files = {
        "defaults.json": json.dumps({"variables": variables}),
        "report.html": _template("report.html"),
    }
    return pandoc(_body(document, folder), *FLAGS, *WHOLE, **files)


def article(document: dict, folder: Path) -> str:
    """The text alone, as HTML for a cell of a notebook, with pictures for its charts."""
    return pandoc(_body(document, folder), *FLAGS)


def _body(document: dict, folder: Path) -> str:
    """The tree as JSON, with pictures in place of figures, and tables that scroll."""
    document = copy.deepcopy(document)
    for element in elements(document):
        if element["t"] == "Image":
            picture = (folder / f"{element['c'][2][0]}.svg").read_bytes()
            uri = "data:image/svg+xml;base64," + base64.b64encode(picture).decode()
            element["c"][2][0] = uri
        elif element["t"] == "Table":
            _scroll(element)
    return json.dumps(document)


def _scroll(table: dict) -> None:
    """Put a table in a frame that scrolls, can be reached by keyboard and bears its name."""
    name = identity(table)
    table["c"][0][0] = ""
    attributes = [["tabindex", "0"], ["role", "region"], ["aria-label", name or "table"]]
    table.update(t="Div", c=[[name, ["scroll"], attributes], [dict(table)]])


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
