"""One executed report notebook: one Markdown text, and of it the page and the paper."""

import copy
from pathlib import Path

import nbformat
import typst
from IPython.display import HTML
from nbconvert import MarkdownExporter
from nbformat import NotebookNode
from traitlets.config import Config

from lenet.report import fill
from lenet.report.writer import Report
from pipeline.pages import document, page, paper


def publish(notebook: NotebookNode, folder: Path, front: dict[str, str]) -> None:
    """Write report.html and report.pdf of an executed notebook to `folder`, which has its figures.

    `front` are the texts below the title: subtitle, date, origin, label. Raises ValueError for an
    unknown reference, a name used twice, a missing title; then nothing is written.
    """
    tree = document.read(markdown(notebook), front)
    html = page.page(tree, folder)
    pdf = typst.compile(  # type: ignore[type-var]  # its stub wants a root of bytes
        paper.paper(tree).encode(),
        root=folder,
        ignore_system_fonts=True,
        timestamp=0,
    )
    (folder / "report.html").write_text(html, encoding="utf-8")
    (folder / "report.pdf").write_bytes(pdf)


def markdown(notebook: NotebookNode) -> str:
    """A notebook as Markdown: its texts and what its report said, without code.

    Other outputs, such as what a library printed, are left out.
    """
    said = copy.deepcopy(notebook)
    for cell in said.cells:
        if cell.cell_type == "code":
            cell.outputs = [one for one in cell.outputs if "text/markdown" in one.get("data", {})]
    config = Config()
    config.NbConvertBase.display_data_priority = ["text/markdown"]
    exporter = MarkdownExporter(config=config, exclude_input=True)
    return exporter.from_notebook_node(said)[0].lstrip()


def article(report: Report, path: Path) -> HTML:
    """The whole text, filled in, for the last cell of the notebook at `path` to show.

    It has the prose as it was last saved, and what the cells of this kernel have said.
    """
    notebook = fill.fill(nbformat.read(path, as_version=4), report.results)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            said = {"text/markdown": report.said.get(cell.source.strip(), "")}
            cell.outputs = [nbformat.v4.new_output("display_data", said)]
    tree = document.read(markdown(notebook), {})
    return HTML(page.article(tree, report.folder))
