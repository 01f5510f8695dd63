"""What starts a process: ``import lehr``, and ``lehr show`` as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

import lehr

from .run import cosine
from .table import Row, Section
from .timing import medians

ROUNDS = 9
OURS = "lehr"
TIMM = "timm.scheduler"  # alone: the rest of timm needs a torchvision that fits the torch
TIMM_ALONE = (
    "import sys; from importlib.util import find_spec, module_from_spec; "
    "sys.modules['timm'] = module_from_spec(find_spec('timm') or __import__('timm')); import timm.scheduler"
)
IMPORTED = {name: f"import {name}" for name in (OURS, "lrsched", "transformers", "torch")} | {TIMM: TIMM_ALONE}
HEAVY = ("torch", "matplotlib", "scipy", "pandas")
MOST_IMPORT, MOST_SHOW = 0.120, 0.5

IMPORT = "from time import perf_counter; start = perf_counter(); {}; print(perf_counter() - start)"
LOADED = f"import lehr, sys; print(*[name for name in {HEAVY} if name in sys.modules])"
SHOWN = "cosine(training_steps="
SHOW = "import sys; from lehr.cli import main; sys.exit(main())"  # what the script `lehr` runs


def _python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # With the bytecode that an installed package has, whatever the shell says of writing it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def imports() -> Section:
    """``import`` in a fresh process."""
    missing = {name: why for name in IMPORTED if (why := _why_not(name))}  # this writes the bytecode too
    there = [name for name in IMPORTED if name not in missing]
    samples = [{name: float(_python(IMPORT.format(IMPORTED[name])).stdout) for name in there} for _ in range(ROUNDS)]
    seconds = {name: median(sample[name] for sample in samples) for name in there}
    rows = [_import_row(name, seconds.get(name, missing.get(name, "")), seconds[OURS]) for name in IMPORTED]
    return Section("`import` in a fresh process", [rows[0], _heavy_row(), *rows[1:]], ["The ratio is to lehr."])


def _why_not(name: str) -> str:
    tried = _python(IMPORTED[name])
    if tried.returncode == 0:
        return ""
    reason = tried.stderr.strip().splitlines()[-1]
    absent = reason.endswith(f"No module named '{name.partition('.')[0]}'")
    return "not installed" if absent else f"not importable: {reason.split(': ', 1)[-1]}"


def _import_row(name: str, seconds: float | str, ours: float) -> Row:
    if isinstance(seconds, str):
        return Row(name, seconds)
    if name != OURS:
        return Row(name, seconds, ratio=seconds / ours)
    return Row(name, seconds, ratio=1.0, target=f"≤ {MOST_IMPORT * 1e3:.0f} ms", met=seconds <= MOST_IMPORT)


def _heavy_row() -> Row:
    loaded = _python(LOADED).stdout.strip()
    return Row("… loads " + ", ".join(HEAVY), loaded or "none", target="none", met=not loaded)


def show() -> Section:
    """``lehr show FILE``, from the start of its process to its end."""
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory, f"run.{suffix}") for suffix in ("yaml", "toml", "json")]
        for file in files:
            lehr.spec.write(cosine(lehr.cosine), file)
        failed = {file.suffix: why for file in files if (why := _why_not_shown(file))}
        seconds = medians({file.suffix: partial(_show, file) for file in files} | {"": _start}, range(ROUNDS))
    rows = [Row("Python alone", seconds[""], ratio=1.0)]
    for file in files:
        rows.append(_show_row(file.suffix, failed.get(file.suffix) or seconds[file.suffix], seconds[""]))
    return Section("`lehr show FILE`, whole process", rows, ["The ratio is to `python -c pass`."])


def _start(_: int) -> None:
    _python("pass")


def _show(file: Path, _: int = 0) -> subprocess.CompletedProcess[str]:
    return _python(SHOW, "show", str(file))


def _why_not_shown(file: Path) -> str:
    shown = _show(file)
    if shown.returncode == 0:
        return "" if SHOWN in shown.stdout else "failed: it shows no schedule"
    return f"failed: {shown.stderr.strip().splitlines()[-1]}"


def _show_row(suffix: str, seconds: float | str, start: float) -> Row:
    if isinstance(seconds, str):
        return Row(f"lehr show run{suffix}", seconds, target=f"≤ {MOST_SHOW} s", met=False)
    return Row(
        f"lehr show run{suffix}", seconds, ratio=seconds / start, target=f"≤ {MOST_SHOW} s", met=seconds <= MOST_SHOW
    )
