"""How long the same work takes, and how much memory: one protocol for every engine.

Look first at `protocol.measure`; `pipeline.record` is the same from a terminal. A
library that is to be compared is an engine: `engine` says what it must offer. What a time means
does not come in here; that is for `results` and `verdicts`.

Importing any module of this room chooses TensorFlow's kernels, before TensorFlow is loaded.
"""

import lenet.network  # noqa: F401
