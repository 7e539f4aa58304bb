"""The executed report notebook as one Markdown text, and of it the page and the paper.

Look first at `publish`: `document` numbers the text's figures and tables, `page` and `paper` lay it
out by the `templates/`. `__main__` runs the notebook and puts all its files in place. No word,
number or chart is made here.
"""
