"""What the report notebook says: its numbers, words, tables and charts.

The notebook speaks through `writer.Report`, look there first; `fill` puts numbers into its prose,
`sentences` has verdicts in words and tables, `charts/` a file for each topic of the pictures.
`finished` reads the runs with the verdicts on them; `article`, with which the notebook begins, adds
every number that its text names; `beside` shows other studies and a person's own runs. No verdict
is decided here, and nothing here knows of pages: see `pipeline.pages`.
"""
