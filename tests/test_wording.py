"""Sentences and tables of the claims: right for every verdict, and changed when a run's numbers are."""

import math
import runpy
from pathlib import Path

import pandas as pd
import pytest

from lenet import claims, params, pilot, scraps, tables, wording
from lenet import statistics as st

TOY = runpy.run_path(str(Path(__file__).parent / "toy_runs.py"))
CLAIM = claims.definitions("""
small:
  experiment: learning rate
  claim: It is small.
  runs: 3
  bands:
    - {quantity: its size, at_most: 0.1, why: because, unit: share}
""")["small"]


def part(value, low, high, n=3, label="a"):
    return st.Part(label, st.exact(value, n, low, high), CLAIM.bands[0]["band"], CLAIM.minimum, "share")


def result(*parts, then=()):
    return claims.Result(CLAIM, list(then), list(parts), ["study/lr=0.1"])


CASES = {
    st.HOLDS: (part(0.05, 0.04, 0.06), "Ours **support this**: 5% [4, 6] (n = 3)."),
    st.FAILS: (part(0.5, 0.4, 0.6), "Ours **do not support this**: 50% [40, 60] (n = 3)."),
    st.UNDECIDED: (part(0.1, 0.05, 0.15), "Ours **leave this undecided**: 10% [5, 15] (n = 3)."),
    st.NOT_MEASURED: (part(0.1, 0.05, 0.15, n=2), "Ours **do not answer this**: 10% [5, 15] (n = 2 of the 3 needed)."),
}


@pytest.mark.parametrize("verdict", CASES)
def test_a_finding_tells_verdict_estimate_interval_band_and_n(verdict):
    given, sentence = CASES[verdict]
    found = result(given)
    assert found.verdict == verdict
    text = wording.finding(found).replace("\u00a0", " ")
    assert text.startswith("*It is small.* Asked: its size, at most 10%. 2017's numbers **do not answer this**.")
    assert text.endswith(sentence)


def test_a_verdict_without_any_run_has_no_number():
    nothing = part(math.nan, None, None, n=0)
    assert wording.finding(result(nothing)).endswith("Ours **do not answer this**.")
    never_run = claims.Result(CLAIM, [], [nothing], [])
    assert wording.finding(never_run).endswith("Ours **do not answer this** (nothing was run for it).")


def test_parts_without_usable_runs_are_named_or_counted():
    known, lost = part(0.05, 0.04, 0.06), [part(math.nan, None, None, n=0, label=label) for label in "bcd"]
    assert wording.measured([known, lost[0]]).endswith("; no usable runs for b")
    assert wording.measured([known, *lost]).endswith("; no usable runs for 3 others")


def test_a_conclusion_of_ours_says_so():
    ours = claims.Result(CLAIM._replace(ours=True), [], [part(0.05, 0.04, 0.06)], [])
    for text in (
        wording.finding(ours),
        wording.brief(ours),
        wording.verdict_table({"small": ours}).at[0, "Conclusion"],
    ):
        assert "It is small. (ours)" in text


def test_of_many_parts_the_one_that_decides_is_told():
    parts = [part(0.05, 0.04, 0.06), part(0.5, 0.4, 0.6, label="b"), part(0.09, 0.08, 0.095, label="c")]
    assert "at worst 50% [40, 60] (b; n\u00a0=\u00a03)" in wording.finding(result(*parts))
    assert wording.decisive(parts).label == "b"
    assert wording.decisive([parts[0], parts[2]]).label == "c"


def test_what_is_arithmetic_on_both_sides_is_told_once():
    given = part(0.05, 0.05, 0.05)
    text = wording.finding(claims.Result(CLAIM, [given], [given], []))
    assert text.endswith("Computed exactly, without a run, this **holds**: 5% (n\u00a0=\u00a03).")


@pytest.mark.parametrize(
    ("band", "unit", "text"),
    [
        (st.Band(high=0.1), "share", "at most 10%"),
        (st.Band(low=0, strict=True), "points", "more than 0 points"),
        (st.Band(high=0.0025), "points", "at most 0.25 points"),
        (st.Band(-0.1, 0.1), "relative", "from −10 to 10%"),
        (st.Band(1, 1), "share", "exactly 100%"),
        (st.Band(low=3, strict=True), "GiB", "more than 3 GiB"),
    ],
)
def test_limits_in_words(band, unit, text):
    assert wording.limits(band, unit) == text


@pytest.mark.parametrize(
    ("band", "unit", "value", "at"),
    [
        (st.Band(0.8, 1.2), "power", 1.0, 1),
        (st.Band(0.8, 1.2), "power", 1.2, 0),
        (st.Band(0.8, 1.2), "power", 1.4, -1),
        (st.Band(0.5, 2), "ratio", 4, -1),
        (st.Band(low=1, strict=True), "ratio", 2, 1),
        (st.Band(high=0.1), "share", 0.3, -2),
        (st.Band(high=0, strict=True), "points", 0.02, -2),
        (st.Band(0, 0), "images", 0, 1),
    ],
)
def test_distance_from_the_edge_by_hand(band, unit, value, at):
    place = wording.distance(st.Part("", st.exact(value), band, 1, unit))
    assert place(value) == pytest.approx(at)


def test_tally():
    assert wording.tally([st.HOLDS, st.FAILS, st.HOLDS]) == "support 2 and do not support 1"
    assert wording.tally([st.UNDECIDED]) == "leave 1 undecided"


def test_choose_falls_back_on_2017():
    ours, theirs = part(0.5, 0.4, 0.6), part(0.05, 0.04, 0.06)
    assert wording.choose(result(ours, then=[theirs]), "yes", "no", "?") == "no"
    assert wording.choose(result(part(0.5, 0.4, 0.6, n=1), then=[theirs]), "yes", "no", "?") == "yes"


@pytest.mark.parametrize(
    ("finished", "word"), [("2026-05-02T00:00:00+00:00", "after"), ("2026-04-01T00:00:00+00:00", "before")]
)
def test_thresholds_are_dated_against_the_first_run(finished, word):
    known = {"commit": "abc", "time": "2026-05-01T12:00:00+02:00"}
    known |= {"worded_commit": "bcd", "worded_time": "2026-05-03T00:00:00+00:00"}
    assert "No run" in wording.committed(known)
    first = {"first_run": "a/b", "first_commit": "def", "first_time": finished}
    text = wording.committed(known | first)
    assert f"{word} t" in text.split(": ")[1]
    assert "2026-05-01 at 10:00 UTC, in commit abc" in text
    assert "2026-05-03 at 00:00 UTC, in commit bcd" in text
    never = {"commit": "unknown", "time": "unknown", "worded_commit": "unknown", "worded_time": "unknown"}
    assert "there is no version control" in wording.committed(never)
    assert "differ from the last commit" in wording.committed(
        known | {"worded_commit": scraps.UNCOMMITTED, "worded_time": "unknown"}
    )


def test_the_edges_of_bands_are_their_limits_without_a_word():
    text = "small:\n  claim: It is below: one.\n  bands:\n    - {quantity: %s, at_most: 0.1, why: so, unit: share}\n"
    text += "other:\n  bands:\n    - {quantity: its size, within: [-0.1, %s], why: so, unit: share}\n"
    edges = tables.edges(text % ("its size", 0.2))
    assert edges == ["small:", "at_most: 0.1", "other:", "within: [-0.1, 0.2]"]
    assert tables.edges(text % ("how small", 0.2)) == edges != tables.edges(text % ("its size", 0.3))


def test_every_limit_is_among_the_edges():
    text = (claims.FOLDER / "claims.yaml").read_text()
    bands = sum(len(claim.bands) for claim in claims.CLAIMS.values())
    assert len(tables.edges(text)) == len(claims.CLAIMS) + bands


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """The folder of made-up runs of the whole study, and its plan."""
    folder, runs = tmp_path_factory.mktemp("runs"), params.plan()
    TOY["build"](folder, runs)
    return folder, runs


def judged(finished):
    return claims.verdicts(tables.evidence(finished), claims.reference())


def changed(finished, name, **values):
    """The runs with these columns of one run's curves changed by hand."""
    return [
        run._replace(frames=run.frames | {"curves": run.frames["curves"].assign(**values)}) if run.name == name else run
        for run in finished
    ]


def test_one_run_changed_by_hand_changes_sentence_table_and_figure(planned):
    finished = scraps.read_all(*planned)
    before = judged(finished)
    worse = changed(finished, "more_seeds/lr=0.1", validation_error=lambda rows: rows["validation_error"] * 3)
    after = judged(worse)
    name = "best_of_four"
    assert before[name].verdict == st.HOLDS != after[name].verdict
    assert "more_seeds/lr=0.1" in after[name].runs
    for say in (wording.finding, wording.brief, claims.Result.to_json):
        assert say(before[name]) != say(after[name])
    for table in (wording.verdict_table, wording.definition_table, wording.forest):
        assert not table(before).equals(table(after))
    assert wording.finding(before["memory"]) == wording.finding(after["memory"])


def test_every_claim_can_be_told_with_and_without_runs(planned):
    for results in (judged(scraps.read_all(*planned)), judged([])):
        assert len(wording.verdict_table(results)) == len(claims.CLAIMS)
        for found in results.values():
            assert found.claim.paraphrase in wording.brief(found)
            assert "nan" not in wording.finding(found).replace("finan", "")
        assert wording.forest(results)[["at", "low", "high"]].notna().all(axis=None)


def test_without_runs_the_frames_are_empty_and_nothing_fails():
    evidence = tables.evidence([])
    runs = tables.faithful(evidence.curves)
    assert runs.empty
    assert tables.runs_of(runs) == "No finished runs."
    wrong, networks = tables.wrong_images(evidence.right, runs, 0.1, 10_000)
    assert (wrong.shape, len(networks), tables.disagreements(wrong)) == ((0, 10_000), 0, 0)
    assert tables.test_errors([]).empty
    assert tables.runtimes(evidence.times, None).empty


def test_longer_runs_and_repeats_count_once(planned):
    finished = scraps.read_all(*planned)
    runs = tables.faithful(tables.evidence(finished).curves)
    assert not runs.duplicated(["lr", "seed", "epoch"]).any()
    networks = dict.fromkeys((0.001, 0.01, 0.03, 0.1, 0.3, 1.0), 5)
    assert runs.groupby("lr")["seed"].nunique().to_dict() == networks | {0.0001: 15}


def test_a_study_of_ones_own_stays_out_of_what_the_report_tells(planned):
    finished = scraps.read_all(*planned)
    mine = []
    for run in finished:
        kind, setting = run.record["notebook"], run.record["parameters"]
        change = {"benchmark": {"threads": 1}, "train": {"lr": 0.01}}.get(kind)
        if change:
            known = run.record | {"parameters": setting | change, "test_error": 0.5}
            mine.append(run._replace(name=f"mine/{run.name}", record=known))
    assert {run.record["notebook"] for run in mine} == {"benchmark", "train"}
    assert tables.evidence([*finished, *mine]).times.equals(tables.evidence(finished).times)
    assert tables.test_errors([*finished, *mine]).equals(tables.test_errors(finished))


def test_rounds_are_summed_up_for_the_file_of_numbers(planned):
    found = tables.rounds(tables.evidence(scraps.read_all(*planned)).times).set_index("name")
    assert list(found.index) == [f"epoch_seconds_CPU_{filters}" for filters in (8, 16, 32, 64)]
    assert (found["min"] <= found["median"]).all()
    assert found["count"].tolist() == [5] * 4
    assert found["runs"].iloc[0][0] == "benchmark/device=CPU,filters=8"


def test_wrong_images_by_hand():
    right = pd.DataFrame({"run": "a/b", "seed": [100, 101], "epoch": 2, "right": ["gA==", "wA=="]})  # 1000, 1100
    runs = pd.DataFrame({"run": "a/b", "seed": [100, 101], "lr": 0.1})
    wrong, networks = tables.wrong_images(right, runs, 0.1, 4)
    assert wrong.tolist() == [[False, True, True, True], [False, False, True, True]]
    assert networks["seed"].tolist() == [100, 101]
    assert tables.disagreements(wrong) == 1


@pytest.mark.parametrize(
    ("before", "part", "kind"),
    [
        (st.HOLDS, part(0.05, 0.04, 0.06), ""),
        (st.FAILS, part(0.05, 0.04, 0.06), "contradicts the pilot"),
        (st.HOLDS, part(0.1, 0.05, 0.15), "undecided now, for want of precision"),
        (st.UNDECIDED, part(0.05, 0.04, 0.06), "decided now"),
        (st.NOT_MEASURED, part(0.1, 0.05, 0.15), "measured only now"),
        (st.HOLDS, part(0.05, 0.04, 0.06, n=2), "measured only by the pilot"),
    ],
)
def test_a_difference_from_the_pilot_has_its_kind(before, part, kind):
    found = claims.Result(CLAIM._replace(pilot=before), [], [part], [])
    assert pilot.difference(found) == kind
    table, sentence = pilot.table({"small": found}), pilot.sentence({"small": found})
    if not kind:
        assert table.empty
        assert sentence == "Of 1 conclusions, 1 have the verdict that they had in the pilot."
        return
    verdicts = {"Pilot": before, "Our runs": found.verdict, "n": part.estimate.n, "Difference": kind}
    assert {name: table.at[0, name] for name in verdicts} == verdicts
    assert table.at[0, "Decided by"].endswith("; asked: at most 10%")
    assert sentence.endswith(f"Of the others: {kind}: No. 1.")


def test_what_the_pilot_lacked_and_what_needs_no_run_is_told():
    exact = part(0.05, 0.04, 0.06)._replace(minimum=1)
    found = claims.Result(CLAIM._replace(pilot=st.NOT_MEASURED, pilot_note="no run"), [], [exact], [])
    assert pilot.table({"small": found}).at[0, "Difference"] == "decided by arithmetic; no run"


def test_an_interval_without_an_end_is_told_by_its_beginning():
    assert wording.interval(st.Part("", st.exact(math.inf, 5, 2.3, math.inf), unit="odds ratio")) == "2.3 or more"
    assert wording.interval(st.Part("", st.exact(0, 5, 0, math.inf), unit="ratio")) == "not bounded"


def test_a_p_value_has_a_correction_and_no_interval():
    assert wording.interval(st.Part("", st.exact(0.3, 5, 0.3, 0.9), unit="p")) == "0.3 (corrected: 0.9)"


@pytest.mark.parametrize(
    ("loss", "error", "end"), [(-0.7, 0.01, "it overfits)"), (-0.7, -0.3, "goes on learning)"), (0.02, 0.01, "by +1%")]
)
def test_a_network_that_learns_by_heart_is_told_from_one_that_learns(loss, error, end):
    assert wording.overfitting(0.1, loss, error, 0.1).endswith(end)
