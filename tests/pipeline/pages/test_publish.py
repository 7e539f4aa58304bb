"""Page and paper of the toy report, and what must stop a build."""

import base64
import hashlib
import html.parser
import json
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from pipeline.pages import paper, publish
from pipeline.pages.document import read

FIGURES = ["left", "right", "curves", "pair", "reader"]


class Tags(html.parser.HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def source(folder):
    """The typst source of the toy report."""
    notebook = nbformat.read(folder / "report.ipynb", as_version=4)
    return paper.paper(read(publish.markdown(notebook), {}))


def words(text):
    return " ".join(re.sub(r"<[^>]*>|[_*]", "", text).replace("\u00a0", " ").split())


def published(folder, text, **front):
    book = new_notebook(cells=[new_markdown_cell(text)])
    publish.publish(book, folder, front)


def test_the_page_asks_for_nothing(page):
    keys = ("src", "href", "data")
    tags = [attributes for tag, attributes in Tags(page).tags if tag != "a"]
    loaded = [attributes[key] for attributes in tags for key in keys if attributes.get(key)]
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
    attributes = [key for _, found in Tags(page).tags for key in found]
    assert not [key for key in attributes if key.startswith("on")]


def test_markup_in_texts_tables_and_sentences_comes_out_as_text(page, source):
    for number in (1, 3, 5):
        assert f"&lt;script&gt;alert({number})&lt;/script&gt;" in page
    assert "&lt;b onclick=alert(2)&gt;" in page
    assert "<script>alert" not in page
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page.split("<script")[0])
    assert cells[-3:] == ["#import", "\\|", "*a* $x$ @fig-b"]
    assert "\\<script\\>alert(5)" in source
    assert "\\#import" in source


def test_figures_and_tables_are_numbered_named_and_captioned_alike(page, source):
    found = re.findall(r"<(?:fig)?caption>(.*?)</(?:fig)?caption>", page, flags=re.DOTALL)
    captions = [words(text) for text in found]
    assert captions == [
        "Figure 1. The left one.",
        "Figure 2. The right one.",
        "Figure 3. Errors by epoch, n = 1.",
        "Table 1. The first rates.",
        "Table 3. Odd names.",
        "Figure 4. Two.",
        "Figure 6. Move the edge.",
    ]
    plain = words(re.sub(r"#(?:strong|emph)\[(.*?)\]", r"\1", source).replace("~", " "))
    assert [caption for caption in captions if caption not in plain] == []


def test_a_reference_leads_to_its_figure_even_where_it_was_left_out(page, source):
    labels = {"fig-curves": "Figure 3", "tbl-rates": "Table 1"}
    for name, label in {**labels, "fig-missing": "Figure 5", "tbl-none": "Table 2"}.items():
        assert f'<a href="#{name}">{label}</a>' in page.replace("\u00a0", " ")
        assert f'id="{name}"' in page
        assert f"#link(<{name}>)[{label}]" in source.replace("~", " ")
        assert f"<{name}>" in source.replace(f"#link(<{name}>)", "")


def test_headings_are_those_of_the_notebook_in_both(page, source):
    body = page.split("<script")[0]
    headings = re.findall(r"<(h[1-6])[^>]*>(.*?)</h", body, flags=re.DOTALL)
    names = [name for _, name in headings]
    assert names == ["A toy report", "Rates", "Filters", "Runtime", "Appendix", "Details"]
    assert [level for level, _ in headings] == ["h1", "h2", "h2", "h3", "h2", "h3"]
    found = re.findall(r"^(=+ .*)$", source, flags=re.MULTILINE)
    assert found == ["= Rates", "= Filters", "== Runtime", "= Appendix", "== Details"]


def test_the_appendix_begins_a_page_of_small_type(source):
    assert source.count(f"{paper.APPENDIX}\n= Appendix") == 1
    assert source.count("pagebreak") == 1


def test_halves_stand_in_one_row(source):
    row = source[source.index("#halves[") : source.index("= Rates")]
    assert row.count("#chart(") == 2
    assert source.count("#halves[") == 1


def test_what_is_seen_is_also_said(page, source):
    images = [attributes["alt"] for tag, attributes in Tags(page).tags if tag == "img"]
    assert images[2] == 'Four "falling" lines'
    assert all(images)
    assert '#chart("figures/curves.pdf", "Four \\"falling\\" lines")' in source


def test_the_charts_of_the_page_are_those_of_the_files(page, folder):
    text = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, flags=re.DOTALL)
    charts = json.loads(text[1])
    assert set(charts) == {f"fig-{name}" for name in FIGURES}
    filed = (folder / "figures/curves.vl.json").read_text()
    assert charts["fig-curves"] == json.loads(filed)


def test_every_place_of_the_prose_is_filled_and_code_stays_out(folder, page, source):
    notebook = nbformat.read(folder / "report.ipynb", as_version=4)
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert "The best rate ends at 1.4% [1.2, 1.6]: 2017's text holds in part." in prose[0]
    for text in (*prose, page.split("<script")[0], source.split("A toy report")[-1]):
        assert "{{" not in text
        assert "report.show" not in text
    assert "It took 12.5 s." in words(page)


def test_what_only_a_cell_printed_stays_out():
    said = new_output("display_data", {"text/markdown": "said", "text/plain": "plain"})
    printed = new_output("stream", name="stdout", text="printed")
    value = new_output("execute_result", {"text/plain": "value", "text/html": "<b>value</b>"})
    cell = new_code_cell("code", outputs=[printed, value, said])
    notebook = new_notebook(cells=[new_markdown_cell("# T"), cell])
    assert publish.markdown(notebook).split() == ["#", "T", "said"]


def test_the_last_cell_shows_the_whole_text_as_the_page_has_it(folder, page):
    notebook = nbformat.read(folder / "report.ipynb", as_version=4)
    [output] = notebook.cells[-1].outputs
    article = output.data["text/html"]
    assert "The best rate ends at 1.4% [1.2, 1.6]: 2017’s text holds in part." in article
    pictures = re.findall('<img src="(data:[^"]*)', article)
    assert len(pictures) == len(FIGURES)
    assert all(picture in page for picture in pictures)
    captions = re.findall("<strong>(Figure.[0-9])", article)
    assert captions == re.findall("<strong>(Figure.[0-9])", page)
    assert "text/markdown" not in output.data


def test_front_is_text_on_both(tmp_path):
    published(tmp_path, "# A *title*\n", label="<b> & #import", date="2026", origin="`x`")
    page = (tmp_path / "report.html").read_text()
    assert '<p class="label" role="note">&lt;b&gt; &amp; #import</p>' in page
    assert "<title>A *title*</title>" in page
    assert "2026. `x`" in page
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_without_a_label_nothing_calls_itself_a_draft(page):
    assert 'class="label"' not in page


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("# T\n\nSee @fig-nowhere.", "@fig-nowhere"),
        ("# T\n\n![x](http://127.0.0.1/a.svg)", "127.0.0.1"),
        ("# T\n\n![x](figures/none){#fig-none}", "figures/none"),
        ("No heading.", "title"),
    ],
)
def test_a_bad_report_is_refused_and_leaves_nothing(tmp_path, text, fault):
    with pytest.raises((ValueError, OSError), match=re.escape(fault)):
        published(tmp_path, text)
    assert list(tmp_path.iterdir()) == []
