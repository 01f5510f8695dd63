"""What the page asks, and the answers: each a function from a question to plain data."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from typing import Any

from .. import spec
from ..forecast import Law
from ..importers import config_file, reading
from ..schedules import Schedule, checks
from ..schedules.description import horizon
from ..schedules.recipes import RECIPES, get
from . import fields, handles, writing
from .curves import curve_of, forecast_of, numbers_of

Question = dict[str, Any]
Answer = dict[str, Any]
START = {"training_steps": "10k", "warmup_steps": "2%", "max_lr": 1e-3}
"""What a recipe begins with on the page, as far as it takes these."""
EXAMPLES: dict[str, dict[str, Any]] = {
    "chebyshev": {"training_steps": 64, "min_lr": 1e-4},
    "cosine_restarts": {"cycle_steps": "20%"},
    "exp_range": {"cycle_steps": "25%", "decay_factor": 0.9998},
    "exponential": {"decay_factor": 0.5, "decay_every": "20%"},
    "inverse_time": {"timescale": "10%"},
    "k_decay": {"k": 3.0},
    "multistep": {"milestones": ["50%", "75%"]},
    "noam": {"model_dim": 512, "warmup_steps": 1_000},
    "one_cycle": {"warmup_steps": "30%"},
    "piecewise_constant": {"milestones": ["30%", "60%"], "rates": [1e-3, 3e-4, 1e-4]},
    "power": {"timescale": "10%"},
    "range_test": {"training_steps": 500, "min_lr": 1e-6, "max_lr": 1.0},
    "step_decay": {"decay_steps": "25%", "decay_factor": 0.5},
    "triangular": {"cycle_steps": "25%", "min_lr": 1e-4},
    "triangular2": {"cycle_steps": "25%", "min_lr": 1e-4},
}
"""What a recipe begins with beside that, where it needs more."""
MOST_OVERLAYS = 6


class Known:
    """What the server was started with.

    Attributes:
        start: The schedule that the page begins with, as text.
    """

    def __init__(self, start: str, law: str | None) -> None:
        self.start, self._law_text = start, law

    @cached_property
    def law(self) -> Law | None:
        """The law that it was started with."""
        return law_of(self._law_text) if self._law_text else None


def law_of(text: str) -> Law:
    """The law in the text of a file.

    Raises:
        ValueError: It is none.
    """
    return Law.from_json(text)


def begin(known: Known, question: Question) -> Answer:
    """What the page needs once."""
    return {"text": known.start, "recipes": list(RECIPES), "shapes": fields.SHAPE_NAMES, "parts": fields.PARTS,
            "law": known.law is not None, "forms": list(writing.FORMS)}  # fmt: skip


def draw(known: Known, question: Question) -> Answer:
    """A schedule as the page shows it: its curve and those beside it, handles, fields and words.

    While something is dragged, ``"settled"`` is false, and what takes longer is left out.
    """
    schedule = _schedule(question)
    stop = _stop(schedule, question.get("beside", []))
    answer = {
        "text": spec.to_text(schedule),
        "recipe": recipe if (recipe := spec.to_dict(schedule)["schedule"]) in RECIPES else "parts",
        "stop": stop,
        "curve": curve_of(schedule, stop),
        "beside": [curve_of(spec.from_text(text), stop) for text in question.get("beside", [])[:MOST_OVERLAYS]],
        "handles": [asdict(handle) for handle in handles.handles_of(schedule)],
        "fields": [asdict(field) for field in fields.fields_of(schedule)],
    }
    if question.get("settled", True):
        answer["numbers"] = numbers_of(schedule, stop)
        answer["written"] = {form: write(schedule) for form, write in writing.FORMS.items()}
        if (law := law_of(question["law"]) if question.get("law") else known.law) is not None:
            answer["forecast"] = forecast_of(law, schedule)
    return answer


def move(known: Known, question: Question) -> Answer:
    """The schedule with a handle moved."""
    schedule = handles.moved(_schedule(question), question["handle"], float(question["x"]), float(question["y"]))
    return draw(known, {**question, "text": spec.to_text(schedule)})


def type_in(known: Known, question: Question) -> Answer:
    """The schedule with a value typed into a field."""
    per_step = question.get("tokens_per_step") or None
    schedule = fields.typed(_schedule(question), question["field"], str(question["value"]), per_step=per_step)
    return draw(known, {**question, "text": spec.to_text(schedule)})


def choose(known: Known, question: Question) -> Answer:
    """A recipe, with the settings of the schedule before it as far as it takes them."""
    name = str(question["recipe"])
    if name == "parts":
        return draw(known, {**question, "text": fields.PARTS})
    get(name)  # its error says which recipes there are
    before = spec.to_dict(_schedule(question)) if question.get("text") else {}
    shared = {key: before[key] for key in START if before.get(key)}
    return draw(known, {**question, "text": spec.to_text(_build(name, {**START, **shared}))})


def _build(name: str, settings: dict[str, Any]) -> Schedule:
    """A recipe with those of the settings that it takes, and with values for those that it needs."""
    takes = inspect.signature(RECIPES[name]).parameters
    given = {key: value for key, value in {**settings, **EXAMPLES.get(name, {})}.items() if key in takes}
    return RECIPES[name](**given)


def change_parts(known: Known, question: Question) -> Answer:
    """A part more at the end, or one less."""
    index = question.get("remove")
    schedule = fields.with_part(_schedule(question), None if index is None else int(index))
    return draw(known, {**question, "text": spec.to_text(schedule)})


def read_config(known: Known, question: Question) -> Answer:
    """The schedule of a framework's config that was pasted, or of a spec."""
    config = config_file.parsed(str(question["config"]))
    if isinstance(config.get("schedule"), str):
        return {**draw(known, {**question, "text": spec.to_text(spec.from_dict(dict(config)))}), "framework": "lehr"}
    framework = reading.framework_of(config)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        schedule = reading.importer(framework).from_config(config)
    answer = draw(known, {**question, "text": spec.to_text(schedule)})
    return {**answer, "framework": framework, "notes": [str(one.message) for one in said]}


def _schedule(question: Question) -> Schedule:
    text = question["text"]
    if not isinstance(text, str):
        raise TypeError(f"`text` must be text, got {checks.shown(text)}")
    return spec.from_json(text) if text.lstrip().startswith("{") else spec.from_text(text)


def _stop(schedule: Schedule, beside: object) -> float:
    others = [spec.from_text(str(text)) for text in beside[:MOST_OVERLAYS]] if isinstance(beside, list) else []
    return float(max(horizon(one) for one in (schedule, *others)))


ACTS: dict[str, Callable[[Known, Question], Answer]] = {
    "begin": begin, "draw": draw, "move": move, "type": type_in, "choose": choose, "parts": change_parts,
    "import": read_config,
}  # fmt: skip
"""Each question by its name in the address."""
