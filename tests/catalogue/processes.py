"""Real processes with torch.distributed between them.

A process that takes longer than `LONGEST` says on its standard error where each of its threads stands, and ends with 1;
pytest shows it under "Captured stderr". So an exit code of -9 that no test meant comes from outside, as for memory.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from queue import Empty
from typing import Any

import torch

LONGEST = 300.0
"""Seconds that a process may take. On a busy machine DeepSpeed compiles for more than one minute."""


PRELOADED = ["torch", "torch._dynamo", "torch.nn.parallel", "accelerate", "lehr.scheduler", "pytest"]


def on_ranks(work: Callable[..., Any], world: int, *args: Any) -> list[Any]:
    """Run ``work(*args)`` in ``world`` processes that communicate with gloo, and return each one's result.

    The processes are forked from a server that has imported what they need, so that only the first one waits for it.
    """
    store, answers = _store(), _forkserver().Queue()
    processes = _started(_rank, world, store.port, answers, work, args)
    results: dict[int, Any] = {}
    try:
        while len(results) < world:
            rank, result = answers.get(timeout=LONGEST + 10)
            results[rank] = result
    except Empty:
        missing = sorted(set(range(world)) - set(results))
        raise AssertionError(f"no result from ranks {missing}; the captured stderr says where they stood") from None
    finally:
        _ended(processes, timeout=10)
    failed = [f"rank {rank}: {result}" for rank, result in sorted(results.items()) if isinstance(result, str)]
    if failed:
        raise AssertionError("\n".join(failed))
    return [results[rank] for rank in range(world)]


def exit_codes(work: Callable[..., Any], world: int, *args: Any) -> list[int | None]:
    """Run ``work(*args)`` in ``world`` processes, which may be killed, and return how each ended: 0 is well."""
    store = _store()
    return _ended(_started(_alone, world, store.port, work, args), timeout=LONGEST + 10)


def _store() -> torch.distributed.TCPStore:
    """Where the processes find each other. It is here, as with torchrun, and has the port before anybody needs it."""
    return torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)


def _forkserver() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _started(target: Callable[..., None], world: int, port: int, *args: Any) -> list[Any]:
    processes = [
        _forkserver().Process(target=_with_environment, args=(rank, world, port, target, args)) for rank in range(world)
    ]
    for process in processes:
        process.start()
    return processes


def _ended(processes: list[Any], timeout: float) -> list[int | None]:
    for process in processes:
        process.join(timeout)
        if process.is_alive():
            process.kill()
            process.join()
    return [process.exitcode for process in processes]


def _with_environment(rank: int, world: int, port: int, target: Callable[..., None], args: Iterable[Any]) -> None:
    """Call ``target(rank, *args)`` as torchrun would start it."""
    ranks = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "LOCAL_WORLD_SIZE": world}
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1}
    store = {"TORCHELASTIC_USE_AGENT_STORE": True, "TORCHELASTIC_RESTART_COUNT": 0}
    if world > 1 or target is _rank:  # a trainer takes them for a run on several machines
        os.environ |= {name: str(value) for name, value in (ranks | address | store).items()}
    if sys.platform == "linux":
        os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    target(rank, *args)


def _alone(rank: int, work: Callable[..., Any], args: Iterable[Any]) -> None:
    work(*args)


def _rank(rank: int, queue: Any, work: Callable[..., Any], args: Iterable[Any]) -> None:
    try:
        torch.distributed.init_process_group("gloo")
        queue.put((rank, work(*args)))
        torch.distributed.barrier()  # no process leaves while another still communicates
    except Exception:
        queue.put((rank, traceback.format_exc()))
