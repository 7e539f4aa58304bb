"""The report of finished runs: what the report notebook says, and page and paper of it.

The notebook speaks through `writer.Report`, look there first; `fill` puts numbers into its prose,
`sentences` has verdicts in words and tables, `charts/` a file for each topic of the pictures.
`article` is what the notebook begins with: the finished runs, and every number that its text
names. `__main__` runs the notebook and hands it to `publish`: one Markdown text, which `document`
numbers and `page` and `paper` lay out by the `templates/`. No verdict is decided here.
"""
