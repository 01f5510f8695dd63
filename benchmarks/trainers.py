"""What a user types in each trainer, and how many rates and resumes its example has checked."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

from .table import Grid, Row

ROOT = Path(__file__).parent.parent

EXAMPLES = {
    "plain torch": "with_torch",
    "torch LambdaLR": "with_lambda_lr",
    "transformers Trainer": "with_transformers",
    "TRL SFTTrainer": "with_trl",
    "accelerate": "with_accelerate",
    "PyTorch Lightning": "with_lightning",
    "ignite": "with_ignite",
    "timm's train.py": "with_timm",
    "Keras 3 on torch": "with_keras",
    "DeepSpeed": "with_deepspeed",
    "TensorBoard": "with_tensorboard",
}
"""Trainer -> its file in examples."""


def trainers() -> Grid:
    """Run each example in a process of its own, and count."""
    counted = {trainer: _counted(example) for trainer, example in EXAMPLES.items()}
    columns = ("lines of user code", "rates checked", "resumes checked")
    return Grid(
        "Trainers",
        {
            column: [Row(trainer, counts[index]) for trainer, counts in counted.items()]
            for index, column in enumerate(columns)
        },
        [
            "A line of user code is a statement that names lehr, without imports. Each rate that an update used was "
            "compared with the schedule; a resume builds everything anew and loads what the trainer saved."
        ],
    )


def _counted(example: str) -> tuple[str, ...]:
    command = [sys.executable, "-m", f"examples.{example}"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    lines = str(lines_of_lehr((ROOT / "examples" / f"{example}.py").read_text(encoding="utf-8")))
    if "ModuleNotFoundError" in done.stderr:
        return lines, "not installed", "not installed"
    if done.returncode:
        raise RuntimeError(f"{example} failed: {done.stderr[-2_000:]}")
    return lines, *map(str, checked_by(done.stdout))


def lines_of_lehr(source: str) -> int:
    """Statements that name lehr in what they do: imports, annotations and the statements around them do not count."""
    simple = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt) and not hasattr(node, "body")]
    return sum(any(isinstance(part, ast.Name) and part.id == "lehr" for part in ast.walk(node)) for node in simple)


def checked_by(printed: str) -> tuple[int, int]:
    """The rates and resumes that an example says it has checked."""
    match = re.search(r"^(\d+) rates and (\d+) resumes? checked", printed, re.MULTILINE)
    if match is None:
        raise RuntimeError(f"the example checked nothing: {printed[-2_000:]}")
    return int(match[1]), int(match[2])
