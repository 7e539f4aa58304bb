"""What the README says is what results.json holds."""

import json
import re

import pytest

from pipeline.edition import publish, readme
from tests.copied_tree import ROOT

README = (ROOT / "README.md").read_text("utf-8")
RESULTS = ROOT / "reports" / "published" / "results.json"


def told(text):
    """What stands between the marks."""
    return text.partition(readme.BEGIN)[2].partition(readme.END)[0]


def test_this_readme_tells_of_the_published_edition_and_of_no_other():
    if RESULTS.exists():
        assert readme.rewritten(README, json.loads(RESULTS.read_text("utf-8"))) == README
    else:
        assert not told(README).strip()


def counts(text):
    """The numbers in a text, but for the year."""
    return [int(number) for number in re.findall(r"\b\d+\b", text) if number != "2017"]


def test_all_sentences_are_counted_on_both_sides(whole_study):
    text = told(readme.rewritten(README, whole_study)).partition("<img")[0]
    ours, past = text.split("on the numbers of 2017\n")
    sentences = whole_study["conclusions"]
    assert (sum(counts(ours)), sum(counts(past))) == (len(sentences), len(sentences))
    assert counts(ours)[0] == [sentence["verdict"] for sentence in sentences].count("holds")
    assert counts(past)[0] == [sentence["verdict_2017"] for sentence in sentences].count("holds")


def test_machine_commit_and_date_are_told(whole_study):
    text = told(readme.rewritten(README, whole_study))
    assert "Runs on A processor; commit 0123456789ab; last run: 2026-01-01.\n" in text


def test_the_rest_of_the_readme_stays(whole_study):
    once = readme.rewritten(README, whole_study)
    assert readme.rewritten(once, whole_study) == once
    assert once.replace(told(once), told(README)) == README


def test_every_link_leads_to_a_published_file(whole_study, project):
    publish.publish()
    links = re.findall(r"reports/published/[\w.-]+", told(readme.rewritten(README, whole_study)))
    assert len(links) == 6
    assert all((project / link).is_file() for link in links)


@pytest.mark.parametrize("mark", [readme.BEGIN, readme.END])
def test_a_readme_without_a_mark_is_refused(mark, whole_study):
    with pytest.raises(ValueError, match="README.md: must have a line"):
        readme.rewritten(README.replace(mark, ""), whole_study)
