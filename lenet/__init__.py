"""A report of 2017 on a small network, run again: the rooms, in the order in which data flows.

    params/*.yaml     which studies there are
    hand_in_2017      all facts of 2017, each once; it imports nothing
    network           images, model, training engine, evaluation: what makes a number
    plan              what a run may be told, which runs there are, and what makes one stale
    notebooks/        one run each: papermill executes them
    timing            how long a network takes, and how much memory
    results           finished runs, read into tidy frames, and where they come from
    verdicts          the sentences of 2017, each tested on its own numbers and on ours
    report            charts, numbers and words; notebooks/report.ipynb is the article
    explore           sliders and a drawing pad: notebooks/explore.ipynb, to play with

A room imports from those before it alone, notebooks from any; `files` writes files whole.
From `results` to `report` no room needs TensorFlow to read or to draw, so that a report is rendered
from finished runs on any machine. Each room says in its `__init__.py` what it is for, what may not
come in, and where to look first. What makes the runs and the pages is another package, `pipeline`.
"""
