"""Where trials are trained: in this process, or as tasks of a Dask cluster.

Dask sends a task again whose worker dies. The cluster runs the code that it is sent: only connect
to one that you trust, over a network that you trust.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")

SECONDS = 10  # until a scheduler or its first worker must have answered


def check(engine: str | None) -> str | None:
    """Return an engine: None for this process, or dask://HOST:PORT.

    >>> check("slurm")
    Traceback (most recent call last):
        ...
    ValueError: engine: expected dask://HOST:PORT, got 'slurm'
    """
    if engine is None:
        return None
    match = re.fullmatch(r"dask://([\w.-]+|\[[\da-fA-F:]+\]):(\d{1,5})", engine)
    if match is None or not 0 < int(match[2]) < 65536:
        raise ValueError(f"engine: expected dask://HOST:PORT, got {engine!r}")
    return engine


def run_tasks(
    engine: str, tasks: Callable[[int], Iterable[Task]], work: Callable[[Task], Outcome]
) -> list[Outcome]:
    """Do tasks on a cluster; return what came of them, in their order.

    Args:
        engine: dask://HOST:PORT, the cluster's scheduler.
        tasks: number of workers -> tasks.
        work: what to do with a task; it and the tasks are pickled and sent.

    Raises:
        ValueError: an engine that is not spelled so.
        RuntimeError: nobody answers there, or the cluster is lost; Dask is not installed.
        Exception: what ``work`` itself raised.

    >>> from distributed import LocalCluster
    >>> with LocalCluster(n_workers=2, processes=False, protocol="tcp", dashboard_address=None,
    ...                   host="127.0.0.1") as cluster:
    ...     address = cluster.scheduler_address.replace("tcp", "dask")
    ...     run_tasks(address, lambda workers: split(range(5), workers), list)
    [[0, 1, 2], [3, 4]]
    """
    address = str(check(engine)).replace("dask://", "tcp://")
    try:
        import distributed
    except ImportError:
        text = "engine: dask:// needs Dask, install it with: pip install 'gradnets[scale]'"
        raise RuntimeError(text) from None
    try:
        asyncio.run(greet(address))
        client = distributed.Client(address, timeout=SECONDS, set_as_default=False)
    except Exception:  # what else answers there, Dask takes for a message, of any length or form
        raise RuntimeError(f"engine: no Dask scheduler answers at {engine}") from None
    with client:
        return gathered(client, engine, tasks, work)


async def greet(address: str) -> None:
    """Exchange greetings with a scheduler; the client would wait for ever for a silent one."""
    from distributed.comm.core import connect

    async with asyncio.timeout(SECONDS):
        comm = await connect(address, timeout=SECONDS)
        comm.abort()


def gathered(
    client: Any,
    engine: str,
    tasks: Callable[[int], Iterable[Task]],
    work: Callable[[Task], Outcome],
) -> list[Outcome]:
    """Submit the tasks and wait for all of them."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker, TimeoutError
    from distributed.comm.core import CommClosedError

    try:
        client.wait_for_workers(1, timeout=SECONDS)
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        return client.gather([client.submit(work, task, pure=False) for task in tasks(workers)])
    except TimeoutError:
        raise RuntimeError(f"engine: the Dask cluster at {engine} has no workers") from None
    except (KilledWorker, CancelledError, CommClosedError) as error:
        why = str(error).partition("\n")[0]
        raise RuntimeError(f"engine: the Dask cluster at {engine} was lost: {why}") from None


def split(seeds: Sequence[int], count: int) -> list[Sequence[int]]:
    """Return the seeds in at most that many parts of nearly equal length.

    >>> split(range(5), 2)
    [range(0, 3), range(3, 5)]
    """
    count = min(count, len(seeds))
    ends = [-(-len(seeds) * i // count) for i in range(count + 1)]
    return [seeds[a:b] for a, b in pairwise(ends)]
