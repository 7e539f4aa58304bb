"""Which of TensorFlow's kernels run: chosen by the project, not by the person's shell.

Variables of the shell that change bits or times are replaced when this module is imported.
TensorFlow and Keras read them when they are loaded, so this module comes before both.
"""

import os
import platform
from collections.abc import MutableMapping
from pathlib import Path

X86 = platform.machine() in ("x86_64", "AMD64")
CHOSEN = {"KERAS_BACKEND": "tensorflow"}
if X86:
    # TensorFlow takes oneDNN's kernels by itself on some processors only; they are faster on all.
    CHOSEN["TF_ENABLE_ONEDNN_OPTS"] = "1"
# How the names begin of variables that change what is computed, or how fast.
CHANGING = """
TF_ENABLE_ TF_DISABLE_ TF_SET_ TF_USE_ TF_XLA_ TF_ONEDNN_ TF_MKL_ TF_NUM_ TF_OVERRIDE_
TF_DETERMINISTIC_ TF_CUDNN_ NVIDIA_TF32_ ONEDNN_ DNNL_ XLA_ OMP_ KMP_ MKL_
KERAS_BACKEND KERAS_MAX_ KERAS_NNX_
"""
# Vector instructions by the processor's flag, the widest first.
INSTRUCTION_SETS = {
    "amx_tile": "AVX-512 AMX",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512dq": "AVX-512",
    "avx2": "AVX2",
    "avx": "AVX",
    "sve": "SVE",
    "asimd": "NEON",
}


def choose(variables: MutableMapping[str, str]) -> None:
    """Put the project's choice in place of the shell's.

    >>> shell = {"TF_ENABLE_ONEDNN_OPTS": "0", "XLA_FLAGS": "--xla_dump_to=x", "EDITOR": "vi"}
    >>> choose(shell)
    >>> shell == {"EDITOR": "vi", **CHOSEN}
    True
    """
    for name in list(variables):
        if name.startswith(tuple(CHANGING.split())):
            del variables[name]
    variables.update(CHOSEN)


def check() -> None:
    """Raise RuntimeError, naming it, where TensorFlow or Keras was loaded with another choice."""
    import keras

    loaded = {"KERAS_BACKEND": keras.backend.backend()}
    if X86:
        loaded["TF_ENABLE_ONEDNN_OPTS"] = str(int(onednn()))
    for name, value in loaded.items():
        if value != CHOSEN[name]:
            raise RuntimeError(
                f"{name} = {value!r}: must be {CHOSEN[name]!r}, but TensorFlow or Keras is loaded "
                "already; restart the kernel and import lenet before them"
            )


def onednn() -> bool:
    """Whether TensorFlow runs oneDNN's kernels, as it says itself."""
    from tensorflow.python.util import _pywrap_util_port

    return _pywrap_util_port.IsMklEnabled()


def processor(*names: str) -> str:
    """What Linux says of the processor under the first of these names; "" where it says nothing."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in names:
            return value.strip()
    return ""


def processor_flags() -> list[str]:
    """The processor's abilities by Linux's names; of Apple's, the one that all have."""
    known = "asimd" if platform.machine() == "arm64" else ""
    return processor("flags", "Features").split() or known.split()


def instruction_set(flags: list[str]) -> str:
    """The widest vector instructions among a processor's flags.

    >>> instruction_set(["sse2", "avx", "avx2", "avx512dq"]), instruction_set(["sse2"])
    ('AVX-512', 'none known')
    """
    for flag, name in INSTRUCTION_SETS.items():
        if flag in flags:
            return name
    return "none known"


def kernels() -> dict:
    """What really runs, for a record: onednn (bool), instruction_set and processor_class.

    The same bits are promised where all three, the shards and the packages are the same.
    """
    # oneDNN takes the widest instructions that there are: what could limit it is gone.
    widest = instruction_set(processor_flags())
    return {
        "onednn": onednn(),
        "instruction_set": widest,
        "processor_class": widest.split()[0],
    }


choose(os.environ)
