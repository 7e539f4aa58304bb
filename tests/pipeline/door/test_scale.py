"""A plan of a thousand parameter sets: no more than a hundred's times ten, in time and memory."""

import os
import subprocess
import sys

import pytest

from tests import copied_tree

# Planned ten times as much, the processes took 2.1 times the seconds and the same memory.
MOST_TIMES = 5
MOST_SECONDS = 60
MOST_BYTES = 10**9


def planned(folder, count):
    """Processor seconds and bytes of memory of a dry run of so many runs."""
    tree = copied_tree.toy(folder, many=copied_tree.toy_study(*range(count)))
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "preview", "--dry-run"],
            cwd=folder,
            env=copied_tree.surroundings(folder),
            stdout=said,
            stderr=said,
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    log = (tree.reports / "logs" / "snakemake.log").read_text()
    assert f"many_number_{count - 1}" in log
    assert "This was a dry-run" in log
    kilobytes = 1 if sys.platform == "darwin" else 1024
    return used.ru_utime + used.ru_stime, used.ru_maxrss * kilobytes


def test_ten_times_as_many_runs_are_planned_in_far_less_than_ten_times_as_long(tmp_path):
    if not hasattr(os, "wait4"):
        pytest.skip("this system does not say what a process has used: os.wait4 is missing")
    used = {}
    for count in (100, 1000):
        (tmp_path / str(count)).mkdir()
        used[count] = planned(tmp_path / str(count), count)
    (seconds_before, bytes_before), (seconds, most_bytes) = used[100], used[1000]
    assert seconds < min(MOST_TIMES * seconds_before, MOST_SECONDS)
    assert most_bytes < min(2 * bytes_before, MOST_BYTES)
