"""``python -m lehr`` draws the three standard schedules."""

from __future__ import annotations

from pathlib import Path

import click

from . import plot
from .cli.errors import Command, debug_option
from .cli.output import save, wrote
from .cli.text import echo
from .schedules.recipes import RECIPES


@click.command(cls=Command)
@click.option("--out", metavar="DIR", default="images", show_default=True, help="The folder; made if missing.")
@debug_option
def main(out: str) -> None:
    """Draw cosine, linear and constant over 100,000 steps, 1,000 of them warmup.

    Writes DIR/lr_cosine.png, DIR/lr_linear.png and DIR/lr_constant.png.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("cosine", "linear", "constant"):
        schedule = RECIPES[name](training_steps=100_000, warmup_steps=1_000, max_lr=1e-3, min_lr=1e-4)
        path = folder / f"lr_{name}.png"
        save(plot.plot_schedule(schedule, plot.new_axes()), path)
        echo(wrote(path))


if __name__ == "__main__":
    main(prog_name="python -m lehr")
