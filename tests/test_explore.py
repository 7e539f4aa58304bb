"""The desk to play at, without a browser: its buttons are pressed from Python."""

from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import vl_convert
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from lenet.explore import charts, drawing, seeing
from lenet.explore.desk import Desk
from lenet.network import machine, model
from lenet.network.data import Images
from lenet.network.trainer import Trainer
from lenet.report.charts import style
from lenet.report.charts.run import LIVE

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "explore.ipynb"
PRESS = """
desk.start.click()
desk.thread.join()
desk.controls["filters"].value = 4
desk.start.click()
desk.thread.join()
desk.pick.value = 3
print(*desk.tried, desk.told.value, sep="; ")
"""


@pytest.fixture
def desk(digits):
    machine.use("CPU", 2)
    made = Desk(digits.first_training_images(300))
    made.controls["filters"].value = 4
    made.epochs.value = 2
    return made


def press(desk, button):
    """Press a button, and wait until the network is trained."""
    button.click()
    desk.thread.join()
    assert not desk.start.disabled
    assert desk.stop.disabled


def drawn(place):
    """What stands in a place of the desk, as SVG."""
    [output] = place.outputs
    svg = vl_convert.vegalite_to_svg(style.static(output["data"][LIVE]))
    assert "NaN" not in svg
    return svg


def test_the_notebook_runs_whole_and_its_buttons_work(tmp_path, monkeypatch):
    book = nbformat.read(NOTEBOOK, 4)
    [parameters] = [cell for cell in book.cells if cell.metadata.get("tags")]
    parameters.source = parameters.source.replace('"auto"', '"digits"')
    book.cells.append(new_code_cell(PRESS))
    NotebookClient(book, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    outputs = book.cells[-1].outputs
    said = "".join(output.text for output in outputs if output.get("name") == "stdout")
    first, second, told = said.strip().split("; ")
    assert first == "1: learning rate 0.1, 16 filters"
    assert second == "2: learning rate 0.1, 4 filters"
    assert told.startswith("After epoch 3 its validation error is")


def test_a_new_curve_stands_beside_the_earlier_one(desk):
    press(desk, desk.start)
    desk.controls["lr"].value = 0.01
    desk.controls["head"].value = "relu"
    press(desk, desk.start)
    svg = drawn(desk.curves)
    assert "1: learning rate 0.1, 4 filters" in svg
    assert "2: learning rate 0.01, 4 filters, head relu" in svg
    assert [len(curve) for curve in desk.tried.values()] == [3, 3]
    first = desk.tried["1: learning rate 0.1, 4 filters"].drop(columns="seconds")
    alone, _ = Trainer(desk.dataset, filters=4).fit(2, 100)
    pd.testing.assert_frame_equal(first, alone.drop(columns="seconds"))
    desk.forget.click()
    assert desk.tried == {}
    assert desk.curves.outputs == ()


def test_training_stops_after_an_epoch(desk, monkeypatch):
    train = Trainer.epoch

    def stopped_meanwhile(trainer, order):
        desk.stop.click()
        return train(trainer, order)

    monkeypatch.setattr(Trainer, "epoch", stopped_meanwhile)
    desk.epochs.value = 15
    press(desk, desk.start)
    [curve] = desk.tried.values()
    assert curve["epoch"].max() == 1
    assert desk.told.value.startswith("Stopped: after epoch 1 its validation error is")


def test_it_diverges_when_told_to(digits):
    desk = Desk(digits)
    press(desk, desk.overshoot)
    assert desk.told.value.startswith("It diverged (not finite from step")
    assert "The network has diverged" in drawn(desk.seen)
    assert desk.controls["filters"].value == 32


def test_what_cannot_be_trained_is_told(digits):
    desk = Desk(digits.first_training_images(10))
    press(desk, desk.start)
    assert "batch_size = 64: must be at most the 10 training images" in desk.told.value


def test_2017_is_dashed_where_the_data_are_its_own(desk):
    desk.dataset = desk.dataset._replace(name="mnist")
    desk.controls["lr"].value = 0.02
    press(desk, desk.start)
    svg = drawn(desk.curves)
    assert "2017: learning rate 0.01, 16 filters, 50,000 images an epoch" in svg
    assert 'stroke-dasharray="6,4"' in svg


def test_a_digit_is_drawn_and_answered_layer_by_layer(desk):
    press(desk, desk.start)
    desk.pen_move(1, 1)
    assert desk.strokes == []
    desk.pen_down(100, 40)
    desk.pen_move(100, 180)
    desk.pen_up(100, 180)
    svg = drawn(desk.seen)
    for word in ("The network says", "image", "conv1", "pool1", "conv2", "pool2"):
        assert word in svg
    assert svg.count("<image") == 1 + 4 * 4
    desk.wipe()
    assert desk.strokes == []
    before = desk.image
    desk.pick.value = 7
    assert not np.array_equal(desk.image, before)


def test_an_untrained_network_may_be_asked(desk):
    desk.pick.value = 1
    assert "The network says" in drawn(desk.seen)


def test_strokes_become_a_centred_digit_of_the_usual_length():
    corner = drawing.image([[(10, 10), (10, 190)], [(30, 20)]], 20)
    rows, columns = np.nonzero(corner)
    assert np.ptp(rows) + 1 == 20
    assert abs(rows.mean() - 13.5) < 1
    assert abs(columns.mean() - 13.5) < 1
    assert drawing.image([], 20).sum() == 0


def test_a_usual_digit_is_as_long_as_those_of_the_data(digits):
    assert drawing.extent(digits.train) == 28
    squares = np.zeros((9, 28, 28), np.uint8)
    squares[:, 10:18, 3:6] = 1
    assert drawing.extent(Images(squares, np.zeros(9))) == 8


def test_each_layer_is_seen_as_the_model_computes_it(digits):
    network = model.build(filters=3, seed=5)
    image = digits.validation.images[0]
    found = seeing.answer(network, image)
    shapes = {name: maps.shape for name, maps in found.maps.items()}
    assert shapes == {
        "conv1": (28, 28, 3),
        "pool1": (14, 14, 3),
        "conv2": (14, 14, 3),
        "pool2": (7, 7, 3),
    }
    logits = network.predict(image[None, ..., None] / 255, verbose=0)[0]
    assert np.log(found.probabilities) == pytest.approx(logits - np.log(np.exp(logits).sum()), 1e-4)


def test_awkward_maps_are_shaded():
    maps = np.array([[[0.0, -1.0, np.nan], [1.0, 2.0, np.inf]]])
    assert charts.shades(maps).tolist() == [[[0, 127]], [[0, 255]], [[0, 0]]]
    assert charts.shades(np.zeros((2, 2, 99))).shape == (16, 2, 2)
    assert charts.shades(maps * np.nan).sum() == 0
