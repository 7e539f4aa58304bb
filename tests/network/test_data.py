"""The images: split without loss, checked by content, and never mistaken for others."""

import hashlib
import http.server
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

from lenet import hand_in_2017
from lenet.network import data

# numpy leaves a file open whose archive is damaged.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def fake_arrays(monkeypatch):
    """Small arrays in the place of MNIST's, their hashes in the place of its."""
    arrays = {}
    hashes = {}
    for number, name in enumerate(data.MNIST_ARRAYS_SHA256):
        arrays[name] = np.full((2, 3), number, np.uint8)
        hashes[name] = hashlib.sha256(arrays[name].tobytes()).hexdigest()
    monkeypatch.setattr(data, "MNIST_ARRAYS_SHA256", hashes)
    return arrays


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A person without LENET_DATA, whose Keras keeps its files in a folder of their own."""
    folder = tmp_path / "keras"
    monkeypatch.setenv("KERAS_HOME", str(folder))
    monkeypatch.delenv("LENET_DATA", raising=False)
    return folder


@pytest.fixture
def server(tmp_path):
    """A web server on loopback over a folder of its own: (folder, address, paths asked for)."""
    folder = tmp_path / "served"
    folder.mkdir()
    asked = []
    stalled = threading.Event()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def do_GET(self):
            if "500" in self.path:
                self.send_error(500)
            elif "half" in self.path or "stalls" in self.path:
                self.send_response(200)
                self.send_header("Content-Length", "200000")
                self.end_headers()
                self.wfile.write(bytes(100_000))
                if "stalls" in self.path:
                    stalled.wait(10)
            else:
                super().do_GET()

        def log_message(self, *_):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}", asked
        stalled.set()
        running.shutdown()


def sizes(dataset):
    return [len(dataset.train), len(dataset.validation), len(dataset.test)]


def test_digits_are_split_without_loss_or_overlap(digits):
    assert sizes(digits) == [1197, 300, 300]
    assert digits.train.images.shape == (1197, 28, 28)
    assert digits.train.images.dtype == np.uint8
    assert set(digits.validation.labels) == set(range(10))


def test_digits_keep_their_corner_pixels(digits):
    corners = np.ix_([0, -1], [0, -1])
    small = sklearn.datasets.load_digits().images[0][corners]
    expected = np.rint(small * 255 / 16)
    np.testing.assert_array_equal(digits.train.images[0][corners], expected)


def test_the_first_training_images_leave_the_other_sets_alone(digits):
    cut = digits.first_training_images(7)
    assert sizes(cut) == [7, 300, 300]
    np.testing.assert_array_equal(cut.train.labels, digits.train.labels[:7])


def test_mnist_is_split_as_in_2017_and_shares_no_image_with_validation(mnist):
    assert sizes(mnist) == [
        hand_in_2017.TRAIN_IMAGES,
        hand_in_2017.VALIDATION_IMAGES,
        hand_in_2017.TEST_IMAGES,
    ]
    assert data.shared_images(mnist.train, mnist.validation) == 0
    assert data.shared_images(mnist.train, mnist.train) == 50_000


def test_content_counts_and_not_the_container(fake_arrays, tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, **{name: np.asfortranarray(a) for name, a in fake_arrays.items()})
    for name, array in data.verified(path).items():
        np.testing.assert_array_equal(array, fake_arrays[name])


def test_one_changed_pixel_is_refused_by_name(fake_arrays, tmp_path):
    fake_arrays["y_test"][0, 0] += 1
    np.savez(tmp_path / "mnist.npz", **fake_arrays)
    with pytest.raises(data.DataError, match="y_test is not MNIST's"):
        data.verified(tmp_path / "mnist.npz")


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_file_that_is_no_archive_or_holds_pickles_is_refused(content, tmp_path):
    path = tmp_path / "mnist.npz"
    if content is None:
        np.savez(path, x_train=np.array([{"a": 1}], dtype=object))
    else:
        path.write_bytes(content)
    with pytest.raises(data.DataError, match="not readable as MNIST"):
        data.verified(path)


def test_any_damage_to_the_file_is_refused(fake_arrays, tmp_path):
    """Each byte flipped, and each cut: a damaged archive raises what its damage happens to hit."""
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, **fake_arrays)
    whole = path.read_bytes()
    passed = 0
    for place in range(0, len(whole), 7):
        flipped = whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :]
        for damaged in (flipped, whole[:place]):
            path.write_bytes(damaged)
            with suppress(data.DataError):
                data.verified(path)
                passed += 1
    # A flipped byte of a date, say, damages no image.
    assert passed < len(whole) / 7


IDX = ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "train-images-idx3-ubyte.gz"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], "nothing"),
        (IDX, ", ".join(IDX)),
        ("fghabcde", "a, b, c, d, e"),
        (["MNIST.NPZ"], "MNIST.NPZ"),
    ],
)
def test_a_folder_without_mnist_is_a_mistake_told_with_what_it_holds(
    names, told, monkeypatch, tmp_path
):
    for name in names:
        (tmp_path / name).touch()
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    with pytest.raises(data.DataError) as error:
        data.decide()
    rule = "must be a folder that holds mnist.npz"
    assert str(error.value) == f"LENET_DATA = {str(tmp_path)!r}: {rule}; found there: {told}"


def test_other_files_beside_mnist_change_nothing(fake_arrays, monkeypatch, tmp_path):
    (tmp_path / IDX[0]).touch()
    np.savez(tmp_path / "mnist.npz", **fake_arrays)
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    assert data.decide() == ("mnist", str(tmp_path / "mnist.npz"))


def test_the_files_in_place_of_the_one_that_is_read_are_named(monkeypatch, tmp_path):
    (tmp_path / "train-images-idx3-ubyte.gz").touch()
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    with pytest.raises(data.DataError, match=r"holds mnist.npz; found there: train-images-idx3"):
        data.decide()


def test_download_is_checked_kept_and_not_repeated(fake_arrays, server, monkeypatch, home):
    folder, address, asked = server
    np.savez(folder / "mnist.npz", **fake_arrays)
    sha256 = hashlib.sha256((folder / "mnist.npz").read_bytes()).hexdigest()
    fetch = data.download
    monkeypatch.setattr(data, "download", lambda: fetch(f"{address}/mnist.npz", sha256))
    kept = ("mnist", str(home / "datasets/mnist.npz"))
    assert data.decide() == kept
    assert data.decide() == kept
    assert asked == ["/mnist.npz"]
    # A copy that has been damaged is fetched again.
    Path(kept[1]).write_bytes(Path(kept[1]).read_bytes()[:200])
    assert data.decide() == kept
    assert asked == ["/mnist.npz", "/mnist.npz"]


FAULTS = ["another file", "no file", "no server", "half a file", "500", "a server that stalls"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_download_that_fails_leaves_no_file_and_says_what_to_do(fault, server, home, monkeypatch):
    folder, address, _ = server
    monkeypatch.setattr(data, "READ_SECONDS", 0.2)
    address += f"/{fault}"
    if fault == "another file":
        (folder / fault / "mnist.npz").parent.mkdir()
        (folder / fault / "mnist.npz").write_bytes(b"something else")
    if fault == "no server":
        address = "http://127.0.0.1:9"
    with pytest.raises(data.DataError, match="set LENET_DATA to that folder"):
        data.download(f"{address}/mnist.npz", "0" * 64)
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_without_mnist_the_digits_are_taken_and_say_why(monkeypatch):
    def no_network():
        raise data.DataError("no network")

    monkeypatch.delenv("LENET_DATA", raising=False)
    monkeypatch.setattr(data, "find_mnist", no_network)
    assert data.decide() == ("digits", "no network")
    taken = data.load("auto")
    assert taken.name == "digits"
    assert taken.note.endswith("They stand in for MNIST: no network.")
    assert "MNIST" not in data.load("digits").note
    with pytest.raises(data.DataError, match="no network"):
        data.load("mnist")


def test_an_unknown_data_set_is_refused():
    with pytest.raises(ValueError, match="dataset = 'cifar': must be one of auto, mnist, digits"):
        data.load("cifar")
