"""``lehr optimise``: the best schedule under a law, and the excess loss of a named one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from .. import spec
from ..schedules.checks import shown
from .argument import as_steps, as_steps_or_none, json_option
from .errors import Command
from .forecast import read_law
from .progress import progress
from .terminal import draw
from .text import bullets, echo, echo_json, table

if TYPE_CHECKING:
    from ..forecast import Optimum


class RateOrFree(click.ParamType[float | Literal["free"]]):
    """A number, or the word free."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | Literal["free"]:
        if value == "free":
            return "free"
        rate: float = click.FLOAT.convert(value, param, ctx)
        return rate


@click.command(cls=Command)
@click.argument("law", metavar="LAW")
@click.option("--training-steps", callback=as_steps, required=True, metavar="STEPS", help="Steps of the run.")
@click.option("--warmup-steps", callback=as_steps_or_none, metavar="STEPS", help="By default those of the fitted runs.")
@click.option(
    "--max-lr", type=RateOrFree(), metavar="RATE",
    help="Highest rate; by default that of the fitted runs; free for the best, if they have several.",
)  # fmt: skip
@click.option("--min-lr", type=float, default=0.0, metavar="RATE", help="Lowest rate; by default 0.")
@click.option("-o", "--out", metavar="FILE", help="Write the optimised schedule: .json, .yaml, .toml, .txt.")
@json_option
def optimise(
    law: str, training_steps: int, warmup_steps: int | None, max_lr: float | Literal["free"] | None, min_lr: float,
    out: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Find the schedule that ends at the lowest loss.

    LAW is a file that lehr fit wrote. The table shows the optimised schedule and the best schedule of each
    named family, with its excess loss: its loss minus that of the optimised schedule. Below it is the advice.

    \b
      lehr optimise law.json --training-steps 24k --out best.yaml
      lehr show best.yaml
    """
    _check_out(out, law)
    fitted = read_law(law)

    with progress("optimising") as done:
        best = fitted.optimise(
            training_steps=training_steps, max_lr=max_lr, warmup_steps=warmup_steps, min_lr=min_lr, progress=done
        )
    if as_json:
        if out:
            spec.write(best.schedule, out)
        return echo_json(_as_dict(best, fitted.warnings))
    picture = draw({"A": best.schedule, "B": best.best_named.schedule}, stop=None, log=False, share=False)
    parts = [*filter(None, [bullets(fitted.warnings)]), _table(best), bullets([verdict(best), *best.notes]), picture]
    if out:
        spec.write(best.schedule, out)
        parts.append(f"wrote the optimised schedule to {out}")
    echo("\n\n".join(parts))


def _check_out(out: str | None, law: str) -> None:
    """Refuse an impossible file before the long search."""
    from ..spec import FORMATS

    if out is None:
        return
    if Path(out).suffix not in FORMATS:
        raise ValueError(f"--out must be a spec file, which ends in {', '.join(FORMATS)}, got {shown(out)}")
    if Path(out).exists() and Path(law).exists() and Path(out).samefile(law):
        raise ValueError(f"--out is {shown(out)}, which is the law file itself; choose another name")


def verdict(best: Optimum) -> str:
    """Which schedule to use, in words."""
    named = best.best_named
    excess = f"{named.excess:.4f} ({named.excess_low:+.4f} to {named.excess_high:+.4f})"
    if named.excess_low <= 0:
        return f"Use {named.name}: its excess loss is {excess}, which may be zero."
    return f"Use the optimised schedule if this difference matters: the excess loss of {named.name} is {excess}."


def _as_dict(best: Optimum, warnings: Sequence[str]) -> dict[str, Any]:
    families = [{**vars(choice), "schedule": spec.to_dict(choice.schedule)} for choice in best.families]
    return {
        **{name: getattr(best, name) for name in ("loss", "low", "high")},
        "schedule": spec.to_dict(best.schedule),
        "families": families,
        "notes": [*warnings, *best.notes],
    }


def _table(best: Optimum) -> str:
    rows = [
        ("", "loss", "90 % band", "excess", "90 % band", "schedule"),
        ("A optimised", f"{best.loss:.4f}", f"{best.low:.4f} to {best.high:.4f}", "", "", "--out writes it"),
    ]
    rows += [
        (
            f"{'B' if choice is best.best_named else ' '} {choice.name}", f"{choice.loss:.4f}",
            f"{choice.low:.4f} to {choice.high:.4f}", f"{choice.excess:+.4f}",
            f"{choice.excess_low:+.4f} to {choice.excess_high:+.4f}", repr(choice.schedule),
        )
        for choice in best.families
    ]  # fmt: skip
    return table(rows)
