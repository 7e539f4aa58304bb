"""A digit drawn with the mouse, as an image like those of the data."""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from lenet.network.data import Images
from lenet.network.layers import SIDE

PAPER = 8 * SIDE  # pixels of the mouse along a side
PEN = 18  # pixels of the mouse
INK = 255

Stroke = list[tuple[float, float]]  # places of the mouse, x and y, from 0 to PAPER


def image(strokes: list[Stroke], extent: int) -> np.ndarray:
    """A uint8 image (28, 28) of the strokes; the digit is `extent` pixels long, and centred.

    As for MNIST, its centre of mass lies in the middle. Without a stroke the image is blank.
    """
    paper = Image.new("L", (PAPER, PAPER))
    pen = ImageDraw.Draw(paper)
    for stroke in strokes:
        pen.line(stroke, INK, PEN, joint="curve")
        for x, y in (stroke[0], stroke[-1]):
            pen.circle((x, y), PEN / 2, INK)
    box = paper.getbbox()
    if box is None:
        return np.zeros((SIDE, SIDE), np.uint8)
    digit = paper.crop(box)
    digit.thumbnail((extent, extent))
    small = Image.new("L", (SIDE, SIDE))
    small.paste(digit)
    return centred(np.asarray(small))


def centred(image: np.ndarray) -> np.ndarray:
    """The image moved by whole pixels, until its centre of mass lies in the middle.

    >>> corner = np.zeros((3, 3), np.uint8)
    >>> corner[0, 0] = 9
    >>> centred(corner).tolist()
    [[0, 0, 0], [0, 9, 0], [0, 0, 0]]
    """
    middle = (np.array(image.shape) - 1) / 2
    moved = np.rint(middle - ndimage.center_of_mass(image))
    return ndimage.shift(image, moved, order=0)


def extent(images: Images, count: int = 200) -> int:
    """Pixels of the longer side of a typical digit, from the first images of a set."""
    inked = images.first(count).images > 0
    rows = inked.any(axis=2).sum(axis=1)
    columns = inked.any(axis=1).sum(axis=1)
    return int(np.median(np.maximum(rows, columns)))
