"""The machine a run has: device, threads and a fingerprint that goes with every number."""

import os
import platform
import shutil
import subprocess
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("tensorflow", "jax", "keras", "numpy", "scipy", "pandas", "altair", "papermill", "scrapbook")


class DeviceError(RuntimeError):
    """The device that was asked for is not there; the message names it."""


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@contextmanager
def quiet():
    """Keep off the terminal what TensorFlow prints while it loads, which no setting of its own stops."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    terminal, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)


def use(device: str, threads: int = 0, tf32: bool = False) -> int:
    """Give TensorFlow one device and `threads` threads (0: all cores); return the number of threads.

    Operations run side by side, each on one thread: the network's are too small to be cut up. Raises
    DeviceError for a GPU that TensorFlow does not see, RuntimeError when TensorFlow already runs otherwise.
    """
    with quiet():
        import tensorflow as tf

        tf.config.list_physical_devices()
    threads = threads or cores()
    if device == "GPU" and not tf.config.list_physical_devices("GPU"):
        raise DeviceError("device = 'GPU': TensorFlow sees no GPU on this machine; must be CPU here")
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        # Left alone, a GPU would compute in TF32; a processor computes in float32 either way.
        tf.config.experimental.enable_tensor_float_32_execution(tf32)
        if device == "CPU":
            tf.config.set_visible_devices([], "GPU")
    except RuntimeError as error:
        raise RuntimeError("TensorFlow is set up already: restart the kernel to change device or threads") from error
    return threads


def gpu_absence() -> str:
    """Why there is no GPU for a study, or "" where one can be used; without loading TensorFlow."""
    if not shutil.which("nvidia-smi") or not gpu_name():
        return "this machine has no NVIDIA GPU"
    if not find_spec("nvidia.cudnn"):
        return "TensorFlow's CUDA packages are not installed (make LOCK=requirements-gpu.txt report)"
    return ""


def output(*command: str) -> str:
    """What a command prints, or "" where it cannot be run."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def gpu_name() -> str:
    return output("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader").split("\n")[0]


def cpu_name() -> str:
    """The processor's model, as the operating system calls it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        return names[0] if names else platform.processor()
    return output("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor()


def fingerprint() -> dict:
    """Processor, cores, memory in bytes, GPU, system and Python."""
    return {
        "cpu": cpu_name(),
        "cores": cores(),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "gpu": gpu_name() or None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """The installed version of each package that a number depends on."""

    def installed(package):
        try:
            return version(package)
        except PackageNotFoundError:
            return "not installed"

    return {package: installed(package) for package in PACKAGES}


def load() -> float:
    """Processes that wanted a core, on average over the last minute."""
    return os.getloadavg()[0]
