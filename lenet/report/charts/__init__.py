"""Charts: a file for each topic, in which a chart and the frame that it draws stand together.

A public function takes the evidence (or what its docstring says) and returns an Altair chart, or
None where its runs are missing. Look first at `style`, which all of them share. A function beside
it makes the frame, and `report.article` names some numbers of these frames; no verdict is decided
here.
"""
