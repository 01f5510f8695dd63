"""The gallery: a page for each recipe, with its picture, and one for the shapes."""

from __future__ import annotations

import re
import tomllib
from inspect import getdoc
from pathlib import Path

import matplotlib as mpl
from matplotlib.artist import setp
from matplotlib.figure import Figure

import lehr
from lehr import plot, spec
from lehr.schedules.recipes import RECIPES
from lehr.schedules.shapes import SHAPES

THEMES = {"light": ("0.25", "#0072B2"), "dark": ("0.8", "#56B4E9")}
"""A theme of the site -> the colours of words and lines in its pictures."""
_LENGTH = re.compile(r"\b\d+[k%]")


def write(folder: Path) -> None:
    """Write all pages and pictures."""
    with (Path(__file__).parent / "gallery.toml").open("rb") as file:
        entries = tomllib.load(file)
    folder.mkdir(exist_ok=True)
    for name in RECIPES:
        entry = entries["recipes"][name]
        _draw(spec.from_text(entry["spec"]), folder / name)
        (folder / f"{name}.md").write_text(_recipe(name, **entry), "utf-8")
    for name in SHAPES:
        _draw(lehr.Ramp(1.0, 0.1, 100, entries["shapes"].get(name, name)), folder / f"shape-{name}", phases=False)
    (folder / "shapes.md").write_text(_shapes(entries["shapes"]), "utf-8")
    (folder / "index.md").write_text(_index(), "utf-8")


def _draw(schedule: lehr.Schedule, path: Path, phases: bool | None = None) -> None:
    for theme, (colour, line) in THEMES.items():
        words = dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), colour)
        look = {**plot.STYLE, **words, "grid.color": "0.5", "grid.linewidth": 0.2, "svg.fonttype": "path"}
        with mpl.rc_context({**look, "figure.facecolor": "none", "axes.facecolor": "none", "figure.figsize": (5, 2.4)}):
            axes = Figure().subplots()
            plot.plot_schedule(schedule, axes, phases=phases)
            for names in axes.child_axes:
                names.tick_params(labelcolor=colour)
            setp(axes.lines, color=line)
            plot.save(axes, path.with_name(f"{path.name}-{theme}.svg"))


def _pictures(name: str, alt: str) -> str:
    return "\n".join(f"```{{image}} {name}-{theme}.svg\n:alt: {alt}\n:class: only-{theme}\n```" for theme in THEMES)


def _recipe(name: str, spec: str, use: str) -> str:
    summary = (getdoc(RECIPES[name]) or "").partition("\n")[0]
    return f"""# {name}

{summary}

{_pictures(name, f"The rate of {name} over the steps of a run")}

**When people use it.** {use}

```text
{spec}
```

That line is a spec: it goes into a config, into `lehr show "..."`, and into `lehr.spec.from_text`. The same in Python:

```python
schedule = {call(spec)}
scheduler = lehr.Scheduler(optimizer, schedule)
```

```{{eval-rst}}
.. autofunction:: lehr.{name}
```
"""


def call(spec: str) -> str:
    """The Python call of a spec: its lengths become text.

    >>> call("wsd(100k, 2%, max_lr=1e-3)")
    'lehr.wsd("100k", "2%", max_lr=1e-3)'
    """
    return "lehr." + _LENGTH.sub(r'"\g<0>"', spec)


def _shapes(arguments: dict[str, str]) -> str:
    parts = [
        "# Shapes\n\nHow a `Ramp` goes from its start to its end, in n steps of which t are done: `Ramp(1.0, 0.1, 100, "
        '"rex")`. They are also the values of `decay_shape`, `cooldown_shape` and `warmup_shape`. Each is given as the '
        "share of the way that is gone or that is left."
    ]
    for name, shape in SHAPES.items():
        formula = " ".join((getdoc(shape.curve) or "").split())
        parts.append(f'## {name}\n\n`"{arguments.get(name, name)}"`: {formula}\n\n{_pictures(f"shape-{name}", name)}')
    return "\n\n".join(parts) + "\n"


def _index() -> str:
    cards = "\n".join(
        f"""
:::{{grid-item-card}} {name}
:link: {name}
:link-type: doc

{_pictures(name, f"The rate of {name}")}
:::"""
        for name in RECIPES
    )
    names = "\n".join([*RECIPES, "shapes"])
    return f"""# Gallery

Every recipe as a picture; each leads to its formula, its source, when people use it, and the line to copy. To choose
one, see [Which schedule?](../which_schedule.md). Parts of your own making take one of the [shapes](shapes.md).

::::{{grid}} 1 2 2 3
:gutter: 2
{cards}
::::

```{{toctree}}
:hidden:

{names}
```
"""
