"""What the README says of the published edition, between its two marks."""

from lenet.report import fill, sentences

BEGIN = "<!-- edition: begin -->"
END = "<!-- edition: end -->"
TEXT = """

## The result

Of the conclusions of 2017, {{count/holds}} hold on our runs, {{count/does not hold}} do not hold,
{{count/holds in part}} hold in part; undecided: {{count/undecided}}; not measured:
{{count/not measured here}}. And on the numbers of 2017
alone, {{2017/count/holds}} hold, {{2017/count/does not hold}} do not hold,
{{2017/count/holds in part}} hold in part; undecided: {{2017/count/undecided}}; not measured:
{{2017/count/not measured here}}.

<img src="reports/published/front-errors.svg" width="49%" alt="Validation error by epoch">
<img src="reports/published/front-runtime.svg" width="49%" alt="Time of ten epochs by filters">

After {{setting/epochs}} epochs the highest of the four learning rates, {{lr/0.1:g}}, has an error
of {{final_error/0.1 interval:.2%}} on validation images; in 2017 it had
{{2017/final_error/0.1:.2%}}. Between epochs {{setting/constant_from}} and {{setting/epochs}}, where
2017 called its curve constant, the error loses {{then_constant/0.1 interval:.0%}} of its value.
What if the rate is a tenth and the epochs are ten times as many? The ratio of the errors, where
they differ most, is then {{rate_times_epochs/0.01 over 0.1:.2f}} (from {{lr/0.1:g}} to
{{lr/0.01:g}}), {{rate_times_epochs/0.001 over 0.01:.2f}} (from {{lr/0.01:g}} to {{lr/0.001:g}}) and
{{rate_times_epochs/0.0001 over 0.001:.2f}} (from {{lr/0.001:g}} to {{lr/0.0001:g}}). Our verdict
on "the same error": {{verdict/rate_times_epochs}}.
{{gpu}}
The graphics card's times of 2017,
which seemed to bend, lie on a straight line in the number of parameters, to about
{{2017/gpu_line_miss:.0%}}.

Read it as [a page](reports/published/report.html), which is to be saved and opened and needs no
network, or as [a paper](reports/published/report.pdf). Beside them lie
[every number](reports/published/results.json) and [the notebook](reports/published/report.ipynb).
{{origin}}; last run: {{date}}.
`make verify` makes three of these runs again and compares.

"""


def rewritten(text: str, results: dict) -> str:
    """The README's text, with what results.json holds between its marks.

    Raises ValueError where a mark is missing.
    """
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"README.md: must have a line {BEGIN} and below it {END}")
    words = {**results["words"], **sentences.front(results)}
    told = fill.filled(TEXT, {**results, "words": words})
    return before + BEGIN + told + END + after
