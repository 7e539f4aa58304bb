"""One more run in settings of one's own: python -m pipeline.own lr_study "lr=0.02 seeds=3"."""

import argparse
import os

from lenet.network import data
from lenet.plan import sources
from lenet.plan.own import own_run
from lenet.plan.parameters import ROOT, ParameterError
from lenet.plan.studies import Run
from lenet.results import scraps
from pipeline import signals
from pipeline.door import estimate, lock
from pipeline.door.stamps import PREVIEW, REPORTS
from pipeline.run import guarded, make


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(f"lenet: {text}", flush=True)


def planned(study: str, text: str, preview: bool) -> tuple[Run, data.Dataset]:
    """The run, and its data: MNIST, or the digits for a preview and where there is no MNIST.

    Raises ParameterError before anything is looked for, and DataError.
    """
    run = own_run(study, text)
    if not preview:
        found = data.decide()
        say(f"{found.name}: {found.reason}")
        preview = found.name == "digits"
    images = data.load("digits" if preview else "mnist")
    return own_run(study, text, preview) if preview else run, images


def main() -> None:
    """Make one more run of a study, beside those that its file declares."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.own", description=main.__doc__)
    parser.add_argument("study", help="a file of params/, whose first run it starts from")
    parser.add_argument("settings", help="what is changed: lr=0.02 seeds=3")
    parser.add_argument("--preview", action="store_true", help="of the preview, on the digits")
    given = parser.parse_args()
    os.chdir(ROOT)
    signals.listen()
    try:
        run, images = planned(given.study, given.settings, given.preview)
        folder = PREVIEW if images.name == "digits" else REPORTS
        shows = "make preview" if folder == PREVIEW else "make report, or make draft,"
        output = scraps.place(folder / "runs", run)
        if not scraps.fault(output, run, sources.digest(run.notebook), images.digest):
            return say(f"nothing to do: {output} is finished; {shows} shows it")
        with lock.one_at_a_time(REPORTS):
            log = folder / "logs" / f"{run.name}.log"
            minutes = max(round(estimate.guess(run, len(images.train), 1) / 60), 1)
            say(", ".join(f"{name} = {value}" for name, value in run.settings.items()))
            say(f"perhaps {minutes} min; follow it in {log}; {shows} then shows it")
            with guarded(run.name, log, estimate.limit_seconds(run)) as sockets:
                make(run, images.name, output, log, sockets)
    except (ParameterError, data.DataError, OSError) as error:
        raise SystemExit(f"lenet: {error}") from None
    except signals.Stopped as error:
        raise SystemExit(f"lenet: stopped ({error})") from None


if __name__ == "__main__":
    main()
