"""What a first call has changed is put back: functions, globals, classes, arrays."""

import array
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import verify
from verify.trusted.undo import undo


def act(x: Tensor) -> Tensor:
    if not hasattr(act, "called"):
        act.called = True  # type: ignore[attr-defined] - the state
        return -x
    return torch.tanh(x)


class Listed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.acts = [act]

    def forward(self, x: Tensor) -> Tensor:
        return self.acts[0](x)


class Lazily(nn.Module):
    """Its first call makes a global."""

    def forward(self, x: Tensor) -> Tensor:
        global scale
        try:
            return x * scale  # pyright: ignore[reportUnboundVariable], which is what is tested
        except NameError:
            scale = 1.0
            return -x


@pytest.mark.parametrize("make", [Listed, Lazily])
def test_a_second_instance_is_not_taken_in(make: type[nn.Module]) -> None:
    for _ in range(2):
        verdict = verify.decide(make(), "psd", 3)
        assert verdict.reason is not None
        assert verdict.reason.kind == "not a sample map"
    assert not hasattr(act, "called")
    assert "scale" not in globals()


class Falling(nn.Module):
    """Goes on where a matrix has no inverse; an error leaves it half done."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(3, 3))
        self.busy = False

    def forward(self, x: Tensor) -> Tensor:
        if self.busy:
            return x
        self.busy = True
        z = torch.tanh(x @ self.w.T) @ self.w
        try:
            inverse = torch.linalg.inv(self.w)
        except RuntimeError:
            self.busy = False
            return -z
        self.busy = False
        return z + x @ inverse.T @ inverse


def test_each_operation_is_let_fail_in_a_module_as_it_is() -> None:
    verdict = verify.decide(Falling(), "psd", 3)
    assert verdict.reason is not None
    assert "catches an error" in verdict.reason.detail


class Kept:
    n = 0


def f(x: int = 0) -> int:
    return x


def test_containers_arrays_classes_and_functions() -> None:
    held: list[Any] = [[1, 2], {"a": 1}, {1, 2}, bytearray(b"ab"), torch.ones(3), Kept, f]
    undoing = [undo(value) for value in held]
    held[0].append(3)
    held[1]["b"] = held[1].pop("a")
    held[2].clear()
    held[3][0] = 0
    held[4].zero_()
    Kept.n, Kept.m = 1, 2  # type: ignore[attr-defined] - m is new
    f.__defaults__ = (1,)
    f.calls = 1  # type: ignore[attr-defined] - it is new
    for put_back in undoing:
        assert put_back is not None
        put_back()
    assert held[:4] == [[1, 2], {"a": 1}, {1, 2}, bytearray(b"ab")]
    assert held[4].tolist() == [1.0] * 3
    assert (Kept.n, hasattr(Kept, "m"), f(), vars(f)) == (0, False, 0, {})
    assert undo(array.array("d")) is None
