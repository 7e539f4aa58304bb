"""What is to be run: parameters and their ranges, studies, and the sources of a run.

Look first at `studies.plan`: it reads `params/*.yaml` and says which runs there are; `own` plans
one more. What makes a run is `pipeline.run`. What trains, times, reads results or draws does not
come in here, and nothing here loads TensorFlow: a wrong parameter is refused before that.
"""
