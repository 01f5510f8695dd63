"""lehr when-to-cool-down and lehr extend-or-stop: what to do with a run that goes on."""

import pytest
from shell import PEAK, STABLE, STABLE_TEXT, STEPS, error, output, truth

from lehr.forecast import Law, Run, extend_or_stop, when_to_cool_down

DONE, BUDGET = 2_000, 4_000


def run_so_far():
    at = list(range(50, DONE + 1, 50))
    return Run(STABLE, at, truth(STABLE, at))


def test_each_way_is_what_the_function_says(here):
    law = Law.read("law.json")
    ways = when_to_cool_down(run_so_far(), BUDGET, law=law, choices=9)
    printed = output("when-to-cool-down", "law.json", "--done", "2k", "--budget", "4k")
    table = [line.split() for line in printed.splitlines()[1:10]]
    assert [row[-4:-3] for row in table] == [[f"{loss:.4f}"] for loss in ways.loss]
    assert [row[0] == "best" for row in table].index(True) == ways.best
    assert f"Start the cooldown after {int(ways.start[ways.best]):,} updates." in printed


def test_longer_runs_end_lower(here):
    law = Law.read("law.json")
    ways = extend_or_stop(run_so_far(), [500, 4_000], law=law)
    printed = output("extend-or-stop", "law.json", "--done", "2k", "--more", "500,4k")
    assert ways.loss[1] < ways.loss[0]
    said = f"From 2,500 to 6,000 updates the last loss falls by {ways.loss[0] - ways.loss[1]:.4f}."
    assert said in " ".join(printed.split())


def test_the_schedule_so_far_may_be_another(here):
    words = ["when-to-cool-down", "law.json", "--done", "2k", "--budget", "4k"]
    assert output(*words, "--schedule", STABLE_TEXT) == output(*words)
    assert output(*words, "--schedule", f"cosine({STEPS}, 199, max_lr={PEAK})") != output(*words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("when-to-cool-down law.json --done 2k --budget 2k", "leaves no cooldown: the run has done 2000 updates"),
        ("extend-or-stop none.json --done 2k", "no such law file"),
        ("extend-or-stop law.json", "--done"),
    ],
)
def test_what_cannot_be_is_refused(here, words, said):
    assert said in error(here, *words.split())
