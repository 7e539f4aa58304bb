"""The edition is whole, small, and of the tree's sources; or there is none."""

import shutil
import subprocess

import nbformat
import pytest

from lenet.plan import sources
from pipeline.edition import publish
from tests.pipeline.edition.conftest import git

NAMES = ["SHA256SUMS", "front-errors.svg", "front-runtime.svg", "report.html", "report.ipynb"]
NAMES += ["report.pdf", "results.json"]


def contents(project):
    """All files but git's own."""
    paths = [path for path in project.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {path: path.read_bytes() for path in paths}


def refused(project, reason):
    """Whether it is not published, for that reason, and every file is as it was."""
    before = contents(project)
    with pytest.raises((SystemExit, OSError, ValueError), match=reason):
        publish.publish()
    return contents(project) == before


def test_all_of_it_is_published(project):
    before = contents(project)
    publish.publish()
    folder = project / "reports" / "published"
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    for name in ("report.html", "report.pdf", "results.json"):
        assert (folder / name).read_bytes() == (project / "reports" / name).read_bytes()
    assert "hold on our runs" in (project / "README.md").read_text("utf-8")
    # What anyone can check without this project.
    check = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    if shutil.which("sha256sum"):
        subprocess.run(check, cwd=folder, check=True)
    # Nothing else is left, and what is published does not stand in the way of the next time.
    published = contents(project)
    assert published.keys() - before.keys() == {folder / name for name in NAMES}
    publish.publish()
    assert contents(project) == published


def test_an_older_edition_is_replaced(project):
    old = project / "reports" / "published" / "learning-rate.svg"
    old.parent.mkdir()
    old.touch()
    publish.publish()
    assert not old.exists()


def test_a_notebook_keeps_one_form_of_each_output(project):
    publish.publish()
    path = project / "reports" / "published" / "report.ipynb"
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    figure, text = notebook.cells[1].outputs
    assert text.data == {"text/markdown": "It fell."}
    assert set(figure.data) == {"image/png"}


@pytest.mark.parametrize(
    ("keys", "value", "reason"),
    [
        (["preview"], True, "preview = True: must be False"),
        (["draft"], True, "draft = True: must be False"),
        (["dataset"], "digits", "dataset = 'digits': must be 'mnist'"),
        (["origin", "sources_changed"], ["train"], r"sources_changed = \['train'\]"),
        (["origin", "report_sources"], "0" * 12, "made by other sources"),
        (["origin", "runs", "train/seed=103", "sources"], "0" * 12, "made by other sources"),
        (["origin", "runs"], {}, "without all runs"),
        (["extra"], {"own/lr_study/lr=0.5": {}}, "extra = .*lr=0.5.*: must be {}"),
        (["origin", "report_commit"], "0123456789ab+", "report_commit = .* commit, then make"),
        (["origin", "report_commit"], "unknown (no git)", "report_commit = 'unknown"),
    ],
)
def test_what_is_not_the_finished_report_is_refused(keys, value, reason, project, change):
    change(project / "reports" / "results.json", *keys, value=value)
    assert refused(project, reason)


def test_a_tree_whose_sources_are_not_committed_is_refused(project):
    (project / "lenet" / "a.py").write_text("2\n")
    assert refused(project, "commit first:  M lenet/a.py")
    (project / "lenet" / "a.py").write_text("1\n")
    (project / "params").mkdir()
    (project / "params" / "mine.yaml").touch()
    assert refused(project, r"commit first: \?\? params/")


def test_a_persons_git_hides_nothing(project, tmp_path, monkeypatch):
    """As in a hook of another repository, and with new files hidden by the person's settings."""
    other = tmp_path / "other"
    git(tmp_path, "init", "--quiet", str(other))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("[status]\nshowUntrackedFiles = no\n")
    (project / "params").mkdir()
    (project / "params" / "mine.yaml").touch()
    assert refused(project, r"commit first: \?\? params/")


def test_where_git_does_not_tell_it_is_refused_in_its_words(project):
    (project / ".git" / "HEAD").write_text("")
    assert refused(project, "^fatal: not a git repository")


def test_sources_that_changed_since_are_refused(project, monkeypatch):
    monkeypatch.setattr(sources, "report_digest", lambda: "0" * 12)
    assert refused(project, "made by other sources")


def test_a_file_that_is_no_source_may_change(project):
    (project / "notes.txt").touch()
    publish.publish()


@pytest.mark.parametrize("name", ["report.pdf", "figures/front-errors.svg", "report.ipynb"])
def test_a_report_that_is_not_whole_is_refused(name, project):
    publish.publish()
    (project / "reports" / name).unlink()
    assert refused(project, name.partition("/")[2] or name)
    assert (project / "reports" / "published" / "report.pdf").is_file()


def test_a_readme_without_marks_is_refused(project):
    (project / "README.md").write_text("# Title\n")
    assert refused(project, "README.md: must have a line <!-- edition: begin -->")
    assert not (project / "reports" / "published").exists()


def test_what_is_too_large_is_refused_by_name(project):
    (project / "reports" / "report.pdf").write_bytes(b"0" * publish.MOST_BYTES)
    assert refused(project, "'report.pdf': 4000000, .*: must be at most 4,000,000 bytes in all")
