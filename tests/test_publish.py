import base64
import hashlib
import html.parser
import json
import re
import runpy
from pathlib import Path

import nbformat
import pytest

from lenet import publish

build = runpy.run_path(str(Path(__file__).parent / "toy_report.py"))["build"]
METADATA = {"date": "1 May 2026", "subtitle": "A *toy* & more", "origin": "commit abc", "preview": ""}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    publish.publish(build(folder), folder, **METADATA)
    return folder


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "report.html").read_text()


@pytest.fixture(scope="module")
def source(folder):
    return publish.paper(numbered(folder), folder)


def numbered(folder, notebook="report.ipynb", metadata=METADATA):
    book = nbformat.read(folder / notebook, as_version=4)
    document = publish._document(publish._markdown(book), metadata)
    publish._number(document, folder)
    return document


def published(folder, text):
    """Publish a notebook of one Markdown cell."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    nbformat.write(book, folder / "one.ipynb")
    publish.publish(folder / "one.ipynb", folder)


class Tags(html.parser.HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


def words(text):
    return " ".join(re.sub(r"<[^>]*>|[_*]", "", text).replace("\u00a0", " ").split())


def test_the_page_asks_for_nothing(page):
    loaded = [a[key] for tag, a in Tags(page).tags for key in ("src", "href", "data") if tag != "a" and a.get(key)]
    assert loaded
    assert all(address.startswith("data:") for address in loaded)
    assert "@import" not in page
    assert "url(http" not in page


def test_the_policy_allows_the_one_script_and_no_other(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    [script] = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert len(re.findall("<script", page)) == 2
    assert not any(key.startswith("on") for _, attributes in Tags(page).tags for key in attributes)


def test_markup_in_a_text_comes_out_as_text(page, source):
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b onclick=alert(2)&gt;" in page
    assert "<script>alert" not in page
    assert "\\<script\\>alert(1)" in source


def test_figures_and_tables_are_numbered_named_and_captioned_alike(page, source):
    captions = [words(text) for text in re.findall(r"<(?:fig)?caption>(.*?)</(?:fig)?caption>", page, flags=re.DOTALL)]
    assert captions == [
        "Figure 1. Errors by epoch, n = 5.",
        "Table 1. The first rates.",
        "Figure 2. Runtime by filters.",
    ]
    plain = words(re.sub(r"#(?:strong|emph)\[(.*?)\]", r"\1", source).replace("~", " "))
    assert [caption for caption in captions if caption not in plain] == []
    names = [a.get("id") for tag, a in Tags(page).tags if tag in ("figure", "div") and a.get("id")]
    assert names == ["fig-curves", "tbl-rates", "fig-runtime"]


def test_a_reference_leads_to_its_figure(page, source):
    for name, label in (("fig-curves", "Figure 1"), ("tbl-rates", "Table 1"), ("fig-runtime", "Figure 2")):
        assert f'<a href="#{name}">{label}</a>' in page.replace("\u00a0", " ")
        assert f"#link(<{name}>)[{label}]" in source.replace("~", " ")
        assert f"<{name}>\n" in source


def test_headings_are_those_of_the_notebook_in_both(page, source):
    headings = re.findall(r"<(h[1-6])[^>]*>(.*?)</h", page.split("<script")[0], flags=re.DOTALL)
    assert headings == [("h1", "A toy report"), ("h2", "Rates"), ("h2", "Filters"), ("h3", "Runtime")]
    assert re.findall(r"^(=+ .*)$", source, flags=re.MULTILINE) == ["= Rates", "= Filters", "== Runtime"]


def test_what_is_seen_is_also_said(page, source):
    images = [a["alt"] for tag, a in Tags(page).tags if tag == "img"]
    assert images == ['Four "falling" lines', "Rising lines"]
    assert 'alt: "Four \\"falling\\" lines"' in source


def test_the_charts_of_the_page_are_those_of_the_files(page, folder):
    data = json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, flags=re.DOTALL)[1])
    assert data["fig-curves"] == json.loads((folder / "figures/curves.vl.json").read_text())
    assert set(data) == {"fig-curves", "fig-runtime"}


def test_code_of_figures_is_folded_and_warnings_stay_out(page, source):
    assert page.count("<summary>Code</summary>") == 2
    assert "report.show" not in source
    assert "#block[\n]" not in source
    for text in (page, source):
        assert "report.say" not in text
        assert "a warning of this machine" not in text


def test_metadata_is_text(page, source):
    assert "A *toy* &amp; more" in page
    assert "A \\*toy\\* & more" in source
    assert 'class="preview"' not in page


def test_the_paper_is_the_same_each_time(folder, page):
    paper = (folder / "report.pdf").read_bytes()
    assert paper.startswith(b"%PDF")
    publish.publish(folder / "report.ipynb", folder, **METADATA)
    assert (folder / "report.pdf").read_bytes() == paper
    assert (folder / "report.html").read_text() == page


def test_an_item_of_a_list_breaks_over_no_page_of_the_paper(tmp_path):
    """Where it did, and a figure was placed at the page's bottom, typst left lines out."""
    published(tmp_path, "# Title\n\n- one\n- two\n\n  and more\n\nnone")
    source = publish.paper(numbered(tmp_path, "one.ipynb", {}), tmp_path)
    items = re.findall(r"#block\(breakable: false\)\[\s*(.*?)\s*\]\s*(?=\n- |\nnone)", source, re.DOTALL)
    assert [words(item) for item in items] == ["one", "two and more"]


def test_a_preview_says_so_on_both(folder, tmp_path):
    notebook = build(tmp_path, preview=True)
    publish.publish(notebook, tmp_path, **METADATA | {"preview": "Not the study."})
    page = (tmp_path / "report.html").read_text()
    assert "Not the study." in re.search(r'<p class="preview".*?</p>', page, flags=re.DOTALL)[0]
    assert page.count("Preview on a few digits, not the study") >= 2
    assert (tmp_path / "report.pdf").read_bytes() != (folder / "report.pdf").read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# T\n\nSee @fig-nowhere.", "@fig-nowhere: no figure"),
        ("No heading.", "title"),
        ("# T\n\nSee ![x](http://127.0.0.1/a.svg).", "only figures that the report drew"),
        ("# T\n\n![x](figures/../../a){#fig-a}", "only figures that the report drew"),
        ("# T\n\n![x](figures/none){#fig-none}", "none.svg is missing"),
        ("# T\n\n| a |\n|--|\n| 1 |\n\n: x {#tbl-a}\n\n| a |\n|--|\n| 1 |\n\n: x {#tbl-a}", "tbl-a: two"),
    ],
)
def test_a_bad_report_is_refused_and_leaves_nothing(tmp_path, text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        published(tmp_path, text)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.ipynb"]


def test_a_failed_report_leaves_the_last_good_one(folder, page):
    with pytest.raises(ValueError, match="nowhere"):
        published(folder, "# T\n\n@tbl-nowhere")
    assert (folder / "report.html").read_text() == page


@pytest.mark.parametrize("count", [None, 1])
def test_a_notebook_that_did_not_run_to_its_end_is_refused(tmp_path, count):
    error = nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])
    cell = nbformat.v4.new_code_cell("1 / 0", execution_count=count, outputs=[error] if count else [])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "one.ipynb")
    with pytest.raises(ValueError, match="cell 1 failed or never ran"):
        publish.publish(tmp_path / "one.ipynb", tmp_path, title="T")


def test_unknown_metadata_is_refused(folder):
    with pytest.raises(ValueError, match="colour"):
        publish.publish(folder / "report.ipynb", folder, colour="blue")


def test_an_address_that_is_no_reference_stays_text(tmp_path):
    published(tmp_path, "# T\n\nAsk @someone.")
    assert "Ask @someone." in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(("rows", "together"), [(2, True), (publish.FEW_ROWS, True), (publish.FEW_ROWS + 1, False)])
def test_a_short_table_breaks_over_no_page_and_a_long_one_may(tmp_path, rows, together):
    lines = "| a | b |\n| --- | --- |\n" + "| 1 | 2 |\n" * rows
    document = publish._document(f"# Title\n\n{lines}\n: Some. {{#tbl-some}}\n", {})
    publish._number(document, tmp_path)
    assert ("#[#show figure: set block(breakable: false)" in publish.paper(document, tmp_path)) == together
