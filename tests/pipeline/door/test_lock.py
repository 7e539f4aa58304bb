"""One call at a time, on file systems that have locks and on those that have none."""

import errno
import fcntl
import os
import subprocess

import pytest

from pipeline.door import lock


def test_who_holds_the_lock_is_told_to_another(tmp_path):
    folder = tmp_path / "reports"
    with lock.one_at_a_time(folder):
        held = f"lenet: process {os.getpid()} on .+ makes a report here; wait for it, or stop it"
        with pytest.raises(SystemExit, match=held), lock.one_at_a_time(folder):
            pass
    with lock.one_at_a_time(folder):
        pass


def test_the_lock_ends_with_its_process_and_not_with_what_that_started(tmp_path):
    with lock.one_at_a_time(tmp_path):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    with lock.one_at_a_time(tmp_path):
        child.kill()
        child.wait()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK])
def test_without_locks_it_goes_on_with_a_warning(number, tmp_path, monkeypatch, capsys):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with lock.one_at_a_time(tmp_path):
        assert "start no second report here" in capsys.readouterr().out


def test_another_error_is_not_taken_for_missing_locks(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="Input/output error"), lock.one_at_a_time(tmp_path):
        pass
