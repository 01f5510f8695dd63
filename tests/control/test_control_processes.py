"""A control file with several writers, and with several ranks."""

import os
import subprocess
import sys
import textwrap

from control.control_files import log
from lehr.control.commands import Command

WRITERS = (
    "import sys, lehr.control as c\nfor n in range(50): c.append(sys.argv[1], c.Scale(1.0), why=f'{sys.argv[2]} {n}')"
)


def test_several_writers_at_once_lose_no_command(path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITERS, str(path), str(n)]) for n in range(4)]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    whys = [Command.parse(line).why for line in path.read_text().splitlines()]
    assert sorted(whys) == sorted(f"{writer} {n}" for writer in range(4) for n in range(50))


RANKS = textwrap.dedent("""
    import os, sys
    import torch, torch.distributed as dist
    import lehr
    from lehr.control import Cooldown, append
    from lehr.scheduler import control_file

    counted = {}
    for name in ("broadcast", "all_reduce", "all_gather", "broadcast_object_list", "all_gather_object", "barrier"):
        def wrapped(*args, _name=name, _kept=getattr(dist, name), **options):
            counted[_name] = counted.get(_name, 0) + 1
            return _kept(*args, **options)
        setattr(dist, name, wrapped)

    control_file.SECONDS = 0.0
    path, rank = sys.argv[1], int(sys.argv[2])
    dist.init_process_group("gloo", init_method="file://" + sys.argv[3], rank=rank, world_size=4)
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    own = path if rank == 0 else path + ".of-another-machine"
    scheduler = lehr.Scheduler(optimizer, lehr.cosine(1_000, 100, max_lr=1.0, min_lr=0.1), control_file=own).follow()
    rates, at_step = [], []
    for step in range(1_000):
        rates.append(optimizer.param_groups[0]["lr"])
        if step == 300 and rank == 0:
            append(path, Cooldown(200))
        if step == 450 and rank == 0:
            scheduler.step(step)  # a rank that repeats a step must not fall out of step with the others
        weight.grad = torch.ones(1)
        before = sum(counted.values())
        optimizer.step()
        at_step.append(sum(counted.values()) - before)
    everyone = [None] * 4
    dist.all_gather_object(everyone, rates)
    assert all(other == rates for other in everyone), "the ranks differ"
    print([change.position for change in scheduler.history], counted.get("broadcast_object_list", 0),
          sum(n > 0 for n in at_step), rates[-1], flush=True)
    dist.barrier()  # gloo aborts a process whose peer leaves while it still communicates
    dist.destroy_process_group()
""")


def test_four_ranks_apply_a_command_at_one_step_without_a_collective_per_step(path, tmp_path):
    command = [sys.executable, "-c", RANKS, str(path)]
    meet, here = str(tmp_path / "meet"), {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": os.environ | here}
    ranks = [subprocess.Popen([*command, str(rank), meet], **pipes) for rank in range(4)]
    said = []
    for process in ranks:
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err.decode()
        said.append(out.decode().strip())
    # One look, of 100 updates, is a broadcast of an object; all other updates have no collective at all.
    assert set(said) == {"[400] 11 11 0.0"}
    assert "command 1: applied" in log(path)[0]
