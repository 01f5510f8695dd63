"""Train a small GPT on Python's standard library, once with each standard learning-rate schedule.

    python examples/train_gpt.py --out demo             # cosine, linear, constant
    python examples/train_gpt.py --out demo --resume    # continues where a run was stopped

For each schedule it writes `lr_cosine.png`, its rates; `log_cosine.csv`, with a row for each step and the
validation loss where it was measured; and `checkpoint_cosine.pt`, at the end the trained model. `losses.png`
compares the losses, and those of cosine with their forecast from the other runs. Without `--resume` a run
starts again and replaces these files. A resumed run ends with the same bits as an uninterrupted one: rate and
batch depend on the step, and everything else is saved.
"""

import csv
import os
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click
import numpy as np
import torch
from matplotlib import rc_context
from matplotlib.figure import Figure
from torch import Tensor, nn
from tqdm import tqdm

import lehr
from lehr.forecast import Forecast

STANDARD = ("cosine", "linear", "constant")
BATCH, CONTEXT, WIDTH, HEADS, LAYERS = 8, 64, 96, 4, 2
EVALUATE_EVERY = 40
FORECAST = "cosine"
ENOUGH = 8  # losses, from which a forecast is worth reading
CAUSAL = nn.Transformer.generate_square_subsequent_mask(CONTEXT)

# In all of CPython 3.11 to 3.14; their text, and so the losses, differ a little between versions.
TRAINING = """
    argparse ast calendar configparser dataclasses difflib doctest enum functools http/client inspect
    ipaddress logging/__init__ mailbox optparse os pdb pickle pydoc random shutil smtplib socket ssl
    subprocess tarfile tempfile threading traceback typing unittest/case unittest/mock urllib/parse
"""
VALIDATION = "contextlib csv statistics textwrap tokenize urllib/request"

COLUMNS = ("step", "lr", "train_loss", "val_loss")
Log = list[tuple[int, float, float, float | None]]


def text_of(modules: str) -> Tensor:
    """The source of modules of the standard library, as bytes."""
    library = Path(sysconfig.get_path("stdlib"))
    text = b"".join((library / f"{module}.py").read_bytes() for module in modules.split())
    return torch.frombuffer(bytearray(text), dtype=torch.uint8).long()


def batch_of(text: Tensor, seed: int, step: int, size: int = BATCH) -> tuple[Tensor, Tensor]:
    """Inputs and targets: a function of the step, so no data loader's position has to be saved."""
    starts = np.random.default_rng([seed, step]).integers(len(text) - CONTEXT, size=(size, 1))
    windows = text[torch.from_numpy(starts + np.arange(CONTEXT + 1))]
    return windows[:, :-1], windows[:, 1:]


class GPT(nn.Module):
    """Predicts each byte from those before it; gives the mean loss, in nats per byte."""

    def __init__(self) -> None:
        super().__init__()
        self.byte = nn.Embedding(256, WIDTH)
        self.place = nn.Embedding(CONTEXT, WIDTH)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(LAYERS)
        )
        self.logits = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 256))

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        x = self.byte(inputs) + self.place.weight
        for layer in self.layers:
            x = layer(x, src_mask=CAUSAL, is_causal=True)
        return nn.functional.cross_entropy(self.logits(x).flatten(0, 1), targets.flatten())


def train(name: str, out: Path, steps: int, seed: int, checkpoint_every: int) -> tuple[lehr.Schedule, Log]:
    """Train under one schedule, from its checkpoint if there is one."""
    training, validation = text_of(TRAINING), batch_of(text_of(VALIDATION), 0, 0, size=128)
    torch.manual_seed(seed)
    model = GPT()
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.1)
    scheduler = lehr.Scheduler(optimizer, name, training_steps=steps, warmup_steps="5%", max_lr=8e-3, min_lr=8e-4)
    lehr.plot.save(lehr.plot.plot_schedule(scheduler.schedule, lehr.plot.new_axes()), out / f"lr_{name}.png")

    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    log = load(out, name, seed, parts)
    bar = tqdm(range(len(log), steps), desc=f"{name:8}", initial=len(log), total=steps, unit="step")
    for step in bar:
        scheduler.step(step)  # the rate for this update
        loss = model(*batch_of(training, seed, step))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

        done, val_loss = step + 1, None
        if done % EVALUATE_EVERY == 0 or done == steps:
            with torch.no_grad():
                val_loss = model(*validation).item()
        log.append((step, scheduler.current_lr, loss.item(), val_loss))
        bar.set_postfix(lr=f"{scheduler.current_lr:.1e}", loss=f"{loss.item():.2f}", refresh=False)
        if done % checkpoint_every == 0 or done == steps:
            save(out, name, seed, parts, log)
    return scheduler.schedule, log


def save(out: Path, name: str, seed: int, parts: dict[str, Any], log: Log) -> None:
    """Write the log and then the checkpoint, so that a checkpoint always has its log."""
    with replacing(out / f"log_{name}.csv", "w") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *log])
    # "rng" matters if you add dropout; without it, no step draws a random number.
    states = {part: owner.state_dict() for part, owner in parts.items()}
    with replacing(out / f"checkpoint_{name}.pt", "wb") as file:
        torch.save({**states, "log": log, "seed": seed, "rng": torch.get_rng_state()}, file)


def load(out: Path, name: str, seed: int, parts: dict[str, Any]) -> Log:
    """Load the checkpoint into all parts, and return its log; without a checkpoint, an empty log."""
    path = out / f"checkpoint_{name}.pt"
    if not path.exists():
        return []
    saved = torch.load(path, weights_only=True)
    if saved["seed"] != seed:
        raise click.UsageError(f"{path} was written with --seed {saved['seed']}, not {seed}")
    for part, owner in parts.items():
        owner.load_state_dict(saved[part])  # the scheduler refuses the state of another schedule
    torch.set_rng_state(saved["rng"])
    return list(saved["log"])


@contextmanager
def replacing(path: Path, mode: str) -> Iterator[IO[Any]]:
    """A file that replaces the old one when it is complete: if the run is killed, one of the two is there."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open(mode) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def forecast_one(out: Path, schedules: dict[str, lehr.Schedule]) -> Forecast | None:
    """The forecast of `FORECAST` from the logs of the other runs, as if it had not been run."""
    others = {name: schedule for name, schedule in schedules.items() if name != FORECAST}
    if FORECAST not in schedules or not others:
        print(f"\nNo forecast: that takes the {FORECAST} run, and another run to forecast it from.")
        return None
    runs = [
        lehr.forecast.read_run(out / f"log_{name}.csv", schedule, loss="val_loss", step_counts="index")
        for name, schedule in others.items()
    ]
    fewest = min(len(run.at) for run in runs)
    if fewest < ENOUGH:
        print(f"\nNo forecast: a run has {fewest} validation losses, and {ENOUGH} would say something.")
        return None
    after_warmup = runs[0].at[runs[0].at > runs[0].warmup]
    return lehr.forecast.fit(runs).predict(schedules[FORECAST], at=after_warmup)


def draw_losses(
    schedules: dict[str, lehr.Schedule], logs: dict[str, Log], forecast: Forecast | None, path: Path
) -> None:
    """Draw the validation losses with the forecast, and below them the rates."""
    with rc_context(lehr.plot.STYLE):
        figure = Figure(figsize=(5, 4.5))
        losses, rates = figure.subplots(2, sharex=True, height_ratios=[3, 2])
    lehr.plot.plot_schedules(schedules, ax=rates)
    for (name, log), line in zip(logs.items(), rates.lines, strict=True):
        points = [(step, val_loss) for step, _, _, val_loss in log if val_loss is not None]
        losses.plot(*zip(*points, strict=True), ".-", color=line.get_color(), linewidth=0.7)
        if forecast and name == FORECAST:
            forecast.plot(losses, color=line.get_color(), linestyle="--")
    if forecast:
        words = f"Dashed: {FORECAST}, forecast from {_and(schedules)} alone, with its 90 % band"
        losses.set_title(words, fontsize="small", loc="left")
    losses.set(xlabel="", ylabel="Validation loss (nats per byte)")
    figure.align_ylabels()
    figure.savefig(path)


def _and(schedules: Iterable[str]) -> str:
    return " and ".join(name for name in schedules if name != FORECAST)


@click.command(help=str(__doc__).partition("\n")[0])
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where everything is written.")
@click.option("--schedule", "names", type=click.Choice(STANDARD), multiple=True, default=STANDARD, help="Repeatable.")
@click.option("--steps", type=click.IntRange(min=10), default=800, show_default=True, help="Of each schedule.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--checkpoint-every", type=click.IntRange(min=1), default=100, show_default=True, help="Steps.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoints there, instead of starting afresh.")
def main(out: Path, names: tuple[str, ...], steps: int, seed: int, checkpoint_every: int, resume: bool) -> None:
    torch.set_num_threads(1)  # so small a model is hardly faster on more, and they would round differently
    torch.use_deterministic_algorithms(True)
    out.mkdir(parents=True, exist_ok=True)
    if not resume:
        for name in names:
            (out / f"checkpoint_{name}.pt").unlink(missing_ok=True)
    schedules, logs = {}, {}
    for name in names:
        schedules[name], logs[name] = train(name, out, steps, seed, checkpoint_every)
    forecast = forecast_one(out, schedules)
    draw_losses(schedules, logs, forecast, out / "losses.png")
    print("\nschedule  validation loss, nats per byte")
    for name, log in logs.items():
        print(f"{name:10}{log[-1][-1]:.3f}")
    if forecast:
        loss, low, high = forecast.final
        error = loss - float(logs[FORECAST][-1][-1] or 0.0)
        print(f"\n{FORECAST}, forecast from {_and(schedules)} alone: {loss:.3f}, 90 % band {low:.3f} to {high:.3f}")
        print(f"off by {error:+.3f}, {'inside' if abs(error) <= high - loss else 'outside'} the band")


if __name__ == "__main__":
    main()
