"""What finished runs and timing records hold, as tidy frames: the evidence of the report.

`scraps` writes what a run notebook hands on, and reads it again; nothing else knows how a run is
stored. `own` reads a person's own runs, apart from those that are declared. No verdict, chart or
sentence comes in, and importing or reading loads no TensorFlow. Look first at `tables.Evidence`,
which names every frame and its columns.
"""
