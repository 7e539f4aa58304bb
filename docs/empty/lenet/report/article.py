"""What the report notebook begins with; the numbers that a text of your own names come here."""

from lenet.report.finished import begin, load

__all__ = ["begin", "load"]
