"""From the log of one or two runs, the loss of any other schedule, with a band."""

from .runs import Run as Run
