"""What is to be run, and running it: parameters, studies, sources, one run.

Look first at `studies.plan`: it reads `params/*.yaml` and says which runs there are. `run` makes
one of them, whole or not at all. What trains, times, reads results or draws does not come in
here, and nothing here loads TensorFlow: a wrong parameter is refused before that.
"""
