"""Signals that stop a command: they end it in one line and with a status."""

import signal
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal has come; the message names it.

    Where a plain KeyboardInterrupt has passed through an `exec` of text, as in the making of a
    named tuple, Python dies of SIGINT at its end, whoever has caught it.
    """


def listen() -> None:
    """From now on a signal raises Stopped."""
    for number in SIGNALS:
        # What the caller ignores, as nohup does, stays ignored.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


def stop(number: int, _: object) -> NoReturn:
    raise Stopped(signal.Signals(number).name)
