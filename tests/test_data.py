import hashlib
import http.server
import threading

import numpy as np
import pytest

from lenet import data


@pytest.fixture
def fake_arrays(monkeypatch):
    """Small arrays in the place of MNIST's, their hashes in the place of its."""
    arrays = {name: np.full((2, 3), number, np.uint8) for number, name in enumerate(data.MNIST_ARRAYS_SHA256)}
    monkeypatch.setattr(
        data, "MNIST_ARRAYS_SHA256", {name: hashlib.sha256(array).hexdigest() for name, array in arrays.items()}
    )
    return arrays


@pytest.fixture
def server(tmp_path):
    """A web server on loopback over a folder of its own; yields (folder, address, paths asked for)."""
    folder, asked = tmp_path / "served", []
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=folder)

        def log_message(self, *_):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()


def test_digits_are_split_without_loss_or_overlap(digits):
    assert [len(part) for part in digits[1:4]] == [1197, 300, 300]
    assert digits.train.images.shape == (1197, 28, 28)
    assert digits.train.images.dtype == np.uint8
    assert set(digits.validation.labels) == set(range(10))


def test_digits_keep_their_corner_pixels(digits):
    from sklearn.datasets import load_digits

    small = load_digits().images[0]
    corners = digits.train.images[0][np.ix_([0, -1], [0, -1])]
    np.testing.assert_array_equal(corners, np.rint(small[np.ix_([0, -1], [0, -1])] * 255 / 16))


def test_mnist_is_split_as_in_2017_and_shares_no_image_with_validation(mnist):
    assert [len(part) for part in mnist[1:4]] == [50_000, 10_000, 10_000]
    assert data.shared_images(mnist.train, mnist.validation) == 0
    assert data.shared_images(mnist.train, mnist.train) == 50_000


def test_content_counts_and_not_the_container(fake_arrays, tmp_path):
    np.savez_compressed(tmp_path / "mnist.npz", **{n: np.asfortranarray(a) for n, a in fake_arrays.items()})
    for name, array in data.verified(tmp_path / "mnist.npz").items():
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


def test_a_folder_that_was_named_and_is_empty_is_a_mistake_not_an_absence(monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    with pytest.raises(data.DataError, match="LENET_DATA = .*must be a folder that holds mnist.npz"):
        data.decide()


def test_download_is_checked_kept_and_not_repeated(fake_arrays, server, monkeypatch, tmp_path):
    folder, address, asked = server
    np.savez(folder / "mnist.npz", **fake_arrays)
    sha256 = hashlib.sha256((folder / "mnist.npz").read_bytes()).hexdigest()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("LENET_DATA", raising=False)
    monkeypatch.setattr(data, "download", lambda fetch=data.download: fetch(f"{address}/mnist.npz", sha256))
    assert data.decide() == ("mnist", str(tmp_path / "keras/datasets/mnist.npz"))
    assert data.decide() == ("mnist", str(tmp_path / "keras/datasets/mnist.npz"))
    assert asked == ["/mnist.npz"]


@pytest.mark.parametrize("fault", ["another file", "no file", "no server"])
def test_a_download_that_fails_leaves_no_file_and_says_how_to_bring_it_by_hand(fault, server, monkeypatch, tmp_path):
    folder, address, _ = server
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    if fault == "another file":
        (folder / "mnist.npz").write_bytes(b"something else")
    address = "http://127.0.0.1:9" if fault == "no server" else address
    with pytest.raises(data.DataError, match="set LENET_DATA to that folder"):
        data.download(f"{address}/mnist.npz", "0" * 64)
    assert [path for path in (tmp_path / "keras").rglob("*") if path.is_file()] == []


def test_without_mnist_the_digits_are_chosen_with_the_reason(monkeypatch):
    def no_network():
        raise data.DataError("no network")

    monkeypatch.delenv("LENET_DATA", raising=False)
    monkeypatch.setattr(data, "find_mnist", no_network)
    assert data.decide() == ("digits", "no network")
    assert data.load("auto").name == "digits"
    with pytest.raises(data.DataError, match="no network"):
        data.load("mnist")


def test_an_unknown_data_set_is_refused():
    with pytest.raises(ValueError, match="dataset = 'cifar': must be one of auto, mnist, digits"):
        data.load("cifar")
