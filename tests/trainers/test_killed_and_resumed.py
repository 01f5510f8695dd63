"""In each trainer: train, save, be killed, resume in another process; every update uses the rate of the schedule."""

import os
import signal
import sys
import warnings
from pathlib import Path

import pytest
from catalogue.processes import exit_codes
from catalogue.trainers import why_not
from loops import UPDATES, Watch, plain_torch
from programs import PROGRAMS, Program

KILLED_AFTER = 17

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


def run(program, folder, kill_after):
    """What a process does. Each rank records its own rates."""
    warnings.simplefilter("ignore")
    folder = Path(folder)
    program.run(folder, Watch(folder / f"rates of {os.environ.get('RANK', 0)}", kill_after))


def rates_of_processes(program, folder, kill_after=None):
    """The rates of the updates that each process has made."""
    codes = exit_codes(run, program.processes, program, str(folder), kill_after)
    if kill_after is None:
        assert codes == [0] * program.processes
    else:
        assert -signal.SIGKILL in codes
        assert 0 not in codes
    files = sorted(folder.glob("rates of *"))
    rates = [[float(line) for line in file.read_text().split()] for file in files]
    for file in files:
        file.unlink()
    assert len(rates) == program.processes
    return rates


def expected(program):
    return [program.schedule(t // program.updates_per_step) for t in range(UPDATES)]


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_each_update_uses_the_rate_before_and_after(program, tmp_path):
    if reason := why_not(program.needs):
        pytest.skip(reason)
    rates = expected(program)
    for before in rates_of_processes(program, tmp_path, KILLED_AFTER):
        assert before == pytest.approx(rates[:KILLED_AFTER], rel=program.tolerance, abs=0)
    for after in rates_of_processes(program, tmp_path):
        assert after == pytest.approx(rates[program.goes_on_at :], rel=program.tolerance, abs=0)


def without_its_checkpoint(folder, watch):
    (folder / "checkpoint.pt").unlink(missing_ok=True)
    plain_torch(folder, watch)


def test_a_run_that_begins_anew_is_found(tmp_path):
    program = Program(without_its_checkpoint)
    rates_of_processes(program, tmp_path, KILLED_AFTER)
    [after] = rates_of_processes(program, tmp_path)
    assert after == expected(program)
