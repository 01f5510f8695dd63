"""Real processes with torch.distributed between them."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any

import torch

PRELOADED = ["torch", "torch._dynamo", "torch.nn.parallel", "accelerate", "lehr.scheduler", "pytest"]


def on_ranks(work: Callable[..., Any], world: int, *args: Any) -> list[Any]:
    """Run ``work(*args)`` in ``world`` processes that communicate with gloo, and return each one's result.

    The processes are forked from a server that has imported what they need, so that only the first one waits for it.
    """
    queue = _forkserver().Queue()
    processes = _started(_rank, world, queue, work, args)
    try:
        results = dict(queue.get(timeout=120) for _ in range(world))
    finally:
        _ended(processes, timeout=10)
    failed = [f"rank {rank}: {result}" for rank, result in sorted(results.items()) if isinstance(result, str)]
    if failed:
        raise AssertionError("\n".join(failed))
    return [results[rank] for rank in range(world)]


def exit_codes(work: Callable[..., Any], world: int, *args: Any) -> list[int | None]:
    """Run ``work(*args)`` in ``world`` processes, which may be killed, and return how each ended: 0 is well."""
    return _ended(_started(_alone, world, work, args), timeout=120)


def _forkserver() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _started(target: Callable[..., None], world: int, *args: Any) -> list[Any]:
    port = _free_port()
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
    if world > 1 or target is _rank:  # a trainer takes them for a run on several machines
        os.environ |= {name: str(value) for name, value in (ranks | address).items()}
    if sys.platform == "linux":
        os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    target(rank, *args)


def _alone(rank: int, work: Callable[..., Any], args: Iterable[Any]) -> None:
    work(*args)


def _rank(rank: int, queue: Any, work: Callable[..., Any], args: Iterable[Any]) -> None:
    try:
        torch.distributed.init_process_group("gloo")
        queue.put((rank, work(*args)))
        torch.distributed.barrier()  # no process leaves while another still communicates
        torch.distributed.destroy_process_group()
    except Exception:
        queue.put((rank, traceback.format_exc()))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
