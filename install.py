"""Fill the environment of this Python: python install.py LOCK.

Every package comes from a lock, with its hashes: first pip, in the end the project itself. Where
they come from, as from a mirror, is a person's setting of pip and is kept; how they are installed
is not.
"""

import ast
import os
import subprocess
import sys

SECTIONS = ("global", "install", ":env:")  # of pip's settings; the later ones win
WHERE_FROM = (
    "index-url",
    "extra-index-url",
    "find-links",
    "no-index",
    "trusted-host",
    "proxy",
    "cert",
    "client-cert",
    "keyring-provider",
    "timeout",
    "default-timeout",
    "retries",
    "cache-dir",
)


def settings_to_keep(listed):
    """pip's settings of where packages come from, as environment variables.

    `listed` is what `pip config list` prints.

    >>> settings_to_keep("global.target='/x'\\nglobal.index-url='https://mirror'")
    {'PIP_INDEX_URL': 'https://mirror'}
    """
    found = {}
    for section in SECTIONS:
        for line in listed.splitlines():
            name, _, value = line.partition("=")
            key = name.removeprefix(f"{section}.")
            if key != name and key in WHERE_FROM:
                variable = "PIP_" + key.upper().replace("-", "_")
                found[variable] = ast.literal_eval(value)
    return found


def surroundings():
    """The environment for pip: the person's, with no other setting of pip than those."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    others = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    # setuptools warns of `compat` below, which is chosen.
    quiet = {"PIP_CONFIG_FILE": os.devnull, "PYTHONWARNINGS": "ignore"}
    return {**others, **settings_to_keep(listed), **quiet}


def pip(*arguments):
    """Install with pip; exit with its status where it fails."""
    quiet = ("--quiet", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "install", *quiet, *arguments]
    status = subprocess.run(command, env=surroundings()).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    # The pip that comes with Python may be too old to read the lock.
    pip("--require-hashes", "-r", "requirements-pip.txt")
    pip("--require-hashes", "-r", sys.argv[1])
    # A folder called lenet in the working directory must not hide the package: hence `compat`.
    pip("--no-deps", "--no-build-isolation", "--config-settings", "editable_mode=compat", "-e", ".")
