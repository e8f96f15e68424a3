"""Training on a real cluster of two worker processes, one of which is killed at work."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import distributed
import pytest
import torch

from gradnets import engine
from gradnets.__main__ import main
from gradnets.experiments import Config, convex_field, run
from gradnets.trials import Protocol


def short(epochs: int) -> Config:
    config = convex_field.config("quick", seeds=3)
    # smooth networks: a kink makes another order of sums another descent
    smooth = {name: config.models[name] for name in ("mGradNetC", "mGradNetM")}
    return replace(
        config,
        models=smooth,
        protocol=Protocol(epochs=epochs, batch=100),
        train_points=1000,
        validation_points=100,
        grid=9,
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator:
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=":0",
        worker_dashboard_address=None,
        host="127.0.0.1",
    ) as made:
        yield made


def address(cluster: Any) -> str:
    return cluster.scheduler_address.replace("tcp://", "dask://")


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assert_same(one: Any, other: Any) -> None:
    for model, trials in one.trials.items():
        torch.testing.assert_close(
            trials.errors, other.trials[model].errors, rtol=1e-2, atol=1e-4
        )  # fmt: skip


def test_a_killed_worker_loses_nothing(cluster: Any) -> None:
    config = short(epochs=60)
    with distributed.Client(cluster) as watcher, ThreadPoolExecutor(1) as pool:
        client: Any = watcher
        workers = client.run(os.getpid)
        future = pool.submit(run, config, progress=False, engine=address(cluster))
        until(lambda: all(client.processing().get(name) for name in workers))
        victim, pid = next(iter(workers.items()))
        at_work = client.processing()[victim]
        os.kill(pid, signal.SIGKILL)
        result = future.result(timeout=200)
        assert at_work, "the worker was killed with work in its hands"
        assert pid not in client.run(os.getpid).values()
    for trials in result.trials.values():
        assert len(trials.nets) == len(trials.best_epoch) == 3
    assert_same(result, run(config, progress=False))


def test_an_error_of_the_work_itself_comes_back(cluster: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        engine.run_tasks(address(cluster), range, lambda task: 1 // task)


def test_no_scheduler_at_the_address(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["run", "convex_field", "--out", str(tmp_path / "out")]
    assert main([*arguments, "--engine", f"dask://127.0.0.1:{port}"]) == 3
    printed = capsys.readouterr().err.splitlines()
    assert printed[-1] == f"gradnets: engine: no Dask scheduler answers at dask://127.0.0.1:{port}"


def test_a_listener_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(RuntimeError, match=r"engine: no Dask scheduler answers at dask://127"):
            engine.run_tasks(f"dask://127.0.0.1:{port}", range, str)


def test_a_listener_that_speaks_another_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SECONDS", 5)
    with socket.create_server(("127.0.0.1", 0)) as web, ThreadPoolExecutor(1) as pool:

        def refuse() -> None:
            comm, _ = web.accept()
            with comm:
                comm.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" + bytes(64))
                comm.recv(1)

        pool.submit(refuse)
        port = web.getsockname()[1]
        with pytest.raises(RuntimeError, match=r"engine: no Dask scheduler answers at dask://127"):
            engine.run_tasks(f"dask://127.0.0.1:{port}", range, str)


def test_a_cluster_without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SECONDS", 1)
    with (
        distributed.LocalCluster(
            n_workers=0, dashboard_address=":0", host="127.0.0.1", processes=True
        ) as empty,
        pytest.raises(RuntimeError, match="has no workers"),
    ):
        engine.run_tasks(address(empty), range, str)


@pytest.mark.parametrize("text", ["", "dask://", "dask://host", "tcp://a:1", "dask://a:70000"])
def test_an_engine_that_is_none(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "convex_field", "--engine", text]) == 3
    error = capsys.readouterr().err
    assert error == f"gradnets: engine: expected dask://HOST:PORT, got {text!r}\n"


@pytest.mark.parametrize(("seeds", "count"), [(5, 2), (1, 4), (20, 3), (4, 4)])
def test_parts_are_nearly_equal_and_whole(seeds: int, count: int) -> None:
    parts = engine.split(range(seeds), count)
    assert [seed for part in parts for seed in part] == list(range(seeds))
    sizes = [len(part) for part in parts]
    assert len(sizes) == min(seeds, count)
    assert max(sizes) - min(sizes) <= 1
