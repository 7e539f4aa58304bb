"""The sliders, buttons and pictures of notebooks/explore.ipynb, and what each of them does."""

import threading
from typing import Any

import numpy as np
import pandas as pd
from ipycanvas import Canvas
from ipywidgets import (
    HTML,
    Button,
    Checkbox,
    Dropdown,
    FloatLogSlider,
    HBox,
    IntSlider,
    Output,
    SelectionSlider,
    VBox,
)

from lenet import hand_in_2017
from lenet.explore import charts, drawing, seeing
from lenet.network.curves import HEADS, INITS, how_failed
from lenet.network.data import Dataset
from lenet.network.trainer import Trainer
from lenet.report.charts import style
from lenet.report.charts.run import LIVE, SVG

SEED = 100
OVERSHOOTS = {"lr": 10**0.5, "filters": 32, "init": "normal"}
WIDE = {"style": {"description_width": "110px"}, "layout": {"width": "430px"}}


class Desk:
    """Everything to play with on one data set; `training` and `looking` are shown by the notebook.

    A network trains in a thread of its own, so that buttons and mouse are heard meanwhile. All
    start from the same seed: what differs between two curves is what was turned.
    """

    def __init__(self, dataset: Dataset):
        self.dataset = dataset
        self.extent = drawing.extent(dataset.train)
        self.tried: dict[str, pd.DataFrame] = {}
        self.strokes: list[drawing.Stroke] = []
        self.pen_is_down = False
        self.thread = threading.Thread()
        self.stopping = threading.Event()
        self.trainer: Trainer | None = None
        self.image = dataset.validation.images[0]
        self._make_training()
        self._make_looking()

    def _make_training(self):
        rate = FloatLogSlider(0.1, min=-4, max=1, step=0.1, description="learning rate", **WIDE)
        widths = [2**power for power in range(1, 7)]
        self.controls = {
            "lr": rate,
            "filters": SelectionSlider(options=widths, value=16, description="filters", **WIDE),
            "head": Dropdown(options=HEADS, description="head", **WIDE),
            "init": Dropdown(options=INITS, description="initial values", **WIDE),
            "shuffle": Checkbox(False, description="a new order in each epoch", **WIDE),
        }
        self.epochs = IntSlider(3, min=1, max=15, description="epochs", **WIDE)
        self.start = button("Train", self.train)
        self.stop = button("Stop", lambda _: self.stopping.set(), disabled=True)
        self.overshoot = button("Watch it diverge", self.diverge)
        self.forget = button("Clear the curves", self.clear_curves)
        self.told = HTML()
        self.curves = Output()
        buttons = HBox([self.start, self.stop, self.overshoot, self.forget])
        controls = [*self.controls.values(), self.epochs]
        self.training = VBox([*controls, buttons, self.told, self.curves])

    def _make_looking(self):
        size = drawing.PAPER
        self.paper = Canvas(width=size, height=size, layout={"border": "1px solid"})
        self.wipe()
        self.paper.line_width = drawing.PEN
        self.paper.line_cap = "round"
        self.paper.on_mouse_down(self.pen_down)
        self.paper.on_mouse_move(self.pen_move)
        self.paper.on_mouse_up(self.pen_up)
        self.paper.on_mouse_out(self.pen_up)
        last = len(self.dataset.validation) - 1
        self.pick = IntSlider(0, max=last, description="or pick one", **WIDE)
        self.pick.observe(self.picked, "value")
        self.seen = Output()
        self.looking = VBox([HBox([self.paper, button("Wipe", self.wipe)]), self.pick, self.seen])

    def settings(self) -> dict[str, Any]:
        """What the controls stand at, but for the epochs."""
        return {name: control.value for name, control in self.controls.items()}

    def train(self, _=None):
        """Begin to train a new network with these settings."""
        self.stopping.clear()
        self._busy(True)
        self.thread = threading.Thread(target=self._train, args=(self.settings(),), daemon=True)
        self.thread.start()

    def diverge(self, _=None):
        """Turn the controls to where a step overshoots, and train."""
        for name, value in OVERSHOOTS.items():
            self.controls[name].value = value
        self.train()

    def clear_curves(self, _=None):
        """Forget what was tried."""
        self.tried.clear()
        self.curves.outputs = ()

    def _busy(self, busy: bool):
        self.stop.disabled = not busy
        for each in (self.start, self.overshoot, self.forget):
            each.disabled = busy

    def _train(self, settings: dict[str, Any]):
        name = f"{len(self.tried) + 1}: {in_words(settings)}"
        self.told.value = f"Training {name} ..."
        try:
            trainer = Trainer(self.dataset, **settings)
            self.trainer = trainer

            def watch(curve: pd.DataFrame, whole: bool):
                self.tried[name] = curve
                self.draw_curves(settings["lr"])
                if self.stopping.is_set() and not whole:
                    raise KeyboardInterrupt  # as `fit` is stopped

            curve, _ = trainer.fit(self.epochs.value, SEED, watch)
            self.told.value = in_a_sentence(curve, trainer.stopped)
            self.look()
        except Exception as error:
            self.told.value = f"{type(error).__name__}: {error}"
        finally:
            self._busy(False)

    def draw_curves(self, lr: float):
        """Show all curves, and that of 2017 whose learning rate is nearest."""
        past = past_of(lr) if self.dataset.name == "mnist" else {}
        note = f"Data: {self.dataset.name}, {len(self.dataset.train):,} images an epoch"
        show(self.curves, charts.curves(self.tried, past, note))

    def pen_down(self, x: float, y: float):
        """Begin a stroke."""
        self.pen_is_down = True
        self.strokes.append([(x, y)])
        self.pen_move(x, y)

    def pen_move(self, x: float, y: float):
        """Draw on, while the button of the mouse is held."""
        if self.pen_is_down:
            self.paper.stroke_line(*self.strokes[-1][-1], x, y)
            self.strokes[-1].append((x, y))

    def pen_up(self, *_):
        """End a stroke, and show what is drawn so far to the network."""
        if self.pen_is_down:
            self.pen_is_down = False
            self.image = drawing.image(self.strokes, self.extent)
            self.look()

    def wipe(self, _=None):
        """Begin with white paper."""
        self.strokes.clear()
        self.paper.fill_style = "white"
        self.paper.fill_rect(0, 0, drawing.PAPER)

    def picked(self, _=None):
        """Show the network a validation image."""
        self.image = self.dataset.validation.images[self.pick.value]
        self.look()

    def look(self):
        """Draw what the newest network makes of the image, layer by layer."""
        if self.trainer is None:
            self.trainer = Trainer(self.dataset, **self.settings())
            self.trainer.reset(SEED)
        found = seeing.answer(self.trainer.model, self.image)
        show(self.seen, charts.answer(self.image, found))


def button(label: str, do: Any, **options: Any) -> Button:
    """A button that does something."""
    made = Button(description=label, **options)
    made.on_click(do)
    return made


def show(place: Output, chart: Any) -> None:
    """Put a chart in the place of what stands there; any thread may."""
    data = {LIVE: style.sized(chart.to_dict())}
    place.outputs = ({"output_type": "display_data", "data": data, "metadata": SVG},)


def in_words(settings: dict[str, Any]) -> str:
    """The settings of a curve: the rate, the filters, and what is not as in 2017.

    >>> in_words({"lr": 0.1, "filters": 8, "head": "relu", "init": "normal", "shuffle": True})
    'learning rate 0.1, 8 filters, head relu, shuffle True'
    """
    words = [f"learning rate {settings['lr']:.3g}", f"{settings['filters']} filters"]
    for name in ("head", "init", "shuffle"):
        if settings[name] != hand_in_2017.SETTING[name]:
            words.append(f"{name} {settings[name]}")
    return ", ".join(words)


def past_of(lr: float) -> dict[str, pd.DataFrame]:
    """The curve of 2017 whose learning rate is nearest, by its name.

    >>> list(past_of(0.02))
    ['2017: learning rate 0.01, 16 filters, 50,000 images an epoch']
    """
    curves = hand_in_2017.learning_curves()
    rate = min(hand_in_2017.LEARNING_RATES, key=lambda each: abs(np.log(each / lr)))
    filters = hand_in_2017.SETTING["filters"]
    images = f"{hand_in_2017.TRAIN_IMAGES:,} images an epoch"
    name = f"2017: learning rate {rate}, {filters} filters, {images}"
    return {name: curves[curves["lr"] == rate]}


def in_a_sentence(curve: pd.DataFrame, stopped: bool) -> str:
    """What became of a network."""
    failed = how_failed(curve)
    if failed:
        return (
            f"It diverged ({failed}): each step went past the minimum, further than it came from, "
            "until there was nothing left to learn from."
        )
    end = curve.iloc[-1]
    begin = "Stopped: after" if stopped else "After"
    return f"{begin} epoch {end.epoch:.0f} its validation error is {end.validation_error:.2%}."
