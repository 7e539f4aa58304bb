"""One executed report notebook -> one Markdown text -> one page of HTML that needs no network, and a PDF."""

import base64
import copy
import hashlib
import json
import os
import re
import tempfile
from pathlib import Path

import nbformat
import pypandoc
import typst
import vl_convert
from nbconvert import MarkdownExporter
from traitlets.config import Config

TEMPLATES = Path(__file__).parent / "templates"
METADATA = ("title", "subtitle", "date", "origin", "preview")
KINDS = ("Figure", "Table")
FEW_ROWS = 12
FULL_WIDTH = 660  # pixels of a chart that is as wide as the text of the PDF
# What a notebook says is text: no HTML, LaTeX or typst of its own gets through.
READER = "markdown-raw_html-raw_attribute-raw_tex-native_divs-native_spans-markdown_in_html_blocks"


def publish(notebook, folder, **metadata):
    """Write report.html and report.pdf of an executed notebook to `folder`: both, or neither.

    `metadata` (title, subtitle, date, origin, preview: texts) goes before the notebook's own metadata.report and,
    for the title, its first heading. Figures are read from folder/figures. Raises ValueError for a cell that
    failed or never ran, an unknown reference, a name used twice, an image from elsewhere.
    """
    book, folder = nbformat.read(notebook, as_version=4), Path(folder)
    document = _document(_markdown(book), book.metadata.get("report", {}) | metadata)
    _number(document, folder)
    source = paper(document, folder).encode()
    pdf = typst.compile(source, root=folder, ignore_system_fonts=True, timestamp=0)
    pages = {"report.html": page(document, folder).encode(), "report.pdf": pdf}
    with tempfile.TemporaryDirectory(dir=folder) as drafts:
        for name, content in pages.items():
            Path(drafts, name).write_bytes(content)
        for name in pages:
            os.replace(Path(drafts, name), folder / name)


def _markdown(book):
    """Return the notebook as Markdown: its texts and outputs, and the code of figures alone."""
    for number, cell in enumerate(book.cells, start=1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if cell.execution_count is None or any(output.output_type == "error" for output in cell.outputs):
            raise ValueError(f"notebook: cell {number} failed or never ran; it must run to its end")
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        if not any("{#fig-" in output.get("data", {}).get("text/markdown", "") for output in cell.outputs):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide"]
    config = Config()
    config.NbConvertBase.display_data_priority = ["text/markdown", "text/plain"]
    config.TagRemovePreprocessor.update(enabled=True, remove_input_tags={"hide"})
    return MarkdownExporter(config=config).from_notebook_node(book)[0]


def _document(markdown, metadata):
    """Return pandoc's tree of the text, its first heading taken out as the title."""
    unknown = set(metadata) - set(METADATA)
    if unknown:
        raise ValueError(f"metadata: {sorted(unknown)} unknown; known are {', '.join(METADATA)}")
    document = json.loads(pypandoc.convert_text(markdown, "json", format=READER))
    first = document["blocks"][0] if document["blocks"] else {"t": None}
    if first["t"] == "Header" and first["c"][0] == 1:
        document["meta"]["title"] = {"t": "MetaInlines", "c": document["blocks"].pop(0)["c"][2]}
    for key, text in metadata.items():
        if text:
            document["meta"][key] = {"t": "MetaInlines", "c": [_text(str(text))]}
    if "title" not in document["meta"]:
        raise ValueError("title: none given, and the notebook does not begin with a heading of the first level")
    return document


def _elements(node):
    """Return the elements of pandoc's tree in order of appearance, outer ones first."""
    own = [node] if isinstance(node, dict) and "t" in node else []
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return own + [element for child in children for element in _elements(child)]


def _text(text):
    return {"t": "Str", "c": text}


def _labels(elements):
    """Return name -> "Figure 1" in order of appearance."""
    labels = {}
    for kind in KINDS:
        names = [element["c"][0][0] for element in elements if element["t"] == kind and element["c"][0][0]]
        for number, name in enumerate(names, start=1):
            if name in labels:
                raise ValueError(f"{name}: two figures or tables of this name")
            labels[name] = f"{kind}\u00a0{number}"
    return labels


def _number(document, folder):
    """Number the captions, turn each `@fig-name` into a link and wrap tables, alike for both writers."""
    elements = _elements(document)
    labels = _labels(elements)
    for element in elements:
        if element["t"] == "Cite":
            links = [_link(citation["citationId"], labels) for citation in element["c"][0]]
            parts = [part for link in links for part in (_text(", "), link)][1:]
            element.update(parts[0] if len(parts) == 1 else {"t": "Span", "c": [["", [], []], parts]})
        elif element["t"] == "Image":
            _check_image(element["c"][2][0], folder)
        elif element["t"] in KINDS:
            _caption(element, labels)


def _link(name, labels):
    if not name.startswith(("fig-", "tbl-")):
        return _text(f"@{name}")
    if name not in labels:
        raise ValueError(f"@{name}: no figure or table of this name; there are {sorted(labels)}")
    return {"t": "Link", "c": [["", [], []], [_text(labels[name])], [f"#{name}", ""]]}


def _caption(element, labels):
    """Put the number before the caption, and a table in a frame that scrolls and bears its name."""
    name, caption = element["c"][0][0], element["c"][1]
    if element["t"] == "Figure" and not name.startswith("fig-"):
        raise ValueError(f"figure {name!r}: its name must begin with fig-")
    if name:
        strong = {"t": "Strong", "c": [_text(f"{labels[name]}.")]}
        inner = caption[1][0]["c"] if caption[1] else []
        caption[1] = [{"t": "Plain", "c": [strong, {"t": "Space"}, *inner]}]
    if element["t"] == "Table":
        attributes = [["tabindex", "0"], ["role", "region"], ["aria-label", labels.get(name, "Table")]]
        element["c"][0][0] = ""
        element.update(t="Div", c=[[name, ["scroll"], attributes], [dict(element)]])


def _check_image(target, folder):
    if not target.startswith("figures/") or ".." in target:
        raise ValueError(f"image {target}: only figures that the report drew are published")
    for suffix in (".svg", ".pdf", ".vl.json"):
        if not (folder / f"{target}{suffix}").is_file():
            raise ValueError(f"image {target}: {folder / target}{suffix} is missing")


def page(document, folder):
    """Return the page: charts drawn by its one inline script, their SVG where scripts are off and on paper."""
    document, charts = copy.deepcopy(document), {}
    for element in _elements(document):
        if element["t"] == "Figure":
            name = element["c"][0][0]
            charts[name] = json.loads((folder / f"figures/{name.removeprefix('fig-')}.vl.json").read_text())
        elif element["t"] == "Image":
            picture = (folder / f"{element['c'][2][0]}.svg").read_bytes()
            element["c"][2][0] = "data:image/svg+xml;base64," + _base64(picture)
        elif element["t"] == "CodeBlock" and "python" in element["c"][0][1]:
            tags = ("<details><summary>Code</summary>", "</details>")
            before, after = ({"t": "RawBlock", "c": ["html", tag]} for tag in tags)
            element.update(t="Div", c=[["", ["code"], []], [before, dict(element), after]])
    script = vl_convert.javascript_bundle().replace("</script", "<\\/script") + "\n" + _template("report.js")
    digest = _base64(hashlib.sha256(script.strip().encode()).digest())
    data = json.dumps(charts, sort_keys=True).replace("<", "\\u003c")
    variables = {"script": script.strip(), "digest": digest, "charts": data, "css": _template("report.css")}
    flags = ["--toc", "--toc-depth=3", "--mathml", "--syntax-highlighting=none"]
    return _write(document, "html", variables, flags)


def paper(document, folder):
    """Return the typst source of the PDF: no code, charts as PDF in the scale of one as wide as the text."""
    document = copy.deepcopy(document)
    for element in _elements(document):
        if element["t"] == "CodeBlock" and "python" in element["c"][0][1]:
            element.update(t="RawBlock", c=["typst", ""])
        elif element["t"] == "BulletList":
            # An item that breaks over a page loses lines where a figure is placed at the page's bottom.
            element["c"] = [_unbroken(item) for item in element["c"]]
        elif element["t"] == "Div" and "scroll" in element["c"][0][1]:
            _keep_together(element)
        elif element["t"] == "Image":
            target = element["c"][2][0]
            pixels = float(re.search(r'width="([\d.]+)"', (folder / f"{target}.svg").read_text())[1])
            words = "".join(part.get("c", " ") for part in element["c"][1] if part["t"] in ("Str", "Space"))
            file, alt = (json.dumps(text, ensure_ascii=False) for text in (f"{target}.pdf", words))
            call = f"#image({file}, alt: {alt}, width: {min(100, pixels / FULL_WIDTH * 100):.4g}%)"
            element.update(t="RawInline", c=["typst", call])
    # Without "smart" pandoc writes the quotes themselves; typst would take 2017's for a prime.
    source = _write(document, "typst", {}, ["--shift-heading-level-by=-1"])
    return source.replace("align(center)[#table(", "align(left)[#table(")


def _keep_together(frame):
    """Let a table of few rows break over no page; that of many must."""
    (table,) = frame["c"][1]
    if sum(len(body[3]) for body in table["c"][4]) <= FEW_ROWS:
        frame["c"][1] = _within("#[#show figure: set block(breakable: false)", [table])


def _unbroken(item):
    return _within("#block(breakable: false)[", item)


def _within(scope, blocks):
    """The blocks in a scope of typst's."""
    before, after = ({"t": "RawBlock", "c": ["typst", text]} for text in (scope, "]"))
    return [before, *blocks, after]


def _write(document, writer, variables, flags):
    """Run pandoc with our template; `variables` go in as they are."""
    with tempfile.TemporaryDirectory() as scratch:
        defaults, template = Path(scratch, "defaults.json"), str(TEMPLATES / f"report.{writer}")
        defaults.write_text(json.dumps({"variables": variables, "standalone": True, "template": template}))
        flags = [f"--defaults={defaults}", "--wrap=preserve", "--fail-if-warnings", *flags]
        target = "typst-smart" if writer == "typst" else writer
        return pypandoc.convert_text(json.dumps(document), target, format="json", extra_args=flags)


def _template(name):
    return (TEMPLATES / name).read_text()


def _base64(content):
    return base64.b64encode(content).decode()
