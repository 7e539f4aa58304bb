"""TensorFlow with two threads, the small digits, and a made-up record."""

import pytest

from lenet.network import data, machine

with machine.quiet():
    import tensorflow  # noqa: F401

from lenet.network import model
from peers import records

SECONDS = {"ours": [1.0, 2.0, 3.0], "keras": [4.0, 4.0, 9.0]}


@pytest.fixture(scope="session", autouse=True)
def two_threads():
    machine.use("CPU", 2)


@pytest.fixture(scope="session")
def digits():
    return data.load("digits")


@pytest.fixture(scope="session")
def start():
    """The initial values of a network of four filters."""
    return model.initial_values(model.build(4), "normal", 100)


def samples():
    """Three pairs at two sizes; Keras takes 4, 2 and 3 times our seconds, and diverges."""
    found = []
    for filters in (8, 16):
        for name, seconds in SECONDS.items():
            for number, value in enumerate(seconds, start=1):
                sample = {
                    "peer": name,
                    "filters": filters,
                    "round": number,
                    "pair": "keras",
                    "seconds": value,
                    "others_share": 0.01 * number,
                    "finite": name == "ours",
                }
                found.append(sample)
    return found


def proofs():
    """An error of 1e-7 a step."""
    found = []
    for name in SECONDS:
        for filters in (8, 16):
            for steps in (1, 2):
                part = {"peer": name, "filters": filters, "steps": steps, "error": steps * 1e-7}
                found.append(part)
    return found


@pytest.fixture
def record():
    """A record of two sizes; PyTorch was left out."""
    why = "not the same work: its loss is wrong after 2 steps"
    return {
        "record": "peers",
        "schema": records.SCHEMA,
        "note": "",
        "device": "CPU",
        "dataset": "mnist",
        "images": 50_000,
        "threads": 2,
        "machine": {"cpu": "Zen", "gpu": "Hopper"},
        "kernels": {"onednn": True, "instruction_set": "AVX2", "processor_class": "AVX2"},
        "peers": {
            "ours": {"title": "ours", "version": "2.21", "threads": "one"},
            "keras": {"title": "Keras fit", "onednn": False},
            "torch": {"title": "PyTorch"},
        },
        "absent": [{"peer": "torch", "filters": 8, "why": why}],
        "proofs": proofs(),
        "samples": samples(),
        "jobs": [
            {"peer": "ours", "filters": 16, "round": 1, "seconds": 10.0},
            {"peer": "tf2017", "filters": 16, "round": 1, "seconds": 45.0},
        ],
        "peak_gflops": 200.0,
        "copy_gbytes": 20.0,
    }
