"""Checkpoints under kill -9 at every moment of a write, and on a full disk."""

import copy
import errno
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from gradnets import checkpoints, mGradNetC, training
from gradnets.levenberg_marquardt import levenberg_marquardt
from gradnets.training import train
from gradnets.trials import Data, Protocol

# Each dies in the course of its third write.
MOMENTS = {
    "in the middle of a step": "training.Run.keep_best = third(training.Run.keep_best)",
    "half of the file is written": "checkpoints.write_whole = third(checkpoints.write_whole, half)",
    "written and not yet moved": "whole_files.os.fsync = third(whole_files.os.fsync)",
    "just moved": "pathlib.Path.replace = third(pathlib.Path.replace, moved)",
}
SCRIPT = """
import os, pathlib, signal, sys
import torch
from gradnets import checkpoints, mGradNetC, training, whole_files
from gradnets.trials import Data, Protocol

def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

def half(path, write):
    class Half:
        def write(self, content):
            path.with_name(path.name + ".partial").write_bytes(content[: len(content) // 2])
    write(Half())
    die()

replace = pathlib.Path.replace
def moved(source, target):
    replace(source, target)
    die()

def third(function, instead=die):
    calls = []
    def counting(*arguments):
        calls.append(arguments)
        return (instead if len(calls) == 3 else function)(*arguments)
    return counting

torch.set_num_threads(1)
torch.manual_seed(0)
nets = [mGradNetC(2, 4, 2) for _ in range(2)]
x = torch.rand(2, 100, 2, generator=torch.Generator().manual_seed(7))
MOMENT
training.train(nets, Data(x, x**3, x, x**3), Protocol(epochs=5, batch=32, schedule="cosine"),
               checkpoint=sys.argv[1], progress=None)
"""


def start() -> tuple[list[nn.Module], Data, Protocol]:
    torch.manual_seed(0)
    nets: list[nn.Module] = [mGradNetC(2, 4, 2) for _ in range(2)]
    x = torch.rand(2, 100, 2, generator=torch.Generator().manual_seed(7))
    return nets, Data(x, x**3, x, x**3), Protocol(epochs=5, batch=32, schedule="cosine")


def same(one: list[nn.Module], other: list[nn.Module]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(
        torch.equal(a.state_dict()[k], v) for a, b in pairs for k, v in b.state_dict().items()
    )


@pytest.mark.parametrize("moment", MOMENTS)
def test_kill_9_loses_an_epoch_at_most(moment: str, tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    script = SCRIPT.replace("MOMENT", MOMENTS[moment])
    killed = subprocess.run([sys.executable, "-c", script, file], check=False)
    assert killed.returncode == -signal.SIGKILL
    nets, data, protocol = start()
    whole = copy.deepcopy(nets)
    run = training.Run(nets, data, protocol, [0, 1], False, torch.device("cpu"))
    assert checkpoints.read(file, run.fingerprint)["epoch"] == (3 if moment == "just moved" else 2)
    train(nets, data, protocol, checkpoint=file, progress=None)
    train(whole, data, protocol, progress=None)
    assert same(nets, whole)
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch):
    """A limit on the size of files, which the system refuses to go beyond."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)

    def write(path: Path, fingerprint: str, state: dict) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, old[1]))
        try:
            original(path, fingerprint, state)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)

    original = checkpoints.write
    monkeypatch.setattr(checkpoints, "write", write)


def test_a_full_disk_is_one_error_and_the_old_checkpoint_stays(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    file = tmp_path / "run.pt"
    nets, data, protocol = start()
    first = Protocol(epochs=5, batch=32, schedule="cosine")
    advance = training.Run.advance
    with pytest.MonkeyPatch.context() as patch:

        def stopping(self: training.Run) -> None:
            if self.epoch == 2:
                raise KeyboardInterrupt
            advance(self)

        patch.setattr(training.Run, "advance", stopping)
        with pytest.raises(KeyboardInterrupt):
            train(nets, data, first, checkpoint=file, progress=None)
    before = file.read_bytes()
    request.getfixturevalue("full_disk")
    with pytest.raises(OSError, match=r"File too large: '.*run\.pt'") as caught:
        train(nets, data, protocol, checkpoint=file, progress=None)
    assert caught.value.errno == errno.EFBIG
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


def test_no_space_left_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gradnets.whole_files.os.fsync", full)
    nets, data, _ = start()
    with pytest.raises(OSError, match=r"No space left on device: '.*finish\.pt'"):
        levenberg_marquardt(nets, data, 2, checkpoint=tmp_path / "finish.pt", progress=None)
    assert list(tmp_path.iterdir()) == []
