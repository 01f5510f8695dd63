"""What a notebook shows of a schedule, a Scheduler and a forecast: in the colours of its page, and safe."""

import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from catalogue.examples import ENDING
from catalogue.optimizers import sgd, update

import lehr
from lehr.forecast import Run, fit

WSD = lehr.wsd(1_000, 50, max_lr=1e-3)


def elements(page):
    """Every element of a display, which is well-formed; the words of each tag."""
    root = ElementTree.fromstring(page)
    return [(element.tag.rpartition("}")[2], (element.text or "").strip()) for element in root.iter()]


@pytest.mark.parametrize("name", ENDING)
def test_every_schedule_is_a_picture_with_its_numbers(name):
    words = dict(elements(ENDING[name]._repr_html_()))
    assert {"svg", "polyline", "pre"} <= set(words)
    assert "currentColor" in ENDING[name]._repr_html_()


def test_a_scheduler_shows_where_it_is_and_what_changed():
    optimizer = sgd(1.0)
    scheduler = lehr.Scheduler(optimizer, WSD).follow()
    for _ in range(500):
        update(optimizer)
    scheduler.cooldown(200, why="a & b")
    page = scheduler._repr_html_()
    assert "position=500" in page
    assert "at 500 cooldown(steps=200" in page
    mark = next(e.get("d") for e in ElementTree.fromstring(page).iter() if e.get("stroke-dasharray"))
    assert mark.startswith(f"M{10 + 500 / 700 * 340:.1f} ")  # of the 700 steps that the run has now


def test_a_forecast_shows_its_band_and_its_end():
    at = np.arange(20, 1_001, 20)
    found = fit(Run(WSD, at, 3 + 2 * (at / 50) ** -0.5)).predict(WSD, at)
    page = found._repr_html_()
    loss, low, high = found.final
    assert f"after 1,000 updates {loss:.4f} ({low:.4f} to {high:.4f}), interpolates" in page
    assert page.count("<svg") == 1


def test_without_matplotlib_a_forecast_shows_its_end(monkeypatch):
    at = np.arange(20, 1_001, 20)
    found = fit(Run(WSD, at, 3 + 2 * (at / 50) ** -0.5)).predict(WSD, at)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "<svg" not in found._repr_html_()
    assert "after 1,000 updates" in found._repr_html_()
