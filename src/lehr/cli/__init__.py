"""The command line: ``lehr show | plot | compare | export | import | recipes | control | fit | forecast | ...``."""

from __future__ import annotations

import click

from .. import __version__
from . import (
    check,
    compare,
    continuation,
    control,
    design,
    export,
    fit,
    forecast,
    import_,
    optimise,
    peak,
    plot,
    recipes,
    report,
    show,
)
from .errors import Group, debug_option


@click.group(cls=Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="lehr %(version)s")
@debug_option
@click.pass_context
def main(context: click.Context) -> None:
    """Look at learning-rate schedules, compare them, write them down, and forecast their losses.

    \b
    A SCHEDULE is one of
      a recipe       cosine --training-steps 100k --max-lr 1e-3
      a line of text "cosine(100k, warmup_steps=1k, max_lr=1e-3)"
      a spec file    run.json, run.yaml, run.toml, run.txt
      -              standard input: JSON, YAML or a line of text

    `lehr recipes` lists the recipes and their settings.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for _command in (
    show.show, plot.plot, compare.compare, check.check, export.export, import_.import_, recipes.recipes,
    control.control,
    fit.fit, forecast.forecast, optimise.optimise, continuation.when_to_cool_down, continuation.extend_or_stop,
    peak.suggest, peak.range_test, report.report, design.design,
):  # fmt: skip
    main.add_command(_command)
