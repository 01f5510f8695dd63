"""Logs of training runs, read into a `Run`: sources, columns, cleaning, logged rates."""

from .reading import RunWarning as RunWarning
from .reading import read_run as read_run
