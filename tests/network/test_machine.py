"""What is said of the machine is what this process may use, and names nobody."""

import getpass
import os
import platform
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import nbformat
import pytest

from lenet.network import kernels, machine

SECOND_VERSION = "0::/jobs/mine\n"
FIRST_VERSION = "3:cpu,cpuacct:/mine\n4:memory:/mine\n1:name=systemd:/\n0::/\n"
GIB = 2**30


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A function that writes this process's control groups: (own line, files by path)."""
    monkeypatch.setattr(machine, "CONTROL_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 16)

    def write(own, **files):
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / "cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


@pytest.mark.parametrize(
    ("own", "files", "cores"),
    [
        (SECOND_VERSION, {}, 8),
        (SECOND_VERSION, {"jobs/mine/cpu.max": "max 100000"}, 8),
        (SECOND_VERSION, {"jobs/mine/cpu.max": "150000 100000"}, 2),
        (SECOND_VERSION, {"jobs/mine/cpu.max": "max 100000", "jobs/cpu.max": "50000 100000"}, 1),
        # In a container the own name is the host's, and the limit stands at the root.
        (SECOND_VERSION, {"cpu.max": "300000 100000"}, 3),
        (
            FIRST_VERSION,
            {"cpu/mine/cpu.cfs_quota_us": "200000", "cpu/mine/cpu.cfs_period_us": "100000"},
            2,
        ),
        (
            FIRST_VERSION,
            {"cpu/mine/cpu.cfs_quota_us": "-1", "cpu/mine/cpu.cfs_period_us": "100000"},
            8,
        ),
        # A group of that name has a limit of its own, but this process is in another.
        (
            f"7:freezer:/other\n8:cpuset:/other\n{FIRST_VERSION}",
            {"cpu/other/cpu.cfs_quota_us": "100000", "cpu/other/cpu.cfs_period_us": "100000"},
            8,
        ),
    ],
)
def test_cores_are_no_more_than_the_quota(own, files, cores, groups):
    groups(own, **files)
    assert machine.cores() == cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="nothing pins a process here")
def test_cores_are_those_that_this_process_is_pinned_to():
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    found = machine.cores()
    os.sched_setaffinity(0, allowed)
    assert found == 1


@pytest.mark.parametrize(
    ("own", "files"),
    [
        (SECOND_VERSION, {"jobs/mine/memory.max": str(GIB)}),
        (SECOND_VERSION, {"jobs/mine/memory.max": "max", "jobs/memory.max": str(GIB)}),
        (FIRST_VERSION, {"memory/mine/memory.limit_in_bytes": str(GIB)}),
    ],
)
def test_memory_is_no_more_than_the_limit(own, files, groups):
    groups(own, **files)
    assert machine.memory_bytes() == GIB


# By controller, each version of Linux's groups with its own file.
HALF_A_CORE_AND_1_GIB = {
    "cpu": {"cpu.max": "50000 100000", "cpu.cfs_quota_us": "50000"},
    "memory": {"memory.max": str(GIB), "memory.limit_in_bytes": str(GIB)},
}
ENTER_AND_TELL = """
import os, sys
from pathlib import Path
from lenet.network import machine

for group in sys.argv[1:]:
    Path(group, "cgroup.procs").write_text(str(os.getpid()))
print(machine.cores(), machine.memory_bytes())
"""


@pytest.fixture
def real_groups():
    """Control groups of half a core and of 1 GiB."""
    groups = set()
    with ExitStack() as at_the_end:
        for controller, files in HALF_A_CORE_AND_1_GIB.items():
            tree = machine.CONTROL_GROUPS / controller
            group = (tree if tree.is_dir() else machine.CONTROL_GROUPS) / f"lenet-{os.getpid()}"
            try:
                if group not in groups:
                    group.mkdir()
                    at_the_end.callback(group.rmdir)
                    groups.add(group)
                [file] = [group / name for name in files if (group / name).exists()]
                file.write_text(files[file.name])
            except (OSError, ValueError) as error:
                pytest.skip(f"no control group can be given a limit of {controller}: {error}")
        yield groups


def test_limits_of_real_control_groups_are_kept_to(real_groups):
    command = [sys.executable, "-c", ENTER_AND_TELL, *map(str, real_groups)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.split() == ["1", str(GIB)]


def test_without_control_groups_there_is_no_limit(groups, monkeypatch):
    monkeypatch.setattr(machine, "OWN_GROUPS", Path("/no/such/file"))
    assert machine.cores() == 8
    assert machine.memory_bytes() > GIB


def test_what_tensorflow_prints_while_it_loads_is_kept_off_the_terminal(capfd):
    with machine.quiet():
        os.write(2, b"oneDNN custom operations are on")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_what_tensorflow_prints_is_shown_where_its_load_fails(capfd):
    def failing_load():
        with machine.quiet():
            os.write(2, b"libcudart is missing\n")
            raise ImportError("no TensorFlow")

    with pytest.raises(ImportError, match="no TensorFlow"):
        failing_load()
    assert "libcudart is missing" in capfd.readouterr().err


DIE = """
import os
from lenet.network import machine

with machine.quiet():
    os.write(2, b"This processor lacks AVX.")
    os.abort()
"""


def test_what_tensorflow_prints_before_it_ends_the_process_is_shown(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    died = subprocess.run([sys.executable, "-c", DIE], env=environment, capture_output=True)
    assert died.returncode < 0
    assert died.stderr == b"This processor lacks AVX."
    assert not list(tmp_path.iterdir())


def test_what_it_prints_before_it_ends_a_kernel_is_shown_where_papermill_was_called(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(DIE)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python"}
    nbformat.write(notebook, tmp_path / "die.ipynb")
    # By this variable ipykernel knows a test, and then leaves the terminal's place alone.
    by_hand = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    words = ["papermill", tmp_path / "die.ipynb", tmp_path / "out.ipynb"]
    died = subprocess.run([sys.executable, "-m", *words], env=by_hand, capture_output=True)
    assert died.returncode != 0
    assert b"This processor lacks AVX." in died.stderr


def test_a_processor_without_avx_is_named_before_tensorflow_is_loaded(monkeypatch):
    monkeypatch.setattr(machine, "X86", True)
    monkeypatch.setattr(machine, "processor_flags", lambda: ["sse2"])
    monkeypatch.setattr(machine, "quiet", lambda: pytest.fail("TensorFlow is being loaded"))
    with pytest.raises(machine.DeviceError, match="has no AVX"):
        machine.use("CPU")


@pytest.mark.skipif(machine.gpu_absence() == "", reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_named():
    with pytest.raises(machine.DeviceError, match="device = 'GPU': must be CPU, since"):
        machine.use("GPU", 2)


@pytest.fixture
def card(tmp_path, monkeypatch):
    """A driver that lists a card, which TensorFlow does not see."""
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 'NVIDIA Toy, 1.0'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    machine.gpu_absence.cache_clear()
    yield
    machine.gpu_absence.cache_clear()


@pytest.mark.usefixtures("card")
def test_a_card_that_tensorflow_does_not_see_is_told_with_what_tensorflow_says():
    assert machine.gpu_absence().startswith("TensorFlow sees no GPU (make LOCK=")
    assert len(machine.gpu_absence().splitlines()) == 1


@pytest.mark.usefixtures("card")
def test_a_card_that_is_hidden_is_told(monkeypatch):
    monkeypatch.setattr(machine, "COUNT_GPUS", "print(0)")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert machine.gpu_absence() == "CUDA_VISIBLE_DEVICES = '' hides the GPU"


@pytest.mark.usefixtures("card")
def test_a_card_that_tensorflow_sees_is_a_gpu(monkeypatch):
    monkeypatch.setattr(machine, "COUNT_GPUS", "print(1)")
    assert machine.gpu_absence() == ""
    assert machine.fingerprint()["gpu"] == "NVIDIA Toy, 1.0"


def test_tensorflow_is_asked_where_only_the_device_of_a_card_is_there(tmp_path, monkeypatch):
    machine.gpu_absence.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(machine, "COUNT_GPUS", "print(1)")
    monkeypatch.setattr(machine, "DEVICES", tmp_path)
    (tmp_path / "nvidiactl").touch()  # the driver's own, also where there is no card
    assert machine.gpu_absence().startswith("nvidia-smi lists no NVIDIA GPU, and there is no /")
    assert machine.fingerprint()["gpu"] is None
    (tmp_path / "nvidia0").touch()
    machine.gpu_absence.cache_clear()
    assert machine.gpu_absence() == ""
    assert machine.fingerprint()["gpu"] == "NVIDIA GPU, without nvidia-smi"
    machine.gpu_absence.cache_clear()


def test_a_fingerprint_names_the_machine_s_kind_and_nobody(monkeypatch):
    found = {**machine.fingerprint(), **machine.versions(), **kernels.kernels()}
    assert found["memory_bytes"] > 0
    assert found["tensorflow"][0].isdigit()
    words = " ".join(map(str, found.values())).split()
    for private in (getpass.getuser(), platform.node(), str(Path.home())):
        assert private not in words


def test_a_package_that_is_missing_is_told():
    assert machine.versions(["no-such-package"]) == {"no-such-package": "not installed"}
