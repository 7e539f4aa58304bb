"""Images and labels: MNIST, or the small digits that scikit-learn ships; verified and split."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lenet.hand_in_2017 import TRAIN_IMAGES

MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_FILE_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
# Of each array's bytes in C order, so that any container of the same images passes.
MNIST_ARRAYS_SHA256 = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
SOURCES = {
    "mnist": "MNIST, Y. LeCun, C. Cortes and C. J. C. Burges, CC BY-SA 3.0, "
    "as distributed with Keras",
    "digits": "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI, "
    "CC BY 4.0, as shipped with scikit-learn",
}
CONNECT_SECONDS = 10
READ_SECONDS = 30
NAMED_FILES = 5  # of those that lie where MNIST should
BY_HAND = f"save {MNIST_URL} as mnist.npz in a folder and set LENET_DATA to that folder"
HELD_OUT_DIGITS = 300  # of the small digits, for validation and again for the test


class DataError(RuntimeError):
    """MNIST cannot be had, or a file is not MNIST; the message says why and what to do."""


class Images(NamedTuple):
    """Grey images, uint8 of shape (n, 28, 28), and their digits, int32 of shape (n,)."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> "Images":
        """The first `count` images and labels."""
        return Images(self.images[:count], self.labels[:count])


class Dataset(NamedTuple):
    """Three disjoint sets of images, one SHA-256 over all their bytes, and a sentence on them."""

    name: str
    train: Images
    validation: Images
    test: Images
    digest: str
    note: str

    def first_training_images(self, count: int) -> "Dataset":
        """The same data with the first `count` training images alone."""
        return self._replace(train=self.train.first(count))


class Decision(NamedTuple):
    """The data set that "auto" means here, and its path or why it is not MNIST."""

    name: str
    reason: str


def verified(path: Path) -> dict[str, np.ndarray]:
    """The four arrays of MNIST.

    Raises DataError that names the file, and the array that is not MNIST's.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in MNIST_ARRAYS_SHA256}
    except Exception as error:  # a damaged archive raises what its damage happens to hit
        raise DataError(f"{path}: not readable as MNIST ({error})") from error
    for name, expected in MNIST_ARRAYS_SHA256.items():
        if hashlib.sha256(arrays[name].tobytes()).hexdigest() != expected:
            raise DataError(f"{path}: {name} is not MNIST's (its SHA-256 differs); {BY_HAND}")
    return arrays


def keras_cache() -> Path:
    """Where Keras itself keeps mnist.npz, so that one copy serves both."""
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return Path(home) / "datasets"


def download(url: str = MNIST_URL, sha256: str = MNIST_FILE_SHA256) -> Path:
    """Fetch mnist.npz once into Keras's cache; its path comes back.

    It goes to a temporary file, is checked, then moved into place. Raises DataError when the
    connection takes longer than 10 s, a read longer than 30 s, or the hash differs.
    """
    import pooch
    import requests

    seconds = (CONNECT_SECONDS, READ_SECONDS)
    get = pooch.HTTPDownloader(progressbar=True, timeout=seconds)
    known = f"sha256:{sha256}"
    try:
        return Path(pooch.retrieve(url, known, "mnist.npz", keras_cache(), downloader=get))
    except (requests.RequestException, ValueError, OSError) as error:
        raise DataError(f"no download of {url} ({type(error).__name__}); {BY_HAND}") from error


def find_mnist() -> Path:
    """The path of MNIST: in $LENET_DATA, else in Keras's cache, else downloaded.

    Raises DataError when LENET_DATA is set and holds no mnist.npz, or no download can be had.
    """
    folder = os.environ.get("LENET_DATA")
    if folder:
        path = Path(folder).expanduser() / "mnist.npz"
        if not path.is_file():
            names = [each.name for each in sorted(path.parent.glob("*"))[:NAMED_FILES]]
            found = ", ".join(names) or "nothing"
            rule = f"must be a folder that holds {path.name}"
            raise DataError(f"LENET_DATA = {folder!r}: {rule}; found there: {found}")
        return path
    cached = keras_cache() / "mnist.npz"
    try:
        verified(cached)
    except DataError:
        return download()
    return cached


def decide() -> Decision:
    """MNIST and its path, or the digits and why there is no MNIST.

    The path is for a terminal, not for a page. Raises DataError where LENET_DATA names a file that
    is missing or damaged: that is a mistake to mend, not an absence.
    """
    try:
        path = find_mnist()
    except DataError as error:
        if os.environ.get("LENET_DATA"):
            raise
        return Decision("digits", str(error))
    verified(path)
    return Decision("mnist", str(path))


def load(name: str = "auto") -> Dataset:
    """MNIST, the digits, or with "auto" MNIST where it can be had and else the digits.

    Raises DataError when "mnist" cannot be had, and ValueError for another name.
    """
    if name not in ("auto", *SOURCES):
        raise ValueError(f"dataset = {name!r}: must be one of auto, mnist, digits")
    decision = decide() if name == "auto" else Decision(name, "")
    return load_mnist() if decision.name == "mnist" else load_digits(decision.reason)


def load_mnist() -> Dataset:
    """MNIST as the 2017 study split it: 50,000 to train, 10,000 to validate, 10,000 to test."""
    arrays = verified(find_mnist())
    images, labels = arrays["x_train"], arrays["y_train"]
    validation = Images(images[TRAIN_IMAGES:], labels[TRAIN_IMAGES:])
    test = Images(arrays["x_test"], arrays["y_test"])
    return dataset("mnist", [Images(images, labels).first(TRAIN_IMAGES), validation, test])


def load_digits(why: str = "") -> Dataset:
    """The 1,797 digits of scikit-learn, 8 x 8 grey levels scaled to 28 x 28.

    The last 600 validate and test. `why` goes into the note: why they stand in for MNIST.
    """
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits as embedded

    small, labels = embedded(return_X_y=True)
    grey = zoom(small.reshape(-1, 8, 8) * (255 / 16), (1, 3.5, 3.5), order=1)
    images = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    cuts = (-2 * HELD_OUT_DIGITS, -HELD_OUT_DIGITS)
    sets = list(map(Images, np.split(images, cuts), np.split(labels, cuts)))
    return dataset("digits", sets, why)


def dataset(name: str, sets: list[Images], why: str = "") -> Dataset:
    """Training, validation and test images under one digest, their arrays whole in memory."""
    digest = hashlib.sha256()
    whole = []
    for images, labels in sets:
        part = Images(np.ascontiguousarray(images), labels.astype(np.int32))
        digest.update(part.images.tobytes() + part.labels.tobytes())
        whole.append(part)
    note = f"The images are those of {SOURCES[name]}."
    if why:
        note += f" They stand in for MNIST: {why}."
    train, validation, test = whole
    return Dataset(name, train, validation, test, digest.hexdigest(), note)


def shared_images(one: Images, other: Images) -> int:
    """How many images of `other` occur, pixel for pixel, in `one`."""
    known = {image.tobytes() for image in one.images}
    return sum(image.tobytes() in known for image in other.images)
