"""``lehr optimise``: the best schedule under a law, and what a simple one costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .argument import as_steps, as_steps_or_none
from .errors import Command
from .forecast import read_law
from .text import bullets, table

if TYPE_CHECKING:
    from ..forecast import Optimum


@click.command(cls=Command)
@click.argument("law", metavar="LAW")
@click.option("--training-steps", callback=as_steps, required=True, metavar="STEPS", help="Steps of the run.")
@click.option("--warmup-steps", callback=as_steps_or_none, metavar="STEPS", help="By default those of the runs.")
@click.option("--max-lr", type=float, metavar="RATE", help="Highest rate; by default the runs' highest.")
@click.option("--min-lr", type=float, default=0.0, metavar="RATE", help="No rate is lower; by default 0.")
@click.option("-o", "--out", metavar="FILE", help="Write the optimised schedule: .json, .yaml, .toml, .txt.")
def optimise(
    law: str, training_steps: int, warmup_steps: int | None, max_lr: float | None, min_lr: float, out: str | None
) -> None:
    """Find the schedule that ends at the lowest loss.

    LAW is a file that lehr fit wrote. The best of each family that has a name stands beside the
    optimised schedule, with the price of choosing it; then which to take.

    \b
      lehr optimise law.json --training-steps 24k --out best.yaml
      lehr show best.yaml
    """
    _check_out(out, law)
    fitted = read_law(law)

    from .progress import progress

    with progress("optimising") as done:
        best = fitted.optimise(
            training_steps=training_steps, max_lr=max_lr, warmup_steps=warmup_steps, min_lr=min_lr, progress=done
        )
    parts = [_table(best), bullets([verdict(best), *best.notes]), _drawn(best)]
    if out:
        from .. import spec

        spec.write(best.schedule, out)
        parts.append(f"wrote {out}, the optimised schedule")
    click.echo("\n\n".join(parts))


def _check_out(out: str | None, law: str) -> None:
    """Refuse what cannot be written before the long search."""
    from ..spec import FORMATS

    if out is not None and Path(out).suffix not in FORMATS:
        raise ValueError(f"--out is {out!r}, and a spec file ends in {', '.join(FORMATS)}")
    if out is not None and Path(out).resolve() == Path(law).resolve():
        raise ValueError(f"--out is {out!r}, which is the law file itself; name another")


def verdict(best: Optimum) -> str:
    """Which schedule to take, in words."""
    simple = best.simple
    price = f"{simple.price:.4f} ({simple.price_low:+.4f} to {simple.price_high:+.4f})"
    if simple.price_low <= 0:
        return f"Take {simple.name}: it costs {price}, which may be nothing."
    return f"{simple.name} costs {price}: take the optimised schedule if that is worth a file of its own."


def _table(best: Optimum) -> str:
    rows = [("", "loss", "90 % band", "costs", "90 % band", "schedule")]
    rows.append(("A optimised", f"{best.loss:.4f}", f"{best.low:.4f} to {best.high:.4f}", "", "", "--out writes it"))
    rows += [
        (
            f"{'B' if choice is best.simple else ' '} {choice.name}", f"{choice.loss:.4f}",
            f"{choice.low:.4f} to {choice.high:.4f}", f"{choice.price:+.4f}",
            f"{choice.price_low:+.4f} to {choice.price_high:+.4f}", repr(choice.schedule),
        )
        for choice in best.families
    ]  # fmt: skip
    return table(rows)


def _drawn(best: Optimum) -> str:
    from .terminal import draw

    return draw({"A": best.schedule, "B": best.simple.schedule}, stop=None, log=False, share=False)
