"""`as_lambda`: a schedule as the ``lr_lambda`` of torch's LambdaLR."""

from __future__ import annotations

from collections.abc import Callable

from .. import spec
from ..schedules import Schedule, checks

KEEP = (None, "checkpoint", "code")


def as_lambda(schedule: Schedule, base_lr: float = 1.0, *, keep: str | None = None) -> LambdaFactor:
    """A schedule as a factor of the optimizer's rate: ``step -> schedule(step) / base_lr``.

    For whatever takes the ``lr_lambda`` of torch's LambdaLR, such as torchtitan. The result is picklable and
    printable, and equals another of the same schedule. LambdaLR saves the spec of the schedule in its own state,
    and a run that is resumed under another schedule is refused at its first step.

    Args:
        schedule: The rates, or factors if `base_lr` is 1.
        base_lr: The rate in the optimizer, which LambdaLR multiplies.
        keep: What holds if the checkpoint's schedule or `base_lr` differs from the code's: ``"checkpoint"``,
            ``"code"``, or None to refuse.

    Raises:
        ValueError: `schedule` is no Schedule, `base_lr` is not above 0, or `keep` is no such word.

    References:
        torch, torch/optim/lr_scheduler.py, LambdaLR.

    >>> import lehr, torch
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    >>> factor = as_lambda(lehr.linear(100, 10, max_lr=0.1), base_lr=0.1)
    >>> torch.optim.lr_scheduler.LambdaLR(optimizer, factor).get_last_lr()
    [0.010000000000000002]
    """
    return LambdaFactor(schedule, base_lr, keep=keep)


class LambdaFactor:
    """What `as_lambda` returns."""

    # LambdaLR saves the `__dict__` of a callable and updates it with the saved one. So the dict holds plain data alone,
    # what this was built from is in slots, and a call sees whether a checkpoint has changed the data.

    __slots__ = ("__dict__", "_base_lr", "_keep", "_schedule", "_text")

    def __init__(self, schedule: Schedule, base_lr: float = 1.0, *, keep: str | None = None) -> None:
        if not isinstance(schedule, Schedule):
            raise ValueError(f"as_lambda needs a Schedule, got {checks.shown(schedule)}")
        if keep not in KEEP:
            raise ValueError(f"`keep` must be 'checkpoint' or 'code', got {checks.shown(keep)}")
        self._base_lr = checks.number("base_lr", base_lr, owner="as_lambda", above=0)
        self._schedule, self._keep = schedule, keep
        self._text = spec.to_text(schedule)
        self.__dict__.update(self._plain())

    def _plain(self) -> dict[str, object]:
        return {"schedule": self._text, "base_lr": self._base_lr}

    def __call__(self, step: int) -> float:
        if self.__dict__["schedule"] is not self._text or self.__dict__["base_lr"] != self._base_lr:
            self._compare_with_checkpoint()
        return self._schedule(step) / self._base_lr

    def _compare_with_checkpoint(self) -> None:
        """Decide what holds, once a checkpoint has been loaded."""
        saved = spec.from_text(self.__dict__["schedule"])
        base_lr = checks.number("base_lr", self.__dict__["base_lr"], owner="the checkpoint", above=0)
        if (saved, base_lr) != (self._schedule, self._base_lr) and self._keep != "code":
            if self._keep is None:
                raise ValueError(
                    f"the checkpoint was written with as_lambda({checks.shown(saved, 200)}, base_lr={base_lr}), and "
                    f"the code has {checks.shown(self, 200)}; choose with as_lambda(..., keep='checkpoint') or "
                    f"keep='code'"
                )
            self._schedule, self._base_lr, self._text = saved, base_lr, spec.to_text(saved)
        self.__dict__.update(self._plain())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LambdaFactor):
            return NotImplemented
        return (self._schedule, self._base_lr, self._keep) == (other._schedule, other._base_lr, other._keep)

    def __hash__(self) -> int:
        return hash((self._schedule, self._base_lr, self._keep))

    def __reduce__(self) -> tuple[Callable[..., LambdaFactor], tuple[object, ...], dict[str, object]]:
        return _rebuilt, (self._schedule, self._base_lr, self._keep), dict(self.__dict__)

    def __setstate__(self, data: dict[str, object]) -> None:
        self.__dict__.update(data)

    def __repr__(self) -> str:
        keep = "" if self._keep is None else f", keep={self._keep!r}"
        return f"as_lambda({self._schedule!r}, base_lr={self._base_lr}{keep})"


def _rebuilt(schedule: Schedule, base_lr: float, keep: str | None) -> LambdaFactor:
    return LambdaFactor(schedule, base_lr, keep=keep)
