"""Pictures of what a network sees and answers: digits, confusions, first filters."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from PIL import Image

from lenet.report.charts import style

SHADES = alt.Scale(range=["#DEEBF7", "#6BAED6"])  # black numbers are legible on both
PLACE = [alt.X("column:O", axis=None), alt.Y("row:O", axis=None)]  # in a grid
DIVERGING = [style.ORANGE, "white", style.BLUE]


def confusion(counts: pd.DataFrame, dataset: str) -> alt.ConcatChart:
    """Images by digit (rows) and answer (columns); the wrong answers are shaded."""
    table = counts.rename_axis("digit").reset_index()
    cells = table.melt("digit", var_name="answer", value_name="images")
    right = cells["digit"].astype(str) == cells["answer"]
    wrong = ~right & (cells["images"] > 0)
    base = alt.Chart().encode(
        alt.X("answer:O", title="Answer"),
        alt.Y("digit:O", title="Digit"),
        text="images:Q",
    )
    shade = alt.Color("images:Q", scale=SHADES, legend=None)
    squares = base.mark_rect().encode(shade)
    shaded = alt.layer(squares, base.mark_text(color="black"), data=cells[wrong])
    plain = base.mark_text().properties(data=cells[right])
    return style.panels(
        "Which digit was taken for which",
        alt.layer(shaded, plain, height=320),
        below=f"Data: {dataset}",
    )


def digit_grid(images: np.ndarray, titles: Sequence[Any], columns: int = 6) -> Any:
    """Pictures of images (n, rows, columns), uint8, in a grid, each under its title.

    Raises ValueError unless there are n titles.
    """
    frame = pd.DataFrame({"title": map(str, titles), "url": map(picture, images)})
    frame["row"] = frame.index // columns
    frame["column"] = frame.index % columns
    longest = max(map(len, frame["title"]), default=0)
    base = alt.Chart(frame).encode(*PLACE, tooltip="title:N")
    pictures = base.mark_image(width=44, height=44).encode(url="url:N")
    above = base.mark_text(dy=-30).encode(text="title:N")
    return alt.layer(
        pictures,
        above,
        width=alt.Step(7 * max(longest, 8)),
        height=alt.Step(76),
    )


def picture(image: np.ndarray) -> str:
    """A PNG of a uint8 image, its ink (255) drawn black, as a data URI."""
    drawn = Image.fromarray(255 - image).resize((84, 84), Image.Resampling.NEAREST)
    file = io.BytesIO()
    drawn.save(file, "PNG")
    content = base64.b64encode(file.getvalue()).decode()
    return f"data:image/png;base64,{content}"


def filter_grid(kernels: np.ndarray) -> alt.FacetChart:
    """First-layer kernels (3, 3, 1, n) as squares: negative orange, zero white, positive blue."""
    places = np.indices(kernels[:, :, 0].shape).reshape(3, -1)
    frame = pd.DataFrame(places.T, columns=["row", "column", "filter"])
    frame["weight"] = kernels.ravel()
    limit = frame["weight"].abs().max()
    scale = alt.Scale(
        domain=[-limit, 0, limit],
        range=DIVERGING,
        interpolate="rgb",
    )
    colour = alt.Color("weight", title="Weight", scale=scale)
    squares = alt.Chart(frame, width=33, height=33).mark_rect()
    number = alt.Facet("filter:O", title=None)
    return squares.encode(*PLACE, colour).facet(number, columns=8, spacing=8)
