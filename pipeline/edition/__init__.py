"""The published edition: a finished report in git, and whether its runs come out the same again.

`publish` puts the report into reports/published/ and into the README, or says why not; `verify`
makes some of its runs again, and `compare` says what counts as the same. What makes a number or a
picture of the report does not come in here.
"""
