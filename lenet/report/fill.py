"""Placeholders in Markdown text: `{{name}}`, `{{name:format}}`, `{{name low:format}}`.

`name` is that of a number or a word of results.json; a field may follow that of a number (low,
high, n or interval), and then a format of Python's. All functions take what results.json holds.
"""

import re

from lenet.report import numbers
from lenet.report.sentences import MARKS, limits

NAME = r"[\w./-]+(?: [\w./-]+)*?"
FIELD = "low|high|n|interval"
PLACEHOLDER = re.compile(rf"{{{{\s*({NAME})(?: ({FIELD}))?\s*(?::([^{{}}]*))?}}}}")


def fill(notebook, results: dict):
    """Fill the placeholders of all Markdown cells and return the notebook.

    Raises ValueError with every placeholder that cannot be filled, and its cell, counted from 1.
    """
    faults = []
    for position, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown":
            try:
                cell.source = filled(cell.source, results)
            except ValueError as error:
                faults.append(f"cell {position}: {error}")
    if faults:
        raise ValueError("; ".join(faults))
    return notebook


def filled(text: str, results: dict) -> str:
    """The text with every placeholder filled; ValueError names the one at fault.

    >>> fall = {"value": 0.223, "low": 0.09, "high": 0.341, "n": 5}
    >>> results = {"numbers": {"fall": fall}, "measured": {}, "words": {"how": "slowly"}}
    >>> results.update(tests={}, conclusions=[])
    >>> filled("It fell {{how}}, by {{fall interval:.0%}}.", results)
    'It fell slowly, by 22% [9, 34].'
    """
    rest = PLACEHOLDER.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise ValueError(f"{rest!r}: double braces must hold a name and may hold a format")
    return PLACEHOLDER.sub(lambda found: _replacement(found, results), text)


def _replacement(found: re.Match, results: dict) -> str:
    name, field, form = found.groups("")
    entries, words = known(results)
    if name in words and not field + form:
        return words[name]
    if name not in entries:
        raise ValueError(f"{found[0]}: no number or word has this name")
    try:
        if field == "interval":
            return numbers.interval(entries[name], form)
        return numbers.shown(entries[name][field or "value"], form)
    except ValueError as error:
        raise ValueError(f"{found[0]}: {error}") from error


def known(results: dict) -> tuple[dict[str, dict], dict[str, str]]:
    """All numbers and all words by name.

    Beside those of the report: the numbers of tests as `test/measurement`; verdicts as
    `verdict/test`, and as `sentence/test` that of the sentence which has the test; how many
    sentences there are as `count/sentences`, and how many hold as `count/holds`, and so on. Those
    of 2017's numbers have `2017/` before the name. Where a test's quantity must lie is
    `limit/test/band`.
    """
    entries = {**results["numbers"], **results["measured"]}
    words = dict(results["words"])
    for side, key in (("", "verdict"), ("2017/", "verdict_2017")):
        for test, found in results["tests"].items():
            words[f"{side}verdict/{test}"] = found[key]
            for band, place in found["bands"].items():
                words[f"limit/{test}/{band}"] = limits(place)
            for one in found["numbers"][side.strip("/") or "ours"]:
                entries[f"{side}{test}/{one['name']}"] = one
        for sentence in results["conclusions"]:
            for test in sentence["tests"]:
                words[f"{side}sentence/{test}"] = sentence[key]
        verdicts = [sentence[key] for sentence in results["conclusions"]]
        for verdict in MARKS:
            words[f"{side}count/{verdict}"] = str(verdicts.count(verdict))
    words["count/sentences"] = str(len(results["conclusions"]))
    return entries, words
