"""Search over schedules with Optuna, stop the worst runs early, and go on where a search was stopped.

    python examples/search_schedule.py --out search                   # 40 runs of a small model, in SQLite
    python examples/search_schedule.py --out search --trials 80       # 40 more
    python examples/search_schedule.py --out search --storage postgresql://...   # on each of many machines

The model predicts a byte of Python's standard library from those before it. It prints the best schedules, and draws
them in `best.png`.
"""

import sysconfig
from pathlib import Path

import click
import optuna
import torch
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState
from torch import Tensor, nn

import lehr
from lehr.integrations import schedule_of, suggest

SPACE = {"recipe": ["cosine", "linear", "wsd"], "max_lr": (1e-3, 1e-1), "warmup_share": (0.01, 0.2)}
TRAINING = ("argparse", "ast", "calendar", "doctest", "inspect", "pdb", "pydoc", "shutil", "smtplib", "tarfile")
VALIDATION = ("contextlib", "csv", "statistics", "textwrap", "tokenize")
BATCH, CONTEXT, WIDTH = 64, 16, 64
REPORTS = 10
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


def text_of(modules: tuple[str, ...]) -> Tensor:
    """The source of modules of the standard library, as bytes."""
    library = Path(sysconfig.get_path("stdlib"))
    text = b"".join((library / f"{module}.py").read_bytes() for module in modules)
    return torch.frombuffer(bytearray(text), dtype=torch.uint8).long()


def samples(text: Tensor, first: int, size: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets: a function of the number of the first sample."""
    starts = torch.arange(first, first + size) * 7919 % (len(text) - CONTEXT)
    windows = text[starts[:, None] + torch.arange(CONTEXT + 1)]
    return windows[:, :-1], windows[:, -1]


def train(trial: optuna.Trial, steps: int, training: Tensor, validation: tuple[Tensor, Tensor]) -> float:
    """Train under a schedule that the study draws; the validation loss in nats per byte."""
    torch.manual_seed(0)
    layers = (nn.Linear(CONTEXT * 16, WIDTH), nn.GELU(), nn.Linear(WIDTH, 256))
    model = nn.Sequential(nn.Embedding(256, 16), nn.Flatten(), *layers)
    optimizer = torch.optim.AdamW(model.parameters())
    scheduler = lehr.Scheduler(optimizer, suggest(trial, steps, SPACE)).follow()
    loss = float("nan")
    for step in range(steps):
        inputs, targets = samples(training, step * BATCH, BATCH)
        nn.functional.cross_entropy(model(inputs), targets).backward()  # type: ignore[no-untyped-call]  # untyped
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % (steps // REPORTS) == 0:
            with torch.no_grad():
                loss = nn.functional.cross_entropy(model(validation[0]), validation[1]).item()
            trial.report(loss, step + 1)
            if trial.should_prune():
                raise optuna.TrialPruned
    scheduler.detach()
    return loss


@click.command(help=str(__doc__).partition("\n")[0])
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where everything is written.")
@click.option("--trials", type=click.IntRange(min=1), default=40, show_default=True, help="Runs of the whole search.")
@click.option("--steps", type=click.IntRange(min=100), default=600, show_default=True, help="Of each run.")
@click.option("--storage", help="The URL of a database; by default a file of SQLite.")
def main(out: Path, trials: int, steps: int, storage: str | None) -> None:
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    out.mkdir(parents=True, exist_ok=True)
    # Before the decay of the rate its loss says little, so only a run in the worst quarter is stopped, and not early.
    pruner = optuna.pruners.PercentilePruner(75.0, n_startup_trials=8, n_warmup_steps=steps * 3 // 10)
    study = optuna.create_study(
        storage=storage or f"sqlite:///{out / 'search.db'}",
        study_name=f"schedules of {steps} steps",
        pruner=pruner,
        load_if_exists=True,
    )
    training, validation = text_of(TRAINING), samples(text_of(VALIDATION), 0, 2_048)
    if len(study.get_trials(states=ENDED)) < trials:
        study.optimize(
            lambda trial: train(trial, steps, training, validation),
            callbacks=[MaxTrialsCallback(trials, states=ENDED)],
        )
    show(study, out / "best.png")


def show(study: optuna.Study, picture: Path) -> None:
    """Print the best schedules, and draw three of them."""
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    pruned = len(study.get_trials(states=(TrialState.PRUNED,)))
    best = sorted(complete, key=lambda trial: float(trial.value or 0))[:5]
    print(f"{len(complete)} runs complete, {pruned} stopped early; loss in nats per byte, and schedule:")
    for trial in best:
        print(f"{trial.value:.3f}  {trial.user_attrs['schedule']}")
    schedules = {f"run {trial.number}, {trial.value:.3f}": schedule_of(trial.params) for trial in best[:3]}
    lehr.plot.save(lehr.plot.plot_schedules(schedules, lehr.plot.new_axes()), picture)


if __name__ == "__main__":
    main()
