"""What `make report` does: decide what must be made, one call at a time, and let Snakemake make it.

Look first at `stamps`: it says which runs, and whether the report, must be made (again), and why.
`workflow` starts Snakemake and ends it, `progress` tells of it, `estimate` says how long it takes,
`outlook` tells of all that before. On a cluster `resources` says what a job asks for, `cluster`
listens to the jobs, and `seen` waits until their files are seen.
What makes a number or a picture does not come in here; this room reads results and changes none.
"""
