"""Pandoc's tree of a text: what is text stays text, figures and tables are numbered."""

import json
import re
from subprocess import CalledProcessError

import pytest

from pipeline.pages import document
from pipeline.pages.document import elements, pandoc, read

FIGURE = "![A *line*.](figures/a){#fig-a}"
TABLE = "| a |\n|---|\n| 1 |\n\n: Some. {#tbl-a}"


def texts(tree):
    return [one["c"] for one in elements(tree) if one["t"] == "Str"]


def test_pandoc_is_the_projects_and_sees_nothing_of_the_persons(tmp_path, monkeypatch):
    other = tmp_path / "pandoc"
    other.write_text("#!/bin/sh\necho another\n")
    other.chmod(0o755)
    data = tmp_path / ".local/share/pandoc"
    data.mkdir(parents=True)
    (data / "abbreviations").write_text("epoch.\n")
    changed = {"PATH": tmp_path, "PYPANDOC_PANDOC": other, "HOME": tmp_path, "LANG": "C"}
    plain = pandoc("At epoch. 4 é", "--to=html")
    for name, value in {**changed, "XDG_DATA_HOME": tmp_path / ".local/share"}.items():
        monkeypatch.setenv(name, str(value))
    assert pandoc("At epoch. 4 é", "--to=html") == plain == "<p>At epoch. 4 é</p>\n"


def test_a_warning_of_pandoc_stops_the_build():
    with pytest.raises(CalledProcessError):
        pandoc("[a]: b\n[a]: c", "--to=html")


def test_figures_tables_and_what_was_left_out_are_numbered_in_order():
    left_out = "[*Left out.* Times.]{#fig-b}"
    second = FIGURE.replace("-a", "-c")
    tree = read(f"# T\n\n@fig-c, @tbl-a\n\n{FIGURE}\n\n{left_out}\n\n{TABLE}\n\n{second}\n", {})
    words = "".join(texts(tree))
    assert words.startswith("Figure\u00a03,Table\u00a01Figure\u00a01.Aline.")
    assert "Figure\u00a02.Left" in words
    links = [one["c"][2][0] for one in elements(tree) if one["t"] == "Link"]
    assert links == ["#fig-c", "#tbl-a"]


def test_the_first_heading_is_the_title_and_front_is_text():
    tree = read("# *A* title\n\n## Next\n", {"label": "<b>", "date": "2026"})
    assert tree["meta"]["title"] == {"t": "MetaString", "c": "*A* title"}
    assert tree["meta"]["label"] == {"t": "MetaString", "c": "<b>"}
    assert [one["c"][0] for one in elements(tree) if one["t"] == "Header"] == [2]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "```{=html}\n<script>alert(1)</script>\n```",
        "<div onclick=alert(1)>\n\nx\n\n</div>",
        "`#import`{=typst}",
        "\\input{/etc/passwd}",
    ],
)
def test_markup_of_other_languages_is_text(text):
    kinds = {one["t"] for one in elements(read(f"# T\n\n{text}\n", {}))}
    assert kinds.isdisjoint({"RawInline", "RawBlock", "Div"})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("# T\n\nSee @fig-nowhere.", "@fig-nowhere: no figure or table"),
        ("# T\n\nAsk @someone.", "@someone: no figure or table"),
        ("No heading.", "title = 'No heading.'"),
        ("", "title = ''"),
        (f"# T\n\n{TABLE}\n\n{TABLE}", "tbl-a: two"),
        (f"# T\n\n{FIGURE}\n\n[x]{{#fig-a}}", "fig-a: two"),
    ],
)
def test_a_text_that_is_not_whole_is_refused(text, fault):
    with pytest.raises(ValueError, match=re.escape(fault)):
        read(text, {})


def test_a_wide_table_leaves_its_columns_to_the_writers():
    wide = "| a | b |\n|---|---|\n| " + "word " * 60 + "| 1 |\n"
    [table] = [one for one in elements(read(f"# T\n\n{wide}", {})) if one["t"] == "Table"]
    assert [width["t"] for _, width in table["c"][2]] == ["ColWidthDefault"] * 2


def test_elements_may_be_changed_while_they_are_walked():
    tree = json.loads(pandoc(TABLE, "--to=json"))
    for one in elements(tree):
        if one["t"] == "Table":
            one.update(t="Div", c=[["", [], []], [dict(one)]])
    assert [one["t"] for one in elements(tree)].count("Table") == 1
    assert document.identity(tree["blocks"][0]) == ""
