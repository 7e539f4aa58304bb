"""The machine a run has: device, threads, memory, and the fingerprint that goes with a number."""

import functools
import math
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lenet.network.kernels import X86, check, processor, processor_flags
from lenet.network.kernels import kernels as kernels

PACKAGES = "tensorflow keras numpy scipy pandas altair papermill scrapbook"
CONTROL_GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
DEVICES = Path("/dev")
CARDS = "nvidia[0-9]*"  # the devices of cards; a driver without a card has others
UNLISTED_GPU = "NVIDIA GPU, without nvidia-smi"
ASK_SECONDS = 120
COUNT_GPUS = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"


class DeviceError(RuntimeError):
    """The device that was asked for is not there; the message names it."""


def use(device: str, threads: int = 0, tf32: bool = False) -> int:
    """Give TensorFlow one device and `threads` threads (0: all cores); their number comes back.

    Operations run side by side, each on one thread: the network's are too small to be cut up.
    Raises DeviceError for a processor or a GPU that TensorFlow cannot use, and RuntimeError when
    TensorFlow already runs otherwise or with other kernels.
    """
    flags = processor_flags()
    if X86 and flags and "avx" not in flags:
        raise DeviceError("this processor has no AVX, without which TensorFlow cannot be loaded")
    with quiet():
        import tensorflow as tf

        cards = tf.config.list_physical_devices("GPU")
    check()
    # It warns of graphs that are made again, as for each network of a study.
    tf.get_logger().setLevel("ERROR")
    if device == "GPU" and not cards:
        why = gpu_absence() or "TensorFlow sees no GPU here"
        raise DeviceError(f"device = 'GPU': must be CPU, since {why}")
    threads = threads or cores()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        # Left alone, a GPU would compute in TF32; a processor computes in float32 either way.
        tf.config.experimental.enable_tensor_float_32_execution(tf32)
        if device == "CPU":
            tf.config.set_visible_devices([], "GPU")
    except RuntimeError as error:
        message = "TensorFlow is set up already: restart the kernel to change device or threads"
        raise RuntimeError(message) from error
    return threads


# Waits on a pipe. If that ends without a word, the process has died: show what it said, file $0.
SHOW_UNLESS_ALIVE = 'read alive || { cat "$0" >&2; rm -f "$0"; }'


@contextmanager
def quiet() -> Iterator[None]:
    """Keep off the terminal what TensorFlow prints while it loads; show it where that fails.

    No setting of TensorFlow's own stops it. Where TensorFlow ends this process, another shows it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    terminal = os.dup(2)
    with tempfile.NamedTemporaryFile() as said:
        show = ["sh", "-c", SHOW_UNLESS_ALIVE, said.name]
        # In a notebook ipykernel itself reads the terminal's place, and ends with the process.
        place = getattr(sys.stderr, "_original_stdstream_copy", terminal)
        watcher = subprocess.Popen(show, stdin=subprocess.PIPE, stderr=place)
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(terminal, 2)
            said.seek(0)
            sys.stderr.write(said.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            watcher.communicate(b"alive\n")


def limits(controller: str, *names: str) -> list[list[str]]:
    """What the control groups of this process, of either version of Linux's, say in these files.

    One list of words for each group that has all of these files.
    """
    found = []
    lines = OWN_GROUPS.read_text().splitlines() if OWN_GROUPS.is_file() else []
    for line in lines:
        _, controllers, name = line.split(":", 2)
        tree = CONTROL_GROUPS / controller
        if not controllers:  # the second version has one tree for all
            tree = CONTROL_GROUPS
        elif controller not in controllers.split(","):
            continue
        group = tree / name.lstrip("/")
        for folder in [group, *group.parents]:
            files = [folder / each for each in names]
            if all(file.is_file() for file in files):
                found.append(" ".join(file.read_text() for file in files).split())
    return found


def cores() -> int:
    """Processor cores that this process may use: by its affinity and its control groups."""
    allowed: list[float] = [os.cpu_count() or 1]
    if hasattr(os, "sched_getaffinity"):
        allowed.append(len(os.sched_getaffinity(0)))
    second = limits("cpu", "cpu.max")
    first = limits("cpu", "cpu.cfs_quota_us", "cpu.cfs_period_us")
    for quota, period in second + first:
        if quota.isdigit():  # else "max" or -1
            allowed.append(int(quota) / int(period))
    return math.ceil(min(allowed))


def memory_bytes() -> int:
    """Memory that this process may use: the machine's, or less by its control groups."""
    allowed = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    second = limits("memory", "memory.max")
    first = limits("memory", "memory.limit_in_bytes")
    for (limit,) in second + first:
        if limit.isdigit():
            allowed.append(int(limit))
    return min(allowed)


def output(*command: str) -> str:
    """What a command prints, or "" where it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def gpu_name() -> str:
    """The first card that the driver lists, and the driver's version; "" where there is none."""
    query = "--query-gpu=name,driver_version"
    listed = output("nvidia-smi", query, "--format=csv,noheader").split("\n")[0]
    # A container may have a card's device without the driver's tool.
    if not listed and any(DEVICES.glob(CARDS)):
        return UNLISTED_GPU
    return listed


@functools.cache
def gpu_absence() -> str:
    """Why there is no GPU for a study, or "" where TensorFlow can use one.

    Where a card is there, TensorFlow is asked, once, in a process of its own.
    """
    if not gpu_name():
        return f"nvidia-smi lists no NVIDIA GPU, and there is no {DEVICES / CARDS}"
    ask = [sys.executable, "-c", COUNT_GPUS]
    talkative = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"}
    try:
        answer = subprocess.run(
            ask, capture_output=True, text=True, env=talkative, timeout=ASK_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"TensorFlow does not say within {ASK_SECONDS} s whether it sees the GPU"
    if answer.returncode == 0 and answer.stdout.strip() != "0":
        return ""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
    if hidden in ("", "-1"):
        return f"CUDA_VISIBLE_DEVICES = {hidden!r} hides the GPU"
    said = answer.stderr.strip().split("\n")[-1]
    return f"TensorFlow sees no GPU (make LOCK=requirements-gpu.txt report): {said}"


def cpu_name() -> str:
    """The processor's model, as the operating system calls it."""
    apple = output("sysctl", "-n", "machdep.cpu.brand_string")
    return processor("model name") or apple or platform.processor()


def fingerprint() -> dict:
    """The machine without its name: cpu, cores, memory_bytes, gpu (or None), system, python."""
    return {
        "cpu": cpu_name(),
        "cores": cores(),
        "memory_bytes": memory_bytes(),
        "gpu": gpu_name() or None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions(packages: Iterable[str] = PACKAGES.split()) -> dict[str, str]:
    """The installed version of each package that a number depends on."""
    found = dict.fromkeys(packages, "not installed")
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def load() -> float:
    """Processes that wanted a core, on average over the last minute."""
    return os.getloadavg()[0]
