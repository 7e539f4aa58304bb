"""The report's text as pandoc's tree: read from Markdown, its figures and tables numbered."""

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pypandoc

# The one that is installed with the project, not a newer one of the person's.
PANDOC = Path(pypandoc.__file__).with_name("files") / "pandoc"
# What a notebook says is text: no HTML, LaTeX or typst of its own gets through.
READER = (
    "--from=markdown-raw_html-raw_attribute-raw_tex"
    "-native_divs-native_spans-markdown_in_html_blocks"
)
WIDE = "--columns=100000"  # pandoc would set the columns of a table whose lines are longer
KINDS = {"fig-": "Figure", "tbl-": "Table"}


def pandoc(text: str, *flags: str, **files: str) -> str:
    """What pandoc makes of a text; `files`, name and text, lie where it runs.

    The person's variables and folder of data are left out. Raises CalledProcessError where pandoc
    fails or warns; what it says is on stderr.
    """
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in files.items():
            Path(scratch, name).write_text(content, encoding="utf-8")
        done = subprocess.run(
            [PANDOC, "--data-dir=.", "--fail-if-warnings", "--wrap=preserve", *flags],
            input=text,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            cwd=scratch,
            env={},
            check=True,
        )
    return done.stdout


def read(markdown: str, front: dict[str, str]) -> dict:
    """The tree of a text, with figures and tables numbered; its first heading is the title.

    `front` are texts for the templates. Raises ValueError for an unknown reference, a name used
    twice, a missing title.
    """
    title, _, body = markdown.strip().partition("\n")
    if not title.startswith("# "):
        raise ValueError(f"title = {title!r}: must be a heading of the first level")
    document = json.loads(pandoc(body, READER, "--to=json", WIDE))
    texts = {"title": title.removeprefix("# "), **front}
    document["meta"] = {key: {"t": "MetaString", "c": text} for key, text in texts.items()}
    labels = _labels(document)
    for element in elements(document):
        if element["t"] == "Cite":
            _refer(element, labels)
        elif name := identity(element):
            _number(element, labels[name])
    return document


def elements(node) -> Iterator[dict]:
    """Each element of a tree, an outer one after those in it; the one at hand may be changed."""
    if isinstance(node, dict):
        for child in node.values():
            yield from elements(child)
        if "t" in node:
            yield node
    elif isinstance(node, list):
        for child in node:
            yield from elements(child)


def identity(element: dict) -> str:
    """The name of a figure or table, or of the sentence in its place; "" for all else.

    >>> identity({"t": "Figure", "c": [["fig-curves", [], []], [], []]})
    'fig-curves'
    """
    if element["t"] not in ("Figure", "Table", "Span"):
        return ""
    name = element["c"][0][0]
    return name if name[:4] in KINDS else ""


def _labels(document: dict) -> dict[str, str]:
    """Each name with its label, "Figure 1", counted in order of appearance."""
    counts: Counter = Counter()
    labels: dict[str, str] = {}
    for name in filter(None, map(identity, elements(document))):
        if name in labels:
            raise ValueError(f"{name}: two figures or tables of this name")
        kind = KINDS[name[:4]]
        counts[kind] += 1
        labels[name] = f"{kind}\u00a0{counts[kind]}"
    return labels


def _refer(element: dict, labels: dict[str, str]) -> None:
    """Make a link of `@fig-name`."""
    name = element["c"][0][0]["citationId"]
    if name not in labels:
        raise ValueError(f"@{name}: no figure or table of this name; there are {sorted(labels)}")
    text = {"t": "Str", "c": labels[name]}
    element.update(t="Link", c=[["", [], []], [text], [f"#{name}", ""]])


def _number(element: dict, label: str) -> None:
    """Put the label before the words of a figure or table."""
    words = element["c"][1]
    if element["t"] != "Span":
        words = words[1][0]["c"]
    strong = {"t": "Strong", "c": [{"t": "Str", "c": f"{label}."}]}
    words[:0] = [strong, {"t": "Space"}]
