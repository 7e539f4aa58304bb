"""What `make` calls: it makes the runs of the study, and the report's page and paper.

    run        one point of a study: its notebook executed, whole or not at all
    own        one more run of a study, in settings of a person's own
    record     one network timed from a terminal
    door       what must be made, one call at a time; Snakemake started, followed and ended
    pages      the executed report notebook as page and paper
    edition    the finished report published in git, and some of its runs made again

`lenet` is the study and knows nothing of this package. What makes a number, a picture or a verdict
does not come in here. Look first at `__main__`.
"""
