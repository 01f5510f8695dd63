"""`lehr report`: one file that needs nothing else, with the numbers, the changes, the losses and the forecast."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from catalogue.optimizers import sgd, update
from command_line import error, output

import lehr
from lehr.check import RunFacts, findings
from lehr.forecast import Run, fit

WSD = lehr.wsd(2_000, 100, max_lr=8e-3)
COSINE = lehr.cosine(2_000, 100, max_lr=8e-3)
AT = np.arange(20, 2_001, 20)
RUN = Run(WSD, AT, 3 + 2 * (AT / 50) ** -0.5, name="my run")


class Text(HTMLParser):
    """The words of a page, the cells of its tables, and every tag with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.words, self.tags, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if data.strip():
            self.words.append(data.strip())


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint of a run with two changes."""
    optimizer = sgd(1.0)
    scheduler = lehr.Scheduler(optimizer, WSD).follow()
    for t in range(800):
        update(optimizer)
        if t == 300:
            scheduler.dip(0.5, recover=50, why="loss spike <script>alert(1)</script>")
        if t == 700:
            scheduler.cooldown(300, why="loss is flat")
    path = tmp_path / "run.pt"
    torch.save({"model": {}, "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}, path)
    return path


def test_it_needs_no_other_file():
    page = Text(lehr.report.html({"a": WSD, "b": COSINE}, runs=[RUN], law=fit(RUN)))
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object"} == set()
    given = [
        value for tag, attrs in page.tags for name, value in attrs.items() if name in ("src", "href", "xlink:href")
    ]
    assert all(value.startswith("#") for value in given)
    assert sum(tag == "svg" for tag, _ in page.tags) == 3


def test_the_numbers_are_those_of_the_schedule():
    page = Text(lehr.report.html(WSD))
    at = page.words.index("phase")
    assert page.words[at + 5 : at + 20] == [
        "warmup", "0", "100", "8e-05", "0.008",
        "hold", "100", "1,600", "0.008", "0.008",
        "cooldown", "1,600", "2,000", "0.008", "0",
    ]  # fmt: skip
    assert "wsd(training_steps=2000, warmup_steps=100, max_lr=0.008, min_lr=0.0, decay_steps=400)" in page.words
    assert "0.008 at step 100" in page.words


def test_the_forecast_is_that_of_the_law_and_the_best_comes_first():
    law = fit(RUN)
    words = Text(lehr.report.html({"a": WSD, "b": COSINE}, law=law)).words
    at = words.index("how far it reaches")
    losses = {"a": law.predict(WSD, [2_000]).final, "b": law.predict(COSINE, [2_000]).final}
    best = min(losses, key=lambda name: losses[name][0])
    loss, low, high = losses[best]
    assert words[at + 1 : at + 5] == [best, "2,000", f"{loss:.4f}", f"{low:.4f} to {high:.4f}"]


def test_findings_are_shown():
    words = Text(lehr.report.html(WSD, findings=findings(WSD, RunFacts(updates=4_000)))).words
    assert any(word.startswith("error: the schedule of 2,000 steps ends after update 2,000") for word in words)


def test_a_checkpoint_shows_what_changed(checkpoint, tmp_path):
    assert output("report", str(checkpoint), "--out", str(tmp_path / "r.html")).startswith("wrote ")
    text = (tmp_path / "r.html").read_text("utf-8")
    words = Text(text).words
    at = words.index("why")
    assert [words[at + 1], words[at + 3], words[at + 4]] == [
        "301", "dip(factor=0.5, recover=50)", "loss spike <script>alert(1)</script>"
    ]  # fmt: skip
    assert "<script" not in text
    assert [words[at + 5], words[at + 8]] == ["701", "loss is flat"]


def test_the_command_takes_a_log_and_a_law(tmp_path):
    rows = "\n".join(f"{a},{r},{v}" for a, r, v in zip(AT, WSD(AT - 1), RUN.loss, strict=True))
    (tmp_path / "run.csv").write_text(f"updates,lr,val_loss\n{rows}\n")
    fit(RUN).write(tmp_path / "law.json")
    given = ["--log", str(tmp_path / "run.csv"), "--law", str(tmp_path / "law.json"), "--title", "Mine & yours"]
    output(
        "report", "wsd", "cosine", "--training-steps", "2k", "--max-lr", "8e-3", *given, "-o", str(tmp_path / "r.html")
    )
    text = (tmp_path / "r.html").read_text("utf-8")
    assert "<h1>Mine &amp; yours</h1>" in text
    assert {"Forecast", "Logged losses", "wsd", "cosine"} <= set(Text(text).words)
    assert len(text) < 1_000_000


def test_a_long_run_and_many_schedules_stay_small():
    at = np.arange(1, 100_001)
    long = Run(lehr.constant(100_000, max_lr=1e-3), at, 3 + at**-0.5, noise=0.0)
    schedules = {f"{k} cycles": lehr.cosine_restarts(10**6, max_lr=1e-3, cycles=k) for k in range(1, 9)}
    assert len(lehr.report.html(schedules, runs=[long])) < lehr.report.LARGEST / 4


def test_colours_are_those_of_the_page():
    text = lehr.report.html(WSD, history=())
    assert "currentColor" in text
    assert "color-scheme: light dark" in text
    assert re.search(r"fill: ?#ffffff", text) is None


def test_errors_leave_the_file(tmp_path):
    path = tmp_path / "r.html"
    path.write_text("before")
    with pytest.raises(ValueError, match="at least one schedule"):
        lehr.report.write(path, {})
    torch.save({"model": {}}, tmp_path / "other.pt")
    assert "has no state of a lehr.Scheduler" in error("report", str(tmp_path / "other.pt"), "-o", str(path))
    assert path.read_text() == "before"
    assert "cannot be written" in error("report", "cosine(10, max_lr=1)", "-o", str(tmp_path / "no" / "r.html"))


def test_without_jinja_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(ImportError, match=r'pip install "lehr\[report\]"'):
        lehr.report.html(WSD)
