"""What the tests with other libraries share: a model and its data, Lightning, timm."""

from __future__ import annotations

import contextlib
import io
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from shutil import which
from typing import Any

import pytest
import torch

from .optimizers import recorded


def quietly(call: Callable[[], Any]) -> Any:
    """Call another library without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


class Rows(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Samples for a `Line`."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"x": torch.ones(2) * (1 + index % 3), "labels": torch.ones(1)}


class Line(torch.nn.Module):
    """A model that every trainer takes."""

    def __init__(self) -> None:
        super().__init__()
        self.line = torch.nn.Linear(2, 1)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": 1e-6 * (self.line(x) - labels).pow(2).mean()}


def batches(n: int) -> Any:
    """A loader of ``n`` batches of one sample."""
    return torch.utils.data.DataLoader(Rows(n), batch_size=1)


def why_not(framework: str) -> str:
    """Why the tests with a framework cannot run here; empty if they can."""
    if find_spec(framework) is None:
        return f"{framework} is not installed"
    for program in ("c++", "ninja") if framework == "deepspeed" else ():
        if which(program) is None:
            return f"DeepSpeed compiles a part of itself when it is first used, and there is no `{program}`"
    return ""


def line_module() -> Any:
    """The class of a Lightning module around a `Line`, without an optimizer."""
    import pytorch_lightning

    class LineModule(pytorch_lightning.LightningModule):  # type: ignore[misc]  # Lightning may be missing for mypy
        def __init__(self) -> None:
            super().__init__()
            self.line = Line()

        def training_step(self, batch: Any, index: int) -> Any:
            return self.line(**batch)["loss"]

    return LineModule


def lightning_model(
    build: Callable[[torch.optim.Optimizer], Any], interval: str = "step", follow: bool = False, lr: float = 1.0
) -> Any:
    """A Lightning module with the scheduler that ``build`` makes; `rates` has the rate of each of its updates."""

    class Module(line_module()):  # type: ignore[misc]  # made when it is called
        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=lr)
            self.scheduler = build(optimizer)
            if follow:
                self.scheduler.follow()
            self.rates = recorded(optimizer)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": self.scheduler, "interval": interval}}

    return Module()


def lightning_trainer(path: Any, epochs: int, **options: Any) -> Any:
    import pytorch_lightning

    defaults = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "barebones": False}
    given = defaults | {"enable_checkpointing": False} | options
    return pytorch_lightning.Trainer(max_epochs=epochs, accelerator="cpu", default_root_dir=str(path), **given)


def printed_by_example(name: str) -> str:
    """What an example of a trainer prints: the number of rates and resumes that it has checked."""
    main = quietly(lambda: pytest.importorskip(f"examples.{name}")).main
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the models are small, and other tests run beside it
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            quietly(main)
    finally:
        torch.set_num_threads(threads)
    return out.getvalue()


CHECKED = "48 rates and 1 resume checked: each update used the rate of the schedule"
"""The last line of most examples."""


def timm_schedulers() -> Any:
    """`timm.scheduler` without the rest of timm, which needs a torchvision that fits the installed torch."""
    if "timm" not in sys.modules:
        spec = find_spec("timm")
        if spec is None:
            pytest.skip("timm is not installed: it needs torchvision, of which there is no CPU build")
        sys.modules["timm"] = module_from_spec(spec)
    return import_module("timm.scheduler")
