"""The conclusions of 2017, each turned into numbers with a band, and the verdicts on them.

Look first at `conclusions.yaml`: the sentences, the tests of each and their bands. A test is the
function of its name in `learning_rate`, `filters` or `runtime`. It asks one of the two `sides`,
2017's numbers or our runs, for errors, times and `intervals`. `bands.decide` makes a verdict of
what it measures, `conclusions.judge` does so for all. `robustness` and `thresholds` ask the same
under other settings and other limits. No chart and no TensorFlow comes in here.
"""
