"""Memory of an evaluation: what is measured, and what is not tried."""

import json
import subprocess
import sys

import psutil

from lenet.network import machine
from lenet.timing import memory

SMALL = {"filters": 2, "dataset": "digits"}
FRESH = """
import json
from lenet.network import machine
machine.use("CPU", 2)
from lenet.timing import memory
print(json.dumps(memory.measure({"filters": 64, "dataset": "digits"})))
"""


def test_all_images_at_once_take_more_and_answer_the_same():
    done = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True)
    measured = json.loads(done.stdout)
    assert 0 <= measured["batched_bytes"] < measured["whole_set_bytes"]
    assert measured["predictions_equal"] is True
    # The first convolution's output alone is 1197 x 28 x 28 x 64 numbers of 4 bytes.
    assert 240e6 < measured["whole_set_bytes"] < 240e6 * memory.COPIES


def test_what_a_limit_has_no_room_for_is_not_tried(monkeypatch):
    own = psutil.Process().memory_info().rss
    monkeypatch.setattr(machine, "memory_bytes", lambda: own + 10_000_000)
    measured = memory.measure(SMALL)
    assert measured["whole_set_bytes"] is None
    assert measured["predictions_equal"] is None
    assert measured["batched_bytes"] >= 0


def test_free_memory_is_the_smaller_of_machine_and_limit(monkeypatch):
    monkeypatch.setattr(machine, "memory_bytes", lambda: 10**18)
    assert 0 < memory.free_bytes() <= psutil.virtual_memory().total
    monkeypatch.setattr(machine, "memory_bytes", lambda: 0)
    assert memory.free_bytes() < 0
