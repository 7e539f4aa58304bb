"""Signals that stop a command."""

import subprocess
import sys

# Python makes named tuples and data classes by an `exec` of text; here a signal comes in one.
INTERRUPTED_IN_EXEC = """
import signal
from pipeline import signals

# What a shell starts in the background ignores Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
signals.listen()
try:
    exec("import os, signal; os.kill(os.getpid(), signal.SIGINT)")
except {caught} as error:
    raise SystemExit(f"stopped ({{error}})")
"""


def end(caught):
    """How a process ends that catches this, and what it says last."""
    code = INTERRUPTED_IN_EXEC.format(caught=caught)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.returncode, done.stderr.strip()


def test_a_signal_while_a_class_is_made_ends_with_a_status():
    assert end("signals.Stopped") == (1, "stopped (SIGINT)")


def test_who_catches_every_interrupt_catches_it_too():
    assert end("KeyboardInterrupt") == (1, "stopped (SIGINT)")
