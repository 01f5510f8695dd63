"""Which column of a log is what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from ...schedules import checks
from .log import UPDATES_DONE, Entry, listed
from .units import GIVE_BATCH, UNITS, Batch, unit_of, words_of

DONE = (UPDATES_DONE, "at", "updates_done", "num_updates")
INDEX = ("step", "global_step", "trainer/global_step", "train/global_step", "_step", "steps", "iteration", "iter")
TRAINING = ("train_loss", "training_loss", "train/loss", "loss/train", "loss", "train_loss_step")
RATE = ("lr", "learning_rate", "train/learning_rate", "train/lr", "lr-AdamW", "lr-Adam", "lr-SGD", "lr/AdamW", "rate")
"""Usual names of columns, in any case; the first that a log has is taken."""
HELD_OUT = {"val", "valid", "validation", "eval", "evaluation", "dev", "test"}
"""Words in the name of a held-out loss, and values of a column that says to which set a row belongs."""
SETS = HELD_OUT | {"train", "training"}
SET = ("split", "dataset", "set", "eval_set", "phase", "dataloader")
"""Usual names of such a column, whatever its values."""
DERIVED = {"min", "max", "best", "std"}
"""Words in the name of what is no loss at a position: Weights & Biases exports `val/loss__MIN` beside `val/loss`."""


def having(entries: list[Entry], where: Mapping[str, object] | None, label: str) -> list[Entry]:
    """The entries that have these values.

    Raises:
        ValueError: There is none.
    """
    kept = [entry for entry in entries if all(str(entry[1].get(k)) == str(v) for k, v in (where or {}).items())]
    if not kept:
        raise ValueError(f"{label} has no row where {where!r}")
    return kept


class Columns:
    """The columns of positions, losses and rates of a log: the named ones, and for None one with a usual name.

    ``lr`` is empty if there is none; ``counts_updates`` if the name of ``step``, or a batch, says that positions are
    updates done; ``losses`` are all columns of losses.

    Raises:
        ValueError: A column is missing or ambiguous, or positions do not count what they should.
    """

    def __init__(
        self, label: str, entries: list[Entry], step: str | None, loss: str | None, lr: str | None, batch: Batch | None,
        prefers: Literal["held-out", "training"] = "held-out",
    ) -> None:  # fmt: skip
        self.label, self.names = label, list(dict.fromkeys(name for _, row in entries for name in row))
        self.losses = [n for n in self.names if "loss" in words_of(n) and not words_of(n) & DERIVED]
        self.step = self._named("step", step) or self._positions(batch)
        self.loss = self._named("loss", loss) or self._usual_loss(prefers)
        self._others = [name for name in self.losses if name != self.loss] if loss is None else []
        self.lr = self._named("lr", lr) or next(iter(self._matching(RATE)), "")
        self.counts_updates = batch is not None or self.step.lower() in DONE

    def check_unit(self, batch: Batch | None) -> None:
        """Refuse positions whose name says that they count something else.

        Raises:
            ValueError: They do.
        """
        name, unit = checks.named(self.step), unit_of(self.step)
        if batch is None and unit == "epochs":
            raise ValueError(
                f"{self.label}: `{name}` counts epochs, and a law counts updates: say which column does, step=..., or "
                f"add one (an epoch times its updates)"
            )
        if batch is None and unit:
            raise ValueError(
                f"{self.label}: `{name}` counts {unit}, and a law counts updates: {GIVE_BATCH}; if `{name}` counts "
                f"updates all the same, step_counts='updates'"
            )
        if batch and (self.step.lower() in DONE or unit not in (batch.unit, None)):
            raise ValueError(
                f"{self.label}: `{name}` counts {unit or 'updates'}, but {batch.setting}=... is for a column of "
                f"{batch.unit}: say which that is, step=..., or leave the batch out"
            )

    def _named(self, word: str, name: str | None) -> str | None:
        if name is not None and name not in self.names:
            raise ValueError(
                f"{self.label} has no column {checks.shown(name)} for `{word}`; it has {listed(self.names)}"
            )
        return name

    def _matching(self, usual: Sequence[str]) -> list[str]:
        by_lower_case = {name.lower(): name for name in self.names}
        return [by_lower_case[name.lower()] for name in usual if name.lower() in by_lower_case]

    def _none(self, word: str) -> ValueError:
        names = listed(self.names)
        return ValueError(f"{self.label} has no usual column for `{word}` among {names}; say {word}=...")

    def _positions(self, batch: Batch | None) -> str:
        """A column that counts what is in a batch, if there is a batch; else one that counts updates."""
        usual = self._matching((*DONE, *INDEX))
        counting = [name for name in self.names if batch and unit_of(name) == batch.unit]
        if len(counting) > 1:
            raise ValueError(
                f"{self.label} has several columns that count what is in a batch, {listed(counting)}: say which, "
                f"step={checks.shown(counting[0])}"
            )
        found = [*counting, *usual] or [name for name in self.names if unit_of(name) in UNITS]
        if not found:
            raise self._none("step")
        return found[0]

    def _usual_loss(self, prefers: str) -> str:
        if prefers == "training" and (usual := self._matching(TRAINING)):
            return usual[0]
        return self._held_out() or self._training()

    def _held_out(self) -> str:
        held_out = [name for name in self.losses if words_of(name) & HELD_OUT]
        if len(held_out) > 1:
            raise ValueError(
                f"{self.label} has several held-out losses, {listed(held_out)}; a fit needs one: say which, "
                f"loss={checks.shown(held_out[0])}"
            )
        return held_out[0] if held_out else ""

    def _training(self) -> str:
        usual = self._matching(TRAINING)
        if not usual and len(self.losses) != 1:
            raise self._none("loss")
        return (usual or self.losses)[0]

    def choice(self) -> list[str]:
        """Which loss was read, if the log has several."""
        if not self._others:
            return []
        another = f"loss={checks.shown(self._others[0])}"
        return [f"`{checks.named(self.loss)}` was read; the log also has {listed(self._others)}, which {another} reads"]
