"""A plan of a thousand parameter sets: no more than a hundred's times ten, in time and memory."""

import subprocess
import sys

from tests import copied_tree

# Planned ten times as much, the processes took 2.1 times the seconds and the same memory.
MOST_TIMES = 5
MOST_SECONDS = 60
MOST_BYTES = 10**9


# A small process in between, since Linux's ru_maxrss begins with that of who starts a process.
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
kilobytes = 1 if sys.platform == "darwin" else 1024
print(used.ru_utime + used.ru_stime, used.ru_maxrss * kilobytes)
"""


def planned(folder, count):
    """Processor seconds and bytes of memory of a dry run of so many runs."""
    tree = copied_tree.toy(folder, many=copied_tree.toy_study(*range(count)))
    plan = [sys.executable, "-m", "pipeline", "preview", "--dry-run"]
    measured = subprocess.run(
        [sys.executable, "-c", MEASURED, *plan],
        cwd=folder,
        env=copied_tree.surroundings(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    log = (tree.reports / "logs" / "snakemake.log").read_text()
    assert f"many_number_{count - 1}" in log
    assert "This was a dry-run" in log
    seconds, most_bytes = map(float, measured.stdout.split())
    return seconds, most_bytes


def test_ten_times_as_many_runs_are_planned_in_far_less_than_ten_times_as_long(tmp_path):
    used = {}
    for count in (100, 1000):
        (tmp_path / str(count)).mkdir()
        used[count] = planned(tmp_path / str(count), count)
    (seconds_before, bytes_before), (seconds, most_bytes) = used[100], used[1000]
    assert seconds < min(MOST_TIMES * seconds_before, MOST_SECONDS)
    assert most_bytes < min(2 * bytes_before, MOST_BYTES)
