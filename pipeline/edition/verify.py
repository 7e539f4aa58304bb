"""Some published runs, made again and compared with what was published."""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from lenet.plan.studies import plan
from lenet.report import article
from pipeline.door import stamps
from pipeline.edition import compare
from pipeline.edition.publish import PUBLISHED, REPORTS, SUMS, sums

# Where these are the same, so must be the bits.
KIND = ("kinds_of_machine", "versions")
FAILED = {"digest": "it failed", "errors": []}


def verify(count: int, seed: int) -> dict[str, str]:
    """Make some published runs again, chosen by chance: `same`, `within` or `differs`, by name.

    On a machine of the published kind, a number whose runs were all made again is named too where
    it `differs`. Ends with a message where the edition was altered, or is of other sources than the
    tree's; ScrapError where no run came to its end.
    """
    published = edition()
    then = published["origin"]
    names = [name for name, made in then["runs"].items() if made["digest"]]
    clocks = {name.partition("/")[0] for name in then["runs"].keys() - names}
    print("lenet: left out, since their numbers come from a clock:", *sorted(clocks))
    chosen = random.Random(seed).sample(names, min(count, len(names)))
    print(f"lenet: {len(chosen)} of {len(names)} runs, chosen with --seed {seed}", flush=True)
    again = made_again(chosen, published["dataset"])
    now = again["origin"]
    same_kind = all(now[key] == then[key] for key in KIND)
    states = {}
    for name in chosen:
        made = now["runs"].get(name, FAILED)
        images = then["images"]["validation"]
        states[name] = compare.run(then["runs"][name], made, same_kind, images)
    if same_kind:
        states.update(dict.fromkeys(compare.differing(published, again), compare.DIFFERS))
    return states


def edition() -> dict:
    """What the published results.json holds; ends with a message where it cannot be verified."""
    listed = (PUBLISHED / SUMS).read_text("utf-8")
    for line in sums(PUBLISHED).splitlines():
        if line not in listed:
            raise SystemExit(f"lenet: {line.split()[1]} was altered since it was published")
    stale = stamps.content_fault(PUBLISHED, plan())
    if stale:
        raise SystemExit(f"lenet: {PUBLISHED}: {stale}; check out the commit that published it")
    return json.loads((PUBLISHED / "results.json").read_text("utf-8"))


def made_again(names: list[str], dataset: str) -> dict:
    """What results.json holds where these runs alone are made."""
    with tempfile.TemporaryDirectory(dir=REPORTS) as folder:
        for name in names:
            output = Path(folder, "runs", f"{name}.ipynb")
            log = REPORTS / "logs" / "verify" / f"{name}.log"
            words = [*name.split("/"), str(output), str(log), "--dataset", dataset]
            subprocess.run([sys.executable, "-m", "pipeline.run", *words])
        study = article.load(folder, preview=False, draft=True, gpu=True)
        report = article.begin(study, folder, preview=False, draft=True)
    return {**report.results, "origin": study.origin}
