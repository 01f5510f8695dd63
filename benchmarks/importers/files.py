"""How long ``lehr import FILE`` takes, as a whole process, and what it loads."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from ..table import markdown
from ..timing import medians

ROUNDS = 5
MOST = 0.5
"""Seconds that the import of a config may take."""
HEAVY = ("torch", "transformers", "deepspeed")
FILES = {
    "ds_config.json": """{"scheduler": {"type": "WarmupDecayLR", "params": {"warmup_min_lr": 0, "warmup_max_lr": 0.001,
        "warmup_num_steps": 100, "total_num_steps": 1000}}}""",
    "train_gpt2.py": "learning_rate = 6e-4\nmax_iters = lr_decay_iters = 600000\nwarmup_iters = 2000\nmin_lr = 6e-5\n",
    "training_args.json": """{"lr_scheduler_type": "cosine", "learning_rate": 3e-4, "max_steps": 1000,
        "warmup_steps": 100}""",
}
RUN = (
    "import sys; from lehr.cli import main; main(sys.argv[1:], standalone_mode=False); "
    f"print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
)


Command = tuple[str | Path, ...]


def run(*arguments: str | Path) -> str:
    """Run ``lehr`` in a process of its own; what it has loaded of the heavy libraries."""
    command = [sys.executable, "-c", RUN, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stderr.splitlines()[-1]


def table() -> str:
    """The median of five processes for each file, without and with the original stepped beside."""
    with tempfile.TemporaryDirectory() as directory:
        paths = {name: Path(directory, name) for name in FILES}
        for name, path in paths.items():
            path.write_text(FILES[name], encoding="utf-8")
        commands: dict[str, Command] = {name: ("import", path, "--no-check") for name, path in paths.items()}
        commands |= {f"{name}, with its check": ("import", path) for name, path in paths.items()}
        loaded = {name: run(*command) for name, command in commands.items()}
        seconds = medians({n: partial(_timed, command) for n, command in commands.items()}, range(ROUNDS))
    rows = [(name, f"{seconds[name]:.2f} s", loaded[name] or "none") for name in commands]
    return markdown(("file", "whole process", "of torch and the framework it loads"), rows, ("whole process",))


def _timed(command: Command, _: int) -> None:
    run(*command)
