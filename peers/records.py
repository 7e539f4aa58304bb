"""Where the records of `make peers` lie: one for each class of processor, and one of a GPU."""

from pathlib import Path

from lenet.network import kernels

SCHEMA = 2
FOLDER = Path(__file__).parent / "records"


def processor() -> dict[str, str]:
    """The widest vector instructions of this machine's processor, and its class by them."""
    widest = kernels.instruction_set(kernels.processor_flags())
    return {"instruction_set": widest, "processor_class": widest.split()[0]}


def file_name(device: str, processor_class: str) -> str:
    """The name of a record: that of another class or device is never overwritten.

    >>> file_name("CPU", "AVX-512"), file_name("CPU", "AVX2"), file_name("GPU", "AVX2")
    ('cpu-avx512.json', 'cpu-avx2.json', 'gpu.json')
    """
    if device == "GPU":
        return "gpu.json"
    return f"cpu-{processor_class.lower().replace('-', '')}.json"
