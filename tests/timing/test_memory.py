"""Memory of an evaluation: what is measured, and what is not tried."""

import json
import subprocess
import sys

import psutil
import pytest

from lenet.network import machine
from lenet.timing import memory

SMALL = {"filters": 2, "dataset": "digits"}
# Whole sets of 64 filters need more than is left by the limit, batches less.
FRESH = """
import json, resource
import psutil
from lenet.network import machine
machine.use("CPU", 2)
from lenet.timing import memory
settings = {"filters": 64, "dataset": "digits"}
print(json.dumps(memory.measure(settings)))
limit = psutil.Process().memory_info().vms + 600_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
print(json.dumps(memory.measure(settings)))
"""


@pytest.fixture(scope="module")
def fresh():
    """What a fresh process measures, and what it measures when its memory is limited."""
    done = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_all_images_at_once_take_more_and_answer_the_same(fresh):
    measured, _ = fresh
    # A batch's first convolution alone is 256 x 28 x 28 x 64 numbers of 4 bytes.
    assert 51e6 < measured["batched_bytes"] < measured["whole_set_bytes"]
    assert measured["predictions_equal"] is True
    # The first convolution's output alone is 1197 x 28 x 28 x 64 numbers of 4 bytes.
    assert 240e6 < measured["whole_set_bytes"] < 240e6 * memory.COPIES


@pytest.mark.skipif(sys.platform != "linux", reason="macOS obeys no limit of the address space")
def test_what_the_process_s_own_limit_has_no_room_for_is_not_tried(fresh):
    _, limited = fresh
    assert limited["whole_set_bytes"] is None
    assert limited["batched_bytes"] >= 0


def test_what_a_group_has_no_room_for_is_not_tried(monkeypatch):
    monkeypatch.setattr(machine, "memory_bytes", lambda: 0)
    measured = memory.measure(SMALL)
    assert measured["whole_set_bytes"] is None
    assert measured["predictions_equal"] is None
    assert measured["batched_bytes"] >= 0


def test_free_memory_is_the_smaller_of_machine_and_limit(monkeypatch):
    monkeypatch.setattr(machine, "memory_bytes", lambda: 10**18)
    assert 0 < memory.free_bytes() <= psutil.virtual_memory().total
    monkeypatch.setattr(machine, "memory_bytes", lambda: 0)
    assert memory.free_bytes() < 0
