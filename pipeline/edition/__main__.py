"""What make calls: `python -m pipeline.edition publish`, or `verify --n 3`."""

import argparse
import os
import random
import sys

from lenet.plan.parameters import ROOT
from lenet.results.scraps import ScrapError
from pipeline import signals
from pipeline.door import lock
from pipeline.edition.compare import DIFFERS
from pipeline.edition.publish import REPORTS, publish
from pipeline.edition.verify import verify


def count(word: str) -> int:
    """How many runs a word of the command line asks for. Raises ArgumentTypeError.

    >>> count("12"), count("all") == sys.maxsize
    (12, True)
    """
    if word == "all":
        return sys.maxsize
    if not (word.isdecimal() and int(word)):
        raise argparse.ArgumentTypeError(f"{word!r}: must be a whole number from 1, or all")
    return int(word)


def main() -> int:
    """Publish the report in reports/, or make published runs again; 1 where one differs."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.edition", description=main.__doc__)
    parser.add_argument("what", choices=("publish", "verify"))
    parser.add_argument("--n", type=count, default=3, help="how many to verify, or all")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the choice")
    given = parser.parse_args()
    os.chdir(ROOT)
    signals.listen()
    try:
        with lock.one_at_a_time(REPORTS):
            if given.what == "publish":
                publish()
                print("lenet: reports/published/ and README.md are ready to be committed")
                return 0
            states = verify(given.n, given.seed)
    except (OSError, ValueError, ScrapError) as error:
        raise SystemExit(f"lenet: {error}") from None
    except signals.Stopped as error:
        raise SystemExit(f"lenet: stopped ({error})") from None
    for name, state in states.items():
        print(f"{state:8} {name}")
    return DIFFERS in states.values()


if __name__ == "__main__":
    sys.exit(main())
