"""Pictures where pyplot is in use: they are drawn where `plt.show()` and a notebook show them."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import lehr
from lehr.forecast import Forecast, plot_forecasts
from lehr.plot import STYLE, plot_schedule, plot_schedules

COSINE, LINEAR = lehr.cosine(100, 10, max_lr=1e-3), lehr.linear(50, max_lr=1e-3)
FORECAST = Forecast(np.array([50.0, 100]), np.array([3.0, 2]), np.array([2.9, 1.9]), np.array([3.1, 2.1]), 0.9, COSINE)


@pytest.fixture
def plt():
    """Pyplot without a figure."""
    before = mpl.get_backend()
    mpl.use("agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.close("all")
    yield pyplot
    pyplot.close("all")
    mpl.use(before)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot_schedule(COSINE),
        lambda: plot_schedules([COSINE]),
        lambda: FORECAST.plot(),
        lambda: plot_forecasts({"cosine": FORECAST}),
    ],
    ids=["a schedule", "schedules", "a forecast", "forecasts"],
)
def test_a_picture_is_one_that_pyplot_shows(draw, plt):
    axes = draw()
    assert len(plt.get_fignums()) == 1
    assert plt.gca() is axes
    assert axes.get_lines()[0].get_xdata()[-1] == 100


def test_it_is_drawn_on_the_current_axes(plt):
    _, (left, right) = plt.subplots(1, 2)
    plt.sca(left)
    assert plot_schedule(COSINE) is left
    assert not right.get_lines()
    assert plot_schedule(COSINE, right) is right


def test_a_second_line_comes_into_the_same_picture_and_only_the_first_names_its_phases(plt):
    axes = plot_schedule(COSINE)
    assert plot_schedule(LINEAR) is axes
    assert len(axes.get_lines()) == 2
    assert len(axes.child_axes) == 1
    plot_schedule(LINEAR, phases=True)
    assert len(axes.child_axes) == 2


def test_after_a_figure_is_closed_there_is_a_new_one(plt):
    first = plot_schedule(COSINE)
    plt.close()
    assert plot_schedule(COSINE) is not first


def test_a_new_picture_has_lehr_s_look_and_pyplot_keeps_its_own(plt):
    settings = dict(mpl.rcParams)
    axes = plot_schedule(COSINE)
    assert axes.figure.get_size_inches().tolist() == list(STYLE["figure.figsize"])
    assert dict(mpl.rcParams) == settings


def test_an_error_makes_no_figure(plt):
    for wrong in ({"stop": 0}, {"log": True}):
        with pytest.raises(ValueError):
            plot_schedule(lehr.constant(10, max_lr=0.0), **wrong)
    assert plt.get_fignums() == []


def test_given_axes_need_no_pyplot(plt):
    axes = Figure().subplots()
    assert plot_schedule(COSINE, axes) is axes
    assert plt.get_fignums() == []


CALL = "import sys, lehr{}; ax = lehr.plot.plot_schedule(lehr.linear(9, max_lr=1)); "


@pytest.mark.parametrize(
    ("before", "figures"),
    [("", None), ("; import matplotlib.pyplot", [1]), ("; sys.ps1 = '>>> '", [1])],
    ids=["a program", "pyplot imported", "a prompt or notebook"],
)
def test_pyplot_is_used_where_somebody_looks(before, figures):
    code = CALL.format(before) + "p = sys.modules.get('matplotlib.pyplot'); print(p and p.get_fignums())"
    environment = {"MPLBACKEND": "agg", "PYTHONPATH": ":".join(filter(None, sys.path))}
    assert subprocess.check_output([sys.executable, "-c", code], env=environment, text=True).strip() == str(figures)
