"""What a type checker says of a user's code."""

import inspect
import subprocess
import sys

import pytest

from lehr.schedules.recipes import RECIPES
from lehr.schedules.recipes.options import RecipeOptions

HEAD = """
import torch
import lehr
optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
"""
RIGHT = """
scheduler = lehr.Scheduler(optimizer, "wsd", "10k", "2%", max_lr=1e-3, decay_steps="20%")
lehr.Scheduler([optimizer, optimizer], lehr.cosine(100, max_lr=1e-3) * 0.5).follow()
lehr.Scheduler(optimizer, {"lr": {"head": lehr.Constant(1e-3)}}, keep="code")
scheduler.cooldown(2_000, why="flat")
rate: float = scheduler.current_lr
"""
WRONG = {
    "an optimizer that is none": "lehr.Scheduler(3, 'cosine', 100)",
    "an unknown option": "lehr.Scheduler(optimizer, 'cosine', 100, wrong=3)",
    "a rate that is text": "lehr.Scheduler(optimizer, 'cosine', 100, max_lr='1e-3')",
    "a recipe's option of another type": "lehr.Scheduler(optimizer, 'noam', model_dim='512')",
}


def checked(code, tmp_path):
    file = tmp_path / "user.py"
    file.write_text(HEAD + code)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", str(tmp_path), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    return done.stdout


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("mypy")


def test_right_code_is_right_and_wrong_code_is_wrong(cache):
    assert checked(RIGHT, cache) == ""
    for what, line in WRONG.items():
        assert "error:" in checked(line, cache), what


def test_the_options_are_those_of_the_recipes():
    common = {"training_steps", "warmup_steps", "max_lr", "min_lr"}
    takes = {name for recipe in RECIPES.values() for name in inspect.signature(recipe).parameters}
    assert set(RecipeOptions.__annotations__) == takes - common
