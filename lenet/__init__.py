"""A report of 2017 on a small network, run again: the rooms, in the order in which data flows.

    params/*.yaml     which studies there are
    hand_in_2017      all facts of 2017, each once; it imports nothing
    network           images, model, training engine, evaluation: what makes a number
    plan              which runs there are, what makes one stale, and running one, whole or not
    notebooks/        one run each: papermill executes them
    timing            how long a network takes, and how much memory
    results           finished runs, read into tidy frames, and where they come from
    verdicts          the sentences of 2017, each tested on its own numbers and on ours
    report            charts, text, page and paper; notebooks/report.ipynb is the article
    door              what `make` calls: it decides what must be made, and has Snakemake make it
    edition           the finished report published in git, and some of its runs made again

A room imports from those above it alone; notebooks import from any, and `files` writes files whole.
No room from `results` on needs TensorFlow to read or to draw, so that a report is rendered from
finished runs on any machine. Each room says in its `__init__.py` what it is
for, what may not come in, and where to look first.
"""
