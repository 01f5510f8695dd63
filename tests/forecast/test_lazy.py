"""`import lehr` stays light, and so does `lehr.forecast` until a schedule is optimised."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("scipy", "pandas", "polars", "matplotlib", "torch", "tensorboard", "mlflow")


def loaded(code: str, names: tuple[str, ...]) -> list[str]:
    probe = f"{code}; import sys; print(*[name for name in {names!r} if name in sys.modules])"
    return subprocess.check_output([sys.executable, "-c", probe], text=True).split()


def test_lehr_does_not_load_the_forecasts():
    assert loaded("import lehr", ("lehr.forecast", *HEAVY)) == []


def test_the_forecasts_load_nothing_heavy():
    assert loaded("import lehr; lehr.forecast.fit", HEAVY) == []


def test_the_check_above_can_fail():
    pytest.importorskip("scipy")
    assert loaded("import lehr, scipy; lehr.forecast", ("lehr.forecast", "scipy")) == ["lehr.forecast", "scipy"]
