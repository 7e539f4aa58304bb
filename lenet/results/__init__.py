"""What finished runs and timing records hold, as tidy frames: the evidence of the report.

No verdict, chart or sentence comes in, and TensorFlow is never loaded. Nothing else of the project
knows how a run is stored.
Look first at `tables.Evidence`, which names every frame and its columns.
"""
