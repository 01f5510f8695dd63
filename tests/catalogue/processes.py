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
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    queue = context.Queue()
    port = _free_port()
    processes = [context.Process(target=_rank, args=(queue, work, rank, world, port, args)) for rank in range(world)]
    for process in processes:
        process.start()
    try:
        results = dict(queue.get(timeout=120) for _ in range(world))
    finally:
        for process in processes:
            process.join(timeout=10)
            if process.is_alive():
                process.kill()
                process.join()
    failed = [f"rank {rank}: {result}" for rank, result in sorted(results.items()) if isinstance(result, str)]
    if failed:
        raise AssertionError("\n".join(failed))
    return [results[rank] for rank in range(world)]


def _rank(queue: Any, work: Callable[..., Any], rank: int, world: int, port: int, args: Iterable[Any]) -> None:
    ranks = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "LOCAL_WORLD_SIZE": world}
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1}
    os.environ |= {name: str(value) for name, value in (ranks | address).items()}
    if sys.platform == "linux":
        os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
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
