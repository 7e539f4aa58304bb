"""Say before set-up what stands in its way: Python, the platform, the folder or no venv module."""

import importlib.util
import os
import platform
import shutil
import sys

# TensorFlow has wheels for these alone; elsewhere pip would install next to nothing.
VERSIONS = [(3, 11), (3, 12), (3, 13)]
PLATFORMS = [("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64")]


def obstacle(version, system, machine, has_venv, folder):
    """Return what stands in the way, with what to do about it, or None."""
    if version not in VERSIONS:
        names = ["python%d.%d" % each for each in VERSIONS]
        found = [name for name in names if shutil.which(name)]
        advice = "install one, then make PYTHON=python3.12 ..."
        if found:
            advice = "make PYTHON=%s ..." % found[0]
        return "Python %d.%d: must be 3.11, 3.12 or 3.13, for TensorFlow; %s" % (
            version + (advice,)
        )
    if (system, machine) not in PLATFORMS:
        wanted = "must be Linux on x86_64 or aarch64, or macOS on arm64"
        return "%s on %s: %s; WSL 2 serves on Windows" % (system, machine, wanted)
    if not has_venv:
        return (
            "this Python has no venv module: install it (Debian, Ubuntu: apt install python3-venv)"
        )
    if os.pathsep in folder:
        return "%s: must be a path without %r, for Python's venv" % (folder, os.pathsep)
    return None


if __name__ == "__main__":
    # Debian splits venv: the module may be there while ensurepip, which it needs, is not.
    HAS_VENV = all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))
    PYTHON = (sys.version_info[:2], platform.system(), platform.machine(), HAS_VENV)
    PROBLEM = obstacle(*PYTHON, folder=os.getcwd())
    if PROBLEM:
        sys.exit("lenet: " + PROBLEM)
