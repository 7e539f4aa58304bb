"""What makes a run stale, and which commit a record names."""

import json
import os
import shutil
import subprocess

import pytest

from lenet.plan import sources
from lenet.plan.parameters import ROOT

GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]


def git(folder, *arguments):
    subprocess.run([*GIT, "-C", str(folder), *arguments], check=True, capture_output=True)


def write(folder, **contents):
    for name, text in contents.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def digest(project):
    """The digest of the project's lr_study, which has some modules to depend on."""
    for room in ("network", "timing", "results", "verdicts", "report", "hand_in_2017"):
        write(project.root / "lenet" / room, one="one = 1\n")
    return lambda notebook="lr_study": sources.digest(notebook)


def test_a_run_depends_on_its_rooms_and_on_nothing_else():
    names = {str(path.relative_to(ROOT)) for path in sources.files("lr_study")}
    rooms = {name.split("/")[1] for name in names if name.startswith("lenet/")}
    assert rooms == {"hand_in_2017", "network"}
    assert {"notebooks/lr_study.ipynb", "requirements.txt"} < names
    assert {path.parent.name for path in sources.files("memory")} >= {"network", "timing"}
    assert all(path.is_file() for path in sources.files("report"))


def test_an_edit_of_a_room_or_the_lock_changes_the_digest(project, digest):
    before = digest()
    write(project.root / "lenet" / "network", one="one = 2\n")
    edited = digest()
    (project.root / "requirements.txt").write_text("numpy==3\n")
    assert len({before, edited, digest()}) == 3


def test_an_edit_of_another_room_changes_the_report_alone(project, digest):
    notebook = project.notebook("report", "folder: str = 'a'")
    shutil.copy(notebook, notebook.with_name("benchmark.ipynb"))
    before = digest(), digest("benchmark"), sources.report_digest()
    write(project.root / "lenet" / "results", one="one = 2\n")
    (project.root / "lenet" / "report" / "page.css").write_text("p {}")
    write(project.root / "lenet", __main__="print()")
    after = digest(), digest("benchmark"), sources.report_digest()
    assert after[:2] == before[:2]
    assert after[2] != before[2]
    write(project.root / "lenet" / "timing", one="one = 2\n")
    assert digest() == before[0]
    assert digest("benchmark") != before[1]


def test_what_programs_leave_in_a_room_changes_nothing(project, digest):
    before = digest()
    room = project.root / "lenet" / "network"
    write(room / ".ipynb_checkpoints", one="")
    write(room, **{"._one": "", ".#one": ""})
    (room / "__pycache__").mkdir()
    (room / "__pycache__" / "one.cpython-311.pyc").write_bytes(b"0")
    (room / "one.py~").write_text("")
    assert digest() == before


def test_the_end_of_lines_of_another_platform_changes_nothing(project, digest):
    before = digest()
    write(project.root / "lenet" / "network", one="one = 1\r\n")
    assert digest() == before


def changed(path, change):
    book = json.loads(path.read_text())
    change(book)
    path.write_text(json.dumps(book, indent=2))


def test_a_notebook_that_was_run_and_saved_is_the_same(project, digest):
    path = project.root / "notebooks" / "lr_study.ipynb"
    before = digest()

    def save(book):
        for count, cell in enumerate(book["cells"]):
            cell["execution_count"] = count
            cell["metadata"]["collapsed"] = True
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["0.1\n"]}]
            cell["source"] = cell["source"].splitlines(keepends=True)
        empty = {"cell_type": "code", "source": [], "outputs": [], "metadata": {}}
        prose = {"cell_type": "markdown", "source": ["# New"], "metadata": {}}
        book["cells"] += [empty, prose]
        book["metadata"]["language_info"] = {"version": "3.12"}

    changed(path, save)
    assert digest() == before
    changed(path, lambda book: book["cells"][0]["source"].append("more: int = 1"))
    assert digest() != before


def test_prose_counts_in_the_report_alone(project, digest):
    path = project.notebook("report", "folder: str = 'a'")
    before = sources.report_digest()
    prose = {"cell_type": "markdown", "source": "# New", "metadata": {}}
    changed(path, lambda book: book["cells"].append(prose))
    assert sources.report_digest() != before


@pytest.fixture
def repository(project):
    """The project's folder is a repository with one commit."""
    git(project.root, "init", "--quiet")
    git(project.root, "add", ".")
    git(project.root, "commit", "--quiet", "--message", "one")
    return project.root


def test_the_commit_is_marked_where_files_differ_from_it(repository):
    name = sources.commit()
    assert len(name) == 12
    (repository / "requirements.txt").write_text("")
    assert sources.commit() == f"{name}+"


def test_variables_of_a_hook_do_not_lead_elsewhere(repository, tmp_path, monkeypatch):
    name = sources.commit()
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert sources.commit() == name


def test_a_shallow_clone_knows_its_commit(repository, tmp_path, monkeypatch):
    name = sources.commit()
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "clone")
    monkeypatch.setattr(sources, "ROOT", tmp_path / "clone")
    assert sources.commit() == name


def test_an_archive_inside_another_repository_has_no_commit(repository, monkeypatch):
    inner = repository / "inner"
    inner.mkdir()
    monkeypatch.setattr(sources, "ROOT", inner)
    assert sources.commit().startswith(
        "unknown (fatal: not a git repository (or any of the parent directories"
    )


def test_a_repository_without_a_commit_is_told(project):
    git(project.root, "init", "--quiet")
    assert sources.commit().startswith("unknown (")
    assert "HEAD" in sources.commit()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_folder_of_another_user_is_told_and_not_named(repository):
    os.chown(repository, 12345, 12345)
    os.chown(repository / ".git", 12345, 12345)
    found = sources.commit()
    assert found.startswith("unknown (fatal: detected dubious ownership in repository at")
    assert str(repository) not in found


def test_a_machine_without_git_is_told(repository, monkeypatch):
    monkeypatch.setenv("PATH", str(repository))
    assert sources.commit() == "unknown (git cannot be asked: FileNotFoundError)"
