"""The command line of `peers.run`."""

import argparse
from functools import partial
from pathlib import Path

from peers import proof, records
from peers.registry import PEERS

# Where every peer is timed comes first.
FILTERS = {
    "CPU": [16, 8, 32, 64],
    "GPU": [16, 8, 32, 64, 128, 256],
}
LARGEST = 256  # filters
ROUNDS = 7
JOBS = 3
DESCRIPTION = "Time the same training in other libraries, side by side with ours."


def several(text: str, kind: type) -> list:
    """The parts of a list with commas.

    >>> several("8,16", int)
    [8, 16]
    """
    return [kind(part) for part in text.split(",")]


def parser() -> argparse.ArgumentParser:
    """What may be said, and what each word means."""
    made = argparse.ArgumentParser(prog="python -m peers.run", description=DESCRIPTION)
    lists = [f"{device}: {','.join(peers)}" for device, peers in PEERS.items()]
    say = made.add_argument
    say("--device", default="CPU", choices=PEERS, help="where everything runs (CPU)")
    say("--filters", type=partial(several, kind=int), help=f"8,16 (all of {FILTERS})")
    say("--peers", type=partial(several, kind=str), help="; ".join(lists))
    say("--rounds", type=int, default=ROUNDS, help=f"pairs of each peer ({ROUNDS})")
    say("--jobs", type=int, default=JOBS, help=f"pairs of the whole job of 2017 ({JOBS})")
    say("--images", type=int, default=0, help="train on the first so many, to try the program")
    say("--dataset", default="mnist", choices=("mnist", "digits"), help="(mnist)")
    say("--json", type=Path, help="the record (peers/records/, named by device and processor)")
    return made


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line; a wrong value ends the program with the rule that it breaks."""
    made = parser()
    given = made.parse_args(words)
    known = list(PEERS[given.device])
    filters = FILTERS[given.device]
    place = records.FOLDER / records.file_name(given.device, records.processor()["processor_class"])
    given.peers = list(dict.fromkeys(["ours", *(given.peers or known)]))
    given.filters = list(dict.fromkeys(given.filters or filters))
    given.json = given.json or place
    complaint = wrong(given, known)
    all_peers = set(given.peers) == set(known)
    all_filters = set(given.filters) == set(filters)
    all_images = given.images == 0 and given.dataset == "mnist"
    whole = all_peers and all_filters and all_images
    if not complaint and not whole and given.json == place:
        complaint = "--json: must be named for a part of the work; the record has all"
    if complaint:
        made.error(complaint)
    given.peers = [name for name in known if name in given.peers]
    return given


def wrong(given: argparse.Namespace, known: list[str]) -> str:
    """The rule that a value breaks; "" where none does."""
    strangers = set(given.peers) - set(known)
    if strangers:
        return f"--peers: {', '.join(sorted(strangers))}; must be among {', '.join(known)}"
    if min(given.filters) < 1 or max(given.filters) > LARGEST:
        return f"--filters = {given.filters}: each must be 1 to {LARGEST}"
    if given.rounds < 1:
        return f"--rounds = {given.rounds}: must be at least 1"
    if given.jobs < 0:
        return f"--jobs = {given.jobs}: must be at least 0"
    fewest = proof.rows(2)
    if given.images and given.images < fewest:
        return f"--images = {given.images}: must be at least {fewest}, or 0 for all"
    return ""
