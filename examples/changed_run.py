"""Draw a run whose schedule was changed during training, after a loss spike and for an early cooldown.

python examples/changed_run.py --out changes.png
"""

from pathlib import Path

import click
import torch

import lehr


@click.command(help=str(__doc__).partition("\n")[0])
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The picture: .png, .svg, .pdf.")
def main(out: Path) -> None:
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.AdamW(model.parameters())
    scheduler = lehr.Scheduler(optimizer, "wsd", "100k", "2%", max_lr=1e-3)
    scheduler.step(30_000)
    scheduler.dip(0.4, recover="10k", why="the loss had a spike")
    scheduler.step(60_000)
    scheduler.cooldown("15k", why="to compare with the other model today")
    axes = lehr.plot.plot_schedule(scheduler.schedule, lehr.plot.new_axes(), history=scheduler.history)
    lehr.plot.save(axes, out)


if __name__ == "__main__":
    main()
