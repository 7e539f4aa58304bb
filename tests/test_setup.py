"""The doors that lead to one set of packages, and what is said when set-up cannot work."""

import os
import re
import subprocess

import pytest
import yaml

from check_python import VERSIONS, obstacle
from lenet.params import ROOT


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (((3, 14), "Linux", "x86_64", True), "Python 3.14: must be 3.11, 3.12 or 3.13"),
        (((3, 9), "Linux", "x86_64", True), "make PYTHON=python3"),
        (((3, 12), "Darwin", "x86_64", True), "Darwin on x86_64: must be Linux on x86_64 or aarch64, or macOS"),
        (((3, 12), "Windows", "AMD64", True), "WSL 2"),
        (((3, 12), "Linux", "x86_64", False), "apt install python3-venv"),
    ],
)
def test_what_stands_in_the_way_is_said_with_what_to_do(found, complaint):
    assert complaint in obstacle(*found)


def test_nothing_stands_in_the_way_where_tensorflow_has_wheels():
    for version in VERSIONS:
        assert obstacle(version, "Linux", "aarch64", True) is None


def test_python_versions_are_those_of_pyproject():
    text = (ROOT / "pyproject.toml").read_text()
    assert f'requires-python = ">=3.{VERSIONS[0][1]},<3.{VERSIONS[-1][1] + 1}"' in text


def test_conda_installs_the_lock_and_nothing_beside_it():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert conda[-1] == {"pip": ["-r requirements.txt"]}
    python = next(item for item in conda if isinstance(item, str) and item.startswith("python="))
    assert tuple(int(part) for part in python.removeprefix("python=").split(".")) in VERSIONS
    assert {item for item in conda if isinstance(item, str)} == {python, "pip", "make"}
    assert os.access(ROOT / "postBuild", os.X_OK)


def pins(lock):
    return set(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_both_locks_agree_and_hold_every_package_with_its_hashes():
    assert pins("requirements.txt") <= pins("requirements-gpu.txt")
    assert any(name.startswith("nvidia-cudnn") for name, _ in pins("requirements-gpu.txt"))
    for lock in ("requirements.txt", "requirements-gpu.txt"):
        entries = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text())
        assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)


def test_the_lock_names_every_package_of_pyproject():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[A-Za-z0-9-]+", item).group().lower() for item in wanted}
    assert names <= {name for name, _ in pins("requirements.txt")}


def test_make_without_a_door_lists_them_all(at_root):
    listed = subprocess.run(["make", "--no-print-directory"], capture_output=True, text=True, check=True).stdout
    doors = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    assert {line.split()[1] for line in listed.splitlines()} == set(doors)


def test_what_is_rendered_can_be_removed_without_what_was_run(at_root, tmp_path):
    runs = [tmp_path / folder / "runs" / "a" / "b.ipynb" for folder in ("reports", "reports/preview")]
    pages = [run.parents[2] / "report.html" for run in runs]
    for file in (*runs, *pages):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    make = ["make", "-f", ROOT / "Makefile", "-C", tmp_path, f"LOCK={ROOT / 'requirements.txt'}"]
    for door, left in (("clean", [True, False]), ("clean-runs", [False, False])):
        subprocess.run([*make, door], check=True, capture_output=True)
        assert [all(file.exists() for file in files) for files in (runs, pages)] == left


@pytest.mark.parametrize("file", ["Makefile", "Snakefile"])
def test_small_enough_to_read_at_a_glance(file):
    assert len((ROOT / file).read_text().splitlines()) <= 60
