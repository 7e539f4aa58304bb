"""The way to one set of packages, what is said where it is blocked, and the order of rooms."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

import install
from check_python import VERSIONS, obstacle

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.txt", "requirements-gpu.txt")


@pytest.mark.parametrize(
    ("version", "system", "machine", "has_venv", "folder", "complaint"),
    [
        ((3, 14), "Linux", "x86_64", True, "/a", "Python 3.14: must be 3.11, 3.12 or 3.13"),
        ((3, 9), "Linux", "x86_64", True, "/a", "make PYTHON=python3"),
        ((3, 12), "Darwin", "x86_64", True, "/a", "Darwin on x86_64: must be Linux on x86_64 or"),
        ((3, 12), "Windows", "AMD64", True, "/a", "WSL 2"),
        ((3, 12), "Linux", "x86_64", False, "/a", "apt install python3-venv"),
        ((3, 12), "Linux", "x86_64", True, "/a:b", "/a:b: must be a path without ':', for Python"),
    ],
)
def test_what_stands_in_the_way_is_said_with_what_to_do(
    version, system, machine, has_venv, folder, complaint
):
    assert complaint in obstacle(version, system, machine, has_venv, folder)


def test_a_folder_in_which_python_makes_no_venv_is_named_in_a_line(tmp_path):
    folder = tmp_path / "10:30"
    folder.mkdir()
    command = [sys.executable, str(ROOT / "check_python.py")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    rule = "must be a path without ':', for Python's venv"
    assert (done.returncode, done.stderr) == (1, f"lenet: {folder}: {rule}\n")
    # As Python itself would say, later and of its own folder.
    with pytest.raises(ValueError, match="contains the PATH separator"):
        venv.create(folder / ".venv")


def test_nothing_stands_in_the_way_where_tensorflow_has_wheels():
    for version in VERSIONS:
        assert obstacle(version, "Linux", "aarch64", True, "/a b") is None


def test_python_versions_are_those_of_pyproject():
    wanted = f">=3.{VERSIONS[0][1]},<3.{VERSIONS[-1][1] + 1}"
    assert PROJECT["project"]["requires-python"] == wanted


def test_conda_installs_the_lock_and_nothing_beside_it():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert conda[-1] == {"pip": ["-r requirements.txt"]}
    [python] = [item for item in conda[:-1] if item.startswith("python=")]
    assert tuple(map(int, python.removeprefix("python=").split("."))) in VERSIONS
    assert set(conda[:-1]) == {python, "pip", "make"}
    assert os.access(ROOT / "postBuild", os.X_OK)


def pins(lock):
    return set(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_the_locks_agree_and_hold_every_package_with_its_hashes():
    assert pins("requirements.txt") <= pins("requirements-gpu.txt")
    ours = {name for name, _ in pins("requirements.txt")}
    shared = {(name, version) for name, version in pins("peers/requirements.txt") if name in ours}
    assert shared <= pins("requirements.txt")
    assert any(name.startswith("nvidia-cudnn") for name, _ in pins("requirements-gpu.txt"))
    for lock in (*LOCKS, "requirements-pip.txt", "peers/requirements.txt"):
        entries = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text())
        assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)


@pytest.fixture
def wheel(tmp_path):
    """A package with one module, whose own index is its folder."""
    info = "a-1.dist-info"
    files = {
        "a.py": "",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: a\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    path = tmp_path / "index" / "a-1-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_a_package_of_another_hash_is_refused(wheel, tmp_path, capfd):
    lock = tmp_path / "lock.txt"
    target = tmp_path / "installed"
    from_there = ["--no-index", "--find-links", str(wheel.parent), "--target", str(target)]
    lock.write_text(f"a==1 --hash=sha256:{'0' * 64}")
    with pytest.raises(SystemExit, match="1"):
        install.pip("--require-hashes", "-r", str(lock), *from_there)
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in capfd.readouterr().err
    assert not (target / "a.py").exists()
    lock.write_text(f"a==1 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}")
    install.pip("--require-hashes", "-r", str(lock), *from_there)
    assert (target / "a.py").exists()


def test_the_lock_names_every_package_of_pyproject():
    project = PROJECT["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[A-Za-z0-9-]+", item).group().lower() for item in wanted}
    assert names <= {name for name, _ in pins("requirements.txt")}


def test_pip_keeps_a_persons_mirror_and_nothing_else(tmp_path, monkeypatch):
    settings = tmp_path / "pip.conf"
    lines = ["[global]", "index-url = https://mirror/simple", "target = /elsewhere"]
    settings.write_text("\n".join([*lines, "[install]", "user = true", "no-binary = :all:"]))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setenv("PIP_PREFIX", "/elsewhere")
    monkeypatch.setenv("PIP_TIMEOUT", "7")
    found = {key: value for key, value in install.surroundings().items() if "PIP_" in key}
    assert found["PIP_INDEX_URL"] == "https://mirror/simple"
    assert found["PIP_TIMEOUT"] == "7"
    assert not found.keys() & {"PIP_TARGET", "PIP_USER", "PIP_NO_BINARY", "PIP_PREFIX"}
    # With these pip itself reads no other settings.
    command = [sys.executable, "-m", "pip", "config", "list"]
    environment = install.surroundings()
    listed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert not re.search("target|prefix|user|binary", listed.stdout)


def make(*words, folder=ROOT, **environment):
    """What `make` prints; $LENET_DATA is the given one alone."""
    known = {key: value for key, value in os.environ.items() if not key.startswith("LENET")}
    command = ["make", "--no-print-directory", f"PYTHON={sys.executable}", *words]
    known.update(environment)
    done = subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_make_without_a_target_lists_them_all():
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    assert {line.split()[1] for line in make().splitlines()} == set(targets.split())


@pytest.fixture
def clone(tmp_path):
    """A project of its Makefile and locks alone, in a folder whose name has a space."""
    folder = tmp_path / "my project's home"
    folder.mkdir()
    for name in ("Makefile", *LOCKS):
        shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("../my data", "{parent}/my data"),
        ("data", "{folder}/data"),
        ("~/da ta", "{home}/da ta"),
        ("/it's $HOME here", "/it's $HOME here"),
    ],
)
@pytest.mark.parametrize("on_the_command_line", [True, False])
def test_a_data_folder_is_found_wherever_a_command_starts(given, meant, on_the_command_line, clone):
    show = ["--eval=show: ; @cd / && printenv LENET_DATA", "show"]
    if on_the_command_line:
        said = make(*show, f"LENET_DATA={given}", folder=clone)
    else:
        said = make(*show, folder=clone, LENET_DATA=given)
    places = {"folder": clone, "parent": clone.parent, "home": Path.home()}
    assert said == meant.format(**places) + "\n"


def test_names_that_stand_for_something_else_in_a_shell_are_not_obeyed(clone):
    show = ["--eval=show: ; @echo '$(LOCK) $(ARGS) $(DATASET) $(PROFILE)'", "show"]
    shell = {"LOCK": "x", "ARGS": "x", "DATASET": "x", "PROFILE": "x", "PYTHONPATH": "/x"}
    assert make(*show, folder=clone, **shell).split() == ["requirements.txt"]
    show = ["--eval=show: ; @printenv PYTHONPATH || echo none", "show"]
    assert make(*show, folder=clone, **shell) == "none\n"
    assert "--dataset mnist --profile 'a b' -n" in make(
        "-n", "report", "DATASET=mnist", "PROFILE=a b", "ARGS=-n", folder=clone
    )


@pytest.mark.parametrize(("user", "allowed"), [(0, " --allow-root"), (1000, "")])
def test_jupyterlab_stays_on_this_machine_and_keeps_its_token(user, allowed, clone):
    command = make("-n", "lab", f"USER_ID={user}", "ARGS=--no-browser", folder=clone)
    command = command.splitlines()[-1]
    begin = f".venv/bin/python -m jupyterlab --ip=127.0.0.1{allowed}"
    assert command == f"{begin} --LabApp.default_url=/lab/tree/play --no-browser"


def test_notebooks_are_played_with_as_copies(clone):
    source = clone / "notebooks" / "a.ipynb"
    source.parent.mkdir()
    source.write_text("1")
    played = clone / "play" / "a.ipynb"
    make("play/a.ipynb", folder=clone)
    played.write_text("mine")
    make("play/a.ipynb", folder=clone)
    assert played.read_text() == "mine"
    source.write_text("2")
    later = played.stat().st_mtime + 1
    os.utime(source, (later, later))
    make("play/a.ipynb", folder=clone)
    assert played.read_text() == "2"
    [kept] = (clone / "play").glob("a-before-*.ipynb")
    assert kept.read_text() == "mine"


def test_the_checkout_of_another_platform_has_plain_ends_of_lines(clone, tmp_path):
    """As by git on Windows, whose files a container or WSL may see."""
    shutil.copy2(ROOT / ".gitattributes", clone)
    shutil.copytree(ROOT / ".ci", clone / ".ci")
    shutil.copytree(ROOT / "params", clone / "params")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=true"]
    checkout = tmp_path / "checkout"
    for words in (
        ["init", "--quiet"],
        ["add", "."],
        ["commit", "--quiet", "--message=first"],
        ["clone", "--quiet", ".", str(checkout)],
    ):
        subprocess.run([*git, *words], cwd=clone, check=True, capture_output=True)
    for path in clone.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            assert (checkout / path.relative_to(clone)).read_bytes() == path.read_bytes()
    assert "make report" in make(folder=checkout)


def test_what_is_rendered_can_be_removed_without_what_was_run(clone):
    runs = [clone / folder / "runs" / "a" / "b.ipynb" for folder in ("reports", "reports/preview")]
    pages = [run.parents[2] / "report.html" for run in runs]
    drafts = [clone / "reports" / "draft" / "report.html"]
    for file in (*runs, *pages, *drafts):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    make("clean", folder=clone)
    assert [file.exists() for file in (*runs, *pages, *drafts)] == [True, True, False, False, False]
    make("clean-runs", folder=clone)
    assert not any(file.exists() for file in runs)


def imports(folder):
    """Status and words of the linter that knows the order of the rooms."""
    program = Path(sys.executable).with_name("lint-imports")
    command = [program, "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout


def copy_packages(folder):
    """The code of the project, and what says in which order its rooms stand."""
    ignored = shutil.ignore_patterns("__pycache__")
    for package in ("lenet", "pipeline"):
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    shutil.copy2(ROOT / "pyproject.toml", folder / "pyproject.toml")


@pytest.mark.parametrize(
    ("module", "name"), [("lenet.results", "tables"), ("pipeline.door", "stamps")]
)
def test_each_room_imports_from_those_below_it_alone(module, name, tmp_path):
    copy_packages(tmp_path)
    assert imports(tmp_path)[0] == 0
    wrong = tmp_path / "lenet" / "plan" / "sources.py"
    wrong.write_text(wrong.read_text() + f"\nfrom {module} import {name}\n")
    status, said = imports(tmp_path)
    assert status == 1
    assert f"is not allowed to import {module}" in said


def test_a_room_without_a_place_in_the_order_is_told(tmp_path):
    copy_packages(tmp_path)
    (tmp_path / "lenet" / "attic").mkdir()
    (tmp_path / "lenet" / "attic" / "__init__.py").touch()
    status, said = imports(tmp_path)
    assert status == 1
    assert "attic" in said


@pytest.mark.parametrize(
    "room",
    [
        "lenet/plan",
        "lenet/results",
        "lenet/verdicts",
        "lenet/report",
        "pipeline/door",
        "pipeline/pages",
        "pipeline/edition",
    ],
)
def test_a_room_that_needs_no_tensorflow_does_not_load_it(room):
    modules = []
    for path in sorted((ROOT / room).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        modules.append(name.removesuffix(".__init__"))
    code = f"import sys, {', '.join(modules)}; print('tensorflow' in sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_the_project_may_be_called_as_its_package(tmp_path):
    """From the parent of a clone named lenet the package is still the package."""
    folder = tmp_path / "lenet"
    folder.mkdir()
    code = "from lenet.plan import parameters; print(parameters.ROOT)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == f"{ROOT}\n", done.stderr
