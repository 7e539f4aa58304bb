"""The terminal that papermill was called from, where a kernel's own output does not go."""

import os
import sys
from contextlib import suppress


def show(text: str) -> None:
    """Write to papermill's terminal; nothing in JupyterLab, or where there is no terminal."""
    # Where ipykernel keeps what its output was when it started: papermill's own.
    terminal = getattr(sys.stderr, "_original_stdstream_copy", None)
    # JupyterLab gives this variable to its kernels: their terminal would be the server's.
    if terminal is None or "JPY_SESSION_NAME" in os.environ:
        return
    with suppress(OSError):  # it may have gone away
        if os.isatty(terminal):
            os.write(terminal, text.encode())


def tell(sentence: str) -> None:
    """Print a sentence in the notebook, and on the terminal."""
    print(sentence)
    show(f"\n{sentence}\n")


class Progress:
    """A file for a progress bar, which writes in the notebook and on the terminal."""

    def write(self, text: str) -> None:
        """Write in both places."""
        sys.stderr.write(text)
        show(text)

    def flush(self) -> None:
        """Show at once what was written in the notebook."""
        sys.stderr.flush()
