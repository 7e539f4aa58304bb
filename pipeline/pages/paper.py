"""The paper: a typst file of the text, its charts as PDF."""

import copy
import json
from itertools import groupby
from pathlib import Path

from pipeline.pages.document import elements, pandoc

TEMPLATE = Path(__file__).with_name("templates") / "report.typst"
APPENDIX = "#pagebreak(weak: true)\n#set text(size: 9pt)\n#show table: set text(size: 8pt)"
# Without "smart" pandoc writes the quotes themselves; typst would take 2017's for a prime.
FLAGS = ["--from=json", "--to=typst-smart", "--shift-heading-level-by=-1"]


def paper(document: dict) -> str:
    """The typst source of a numbered tree; figures/ lies beside it."""
    document = copy.deepcopy(document)
    document["blocks"] = _rows(document["blocks"])
    for element in elements(document):
        if element["t"] == "Image":
            _embed(element)
    template = {"report.typst": TEMPLATE.read_text(encoding="utf-8")}
    source = pandoc(json.dumps(document), *FLAGS, "--template=report.typst", **template)
    source = source.replace("\n= Appendix\n", f"\n{APPENDIX}\n= Appendix\n")
    return source.replace("align(center)[#table(", "align(left)[#table(")


def _rows(blocks: list) -> list:
    """The blocks, with neighbouring figures of half the width in a row."""
    placed = []
    for is_half, group in groupby(blocks, _is_half):
        row = list(group)
        placed += [_raw("#halves["), *row, _raw("]")] if is_half else row
    return placed


def _is_half(block: dict) -> bool:
    return any("half" in part["c"][0][1] for part in elements(block) if part["t"] == "Image")


def _raw(typst: str) -> dict:
    return {"t": "RawBlock", "c": ["typst", typst]}


def _embed(image: dict) -> None:
    """Put the PDF of a chart in place of an image, with the words that describe it."""
    _, words, (target, _) = image["c"]
    alt = "".join(word.get("c", " ") for word in words)
    file = json.dumps(f"{target}.pdf")
    alt = json.dumps(alt, ensure_ascii=False)
    image.update(t="RawInline", c=["typst", f"#chart({file}, {alt})"])
