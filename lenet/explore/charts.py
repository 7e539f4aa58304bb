"""The charts of the desk: curves of all that was tried, and what a network made of one image."""

import altair as alt
import numpy as np
import pandas as pd

from lenet.explore.drawing import INK
from lenet.explore.seeing import Answer
from lenet.report.charts import style
from lenet.report.charts.images import picture
from lenet.report.charts.run import TITLE, error_lines

MOST_MAPS = 16  # of a layer
PICTURE = 44  # pixels
STEP = alt.Step(PICTURE + 4)
LEGEND = alt.Legend(
    title=None,
    orient="bottom",
    columns=1,
    labelLimit=style.WIDTH,
)


def curves(
    tried: dict[str, pd.DataFrame], past: dict[str, pd.DataFrame], note: str
) -> alt.ConcatChart:
    """Validation error by epoch of all that was tried, by its name; `past`, of 2017, is dashed.

    The frames have the columns epoch and validation_error.
    """
    parts = [curve.assign(name=name, whose="ours") for name, curve in tried.items()]
    parts += [curve.assign(name=name, whose="2017") for name, curve in past.items()]
    rows = pd.concat(parts).dropna(subset="validation_error")
    rows["error"] = rows["validation_error"].clip(lower=style.LEAST_ERROR)
    rows = rows[["name", "whose", "epoch", "error"]]
    lines = error_lines(rows, [*tried, *past], rows["epoch"].max(), LEGEND)
    return style.panels(TITLE, lines, below=note)


def answer(image: np.ndarray, found: Answer) -> alt.VConcatChart:
    """The image, the maps of each layer as pictures in a row, and the digits' probabilities."""
    maps = {"image": image[..., None], **found.maps}
    return alt.vconcat(
        layers(maps),
        probabilities(found.probabilities),
        title=found.sentence,
    )


def layers(maps: dict[str, np.ndarray]) -> alt.Chart:
    """A row of pictures for each layer, of its first maps."""
    rows = []
    for layer, of_layer in maps.items():
        for number, shade in enumerate(shades(of_layer)):
            rows.append({"layer": layer, "filter": number, "url": picture(shade)})
    pictures = alt.Chart(pd.DataFrame(rows), width=STEP, height=STEP)
    layer_axis = alt.Axis(domain=False, ticks=False)
    return pictures.mark_image(width=PICTURE, height=PICTURE).encode(
        alt.X("filter:O", axis=None),
        alt.Y("layer", title=None, sort=None, axis=layer_axis),
        url="url",
        tooltip=["layer", "filter"],
    )


def probabilities(of_digits: np.ndarray) -> alt.Chart:
    """A bar for each digit."""
    rows = pd.DataFrame({"digit": range(len(of_digits)), "probability": of_digits})
    bars = alt.Chart(rows, width=300, height=120).mark_bar(color=style.BLUE)
    height = alt.Y(
        "probability",
        title="Probability",
        axis=style.PERCENT,
        scale=alt.Scale(domain=[0, 1]),
    )
    return bars.encode(alt.X("digit:O", title="Digit"), height)


def shades(maps: np.ndarray) -> np.ndarray:
    """The first maps (n, rows, columns) of a layer (rows, columns, n), in uint8.

    The layer's largest value is ink; what is negative or not finite is blank.
    """
    ink = np.nan_to_num(maps, nan=0, posinf=0, neginf=0).clip(0)
    most = max(ink.max(), 1e-9)
    scaled = ink * (INK / most)
    in_front = np.moveaxis(scaled, 2, 0)
    return in_front[:MOST_MAPS].astype(np.uint8)
