"""The finished report, copied into reports/published/ and told of in the README."""

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import nbformat
from nbformat.v4 import new_output
from PIL import Image

from lenet.files import whole
from lenet.plan.studies import plan
from pipeline.door import stamps
from pipeline.edition import readme

REPORTS = Path("reports")
PUBLISHED = REPORTS / "published"
README = Path("README.md")
FILES = (
    "report.html",
    "report.pdf",
    "report.ipynb",
    "results.json",
    "figures/front-errors.svg",
    "figures/front-runtime.svg",
)
SUMS = "SHA256SUMS"
MOST_BYTES = 4_000_000
# What results.json must say of a report that is published.
WANTED = {
    "preview": False,
    "draft": False,
    "dataset": "mnist",
    "sources_changed": [],
    "extra": {},  # a run of one's own can be published once params/ declares it
}
# What numbers, pictures and text are made from.
SOURCES = (
    "lenet",
    "pipeline/pages",
    "notebooks",
    "params",
    "requirements.txt",
    "reports/records",
)


def publish() -> None:
    """Put the report into reports/published/ and into the README: all of it, or nothing.

    Ends with a message where it is not the finished report of the tree's sources, all of them
    committed, or is too large; OSError names a file that is missing.
    """
    results = json.loads((REPORTS / "results.json").read_text("utf-8"))
    why = fault(results)
    if why:
        raise SystemExit(f"lenet: reports/report.html is not published: {why}")
    text = readme.rewritten(README.read_text("utf-8"), results)
    PUBLISHED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=REPORTS) as scratch, whole(README) as new_readme:
        new_readme.write_text(text, "utf-8")
        new = Path(scratch, "new")
        collect(new)
        PUBLISHED.rename(Path(scratch, "old"))
        new.rename(PUBLISHED)


def fault(results: dict) -> str:
    """Why the report in reports/ cannot be published; "" where it can."""
    said = {**results["origin"], **results}
    for name, value in WANTED.items():
        if said[name] != value:
            return f"{name} = {said[name]!r}: must be {value!r}"
    commit = said["report_commit"]
    # "+" stands after the name where files differ from it.
    if not commit.isalnum():
        return f"report_commit = {commit!r}: must be a commit; commit, then make clean report"
    changed = not_committed()
    if changed:
        return f"commit first: {', '.join(changed)}"
    return stamps.content_fault(REPORTS, plan())


def not_committed() -> list[str]:
    """Sources that differ from the commit or are new, as `git status` lists them.

    Raises OSError in git's words where it does not tell.
    """
    # Variables of a hook lead to another repository, and a person may have git hide new files.
    known = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    status = ["git", "status", "--porcelain", "--untracked-files=normal", "--", *SOURCES]
    told = subprocess.run(status, env=known, capture_output=True, text=True)
    if told.returncode:
        raise ChildProcessError(told.stderr.partition("\n")[0])
    return told.stdout.splitlines()


def collect(folder: Path) -> None:
    """Make the folder that is published; ends with a message where it would be too large."""
    folder.mkdir()
    for name in FILES:
        shutil.copy(REPORTS / name, folder)
    slim(folder / "report.ipynb")
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    if sum(sizes.values()) > MOST_BYTES:
        raise SystemExit(f"lenet: {sizes}: must be at most {MOST_BYTES:,} bytes in all")
    (folder / SUMS).write_text(sums(folder))


def slim(path: Path) -> None:
    """Leave each output of a notebook its picture, or else its Markdown."""
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            forms = [shown(output.get("data", {})) for output in cell.outputs]
            cell.outputs = [new_output("display_data", form) for form in forms if form]
    nbformat.write(notebook, path)


def shown(forms: dict[str, str]) -> dict[str, str]:
    """The form of an output that is kept; none of other libraries' or of HTML.

    >>> shown({"text/html": "<b>1</b>", "text/markdown": "**1**", "text/plain": "1"})
    {'text/markdown': '**1**'}
    """
    if "image/png" in forms:
        return {"image/png": of_few_colours(forms["image/png"])}
    if "text/markdown" in forms:
        return {"text/markdown": forms["text/markdown"]}
    return {}


def of_few_colours(png: str) -> str:
    """The same picture with at most 256 colours, as a chart has; a third of its size or less."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    file = io.BytesIO()
    picture.quantize(256).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def sums(folder: Path) -> str:
    """SHA-256 and name of each published file, a line for each, as `sha256sum --check` reads it."""
    lines = ""
    for path in sorted(folder.glob("*.*")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines += f"{digest}  {path.name}\n"
    return lines
