"""The only room that knows torch: it writes a schedule's rates into an optimizer."""

from .scheduler import Scheduler as Scheduler
