"""What an engine is told of a run."""

from typing import NamedTuple


class Options(NamedTuple):
    """The settings of one network's training; `plan` says which values are allowed."""

    filters: int
    head: str
    init: str
    batch_size: int
    shuffle: bool
    shards: int
    device: str

    def scale(self, images: int) -> float:
        """The factor of the learning rate for a batch of so many images.

        Only the last batch of an epoch may be short. In file order it takes a full step, as in
        2017; in shuffled order its step is scaled by its size, or one step on a few random images
        would hide the epoch's result.
        """
        return images / self.batch_size if self.shuffle else 1.0
