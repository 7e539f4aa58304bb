"""Numbers as a reader has them, and texts that stay what they are in Markdown."""

import re
import string

MISSING = "not measured"
# Formats of our own beside Python's, and what stands after the number.
SUFFIXES = {"%": "%", "points": " points", "GiB": " GiB", "images": " images"}


def shown(value: float | None, form: str = "") -> str:
    """A number for a reader, with a real minus.

    Without a format, whole numbers have every digit and others three that count. So have those of
    our own formats: "%" and "points", a hundredth each, "GiB" and "images".

    >>> shown(50_000), shown(-0.01432), shown(0.2231, "%"), shown(0.0025, "points"), shown(None)
    ('50,000', '−0.0143', '22.3%', '0.25 points', 'not measured')
    >>> shown(-0.25, ".0%")
    '−25%'
    """
    if value is None:
        return MISSING
    if form in SUFFIXES:
        factor = 100 if form in ("%", "points") else 1
        return shown(factor * value) + SUFFIXES[form]
    if not form:
        whole = value == round(value) or abs(value) >= 1000
        form = ",.0f" if whole else ".3g"
    return format(value, form).replace("-", "−")


def interval(entry: dict, form: str = "") -> str:
    """A number with its confidence interval, where it has one.

    >>> interval({"value": 0.223, "low": 0.09, "high": 0.341}, "%")
    '22.3% [9, 34.1]'
    >>> interval({"value": 1.42, "low": 1.3, "high": None}, ".2f")
    '1.42 [1.30, ∞]'
    """
    value, low, high = entry["value"], entry["low"], entry["high"]
    if value is None and low is not None:
        return f"{shown(low, form)} or more"
    if value is None or low == high:
        return shown(value, form)
    lower = "−∞" if low is None else bare(low, form)
    upper = "∞" if high is None else bare(high, form)
    return f"{shown(value, form)} [{lower}, {upper}]"


def bare(value: float, form: str) -> str:
    """A number without the words after it.

    >>> bare(0.1, "points")
    '10'
    """
    return shown(value, form).split()[0].removesuffix("%")


def escaped(text: str) -> str:
    r"""Markdown that shows a text as it is, on one line.

    >>> print(escaped("<b> a|b\n$x$"))
    \<b\> a\|b \$x\$
    """
    line = re.sub(r"[^\S\u00a0]+", " ", text)
    return re.sub(f"([{re.escape(string.punctuation)}])", r"\\\1", line)
