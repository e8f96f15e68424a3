"""The comparison of graph and module: what is no part of a sample is seen when it is read."""

import gc
import inspect
import os
import sys
import threading
import time
from collections.abc import Callable
from random import random as roll
from time import time as now

import pytest
import torch
from torch import Tensor, nn
from torch._C import _len_torch_dispatch_stack

import verify
from verify.search.paths import strays


class Tied(nn.Module):
    """W^T tanh(W x), but on some days, on some machines, another map."""

    def __init__(self, well: Callable[[], bool]) -> None:
        super().__init__()
        self.W, self.V = nn.Parameter(torch.eye(2)), nn.Parameter(torch.eye(2))
        self.well = well

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T) @ (self.W if self.well() else self.V)


@pytest.mark.parametrize(
    ("well", "read"),
    [
        (lambda: time.time() > 0, "time.time"),
        (lambda: "WHERE" not in os.environ, "_Environ"),
        (lambda: os.environ.get("WHERE") is None, "_Environ"),
        (lambda: all(frame.function != "fit" for frame in inspect.stack()), "inspect.stack"),
        (lambda: sys._getframe(1).f_code.co_name != "fit", "_getframe"),
        (lambda: torch.get_default_dtype() != torch.float16, "get_default_dtype"),
        (lambda: torch.get_num_threads() != 77, "get_num_threads"),
        (lambda: not torch.is_autocast_enabled(), "is_autocast_enabled"),
        (lambda: not torch.compiler.is_compiling(), "is_compiling"),
    ],
)
def test_what_depends_on_where_it_runs(well: Callable[[], bool], read: str) -> None:
    verdict = verify.decide(Tied(well), "psd", dim=2)
    assert verdict.status == "unknown"
    assert verdict.reason is not None
    assert verdict.reason.kind == "not a sample map"
    assert read in verdict.reason.detail


def test_what_other_threads_read_is_theirs() -> None:
    """A notebook's kernel reads the clock in threads of its own."""
    done, reads = threading.Event(), threading.Event()

    def beat() -> None:
        while not done.wait(1e-3):
            time.monotonic()
            reads.set()

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        assert reads.wait(60)
        assert verify.decide(Tied(lambda: True), "psd", dim=2).status == "proved"
    finally:
        done.set()
        thread.join()


class Layout(nn.Module):
    """x, or -x where a property of the tensor, not of its values, says so."""

    def __init__(self, odd: Callable[[Tensor], bool]) -> None:
        super().__init__()
        self.odd = odd

    def forward(self, x: Tensor) -> Tensor:
        return -x if self.odd(x) else x


@pytest.mark.parametrize(
    "odd",
    [
        lambda x: x.stride(0) == 7,
        lambda x: x.storage_offset() == 9,
        lambda x: x._version == 5,
        lambda x: x.nbytes == 12345,
        lambda x: x.element_size() == 3,
        lambda x: sys.getsizeof(x) == 1,
        lambda x: x.is_leaf and x.requires_grad and len(x) == 77,
        lambda x: not x.is_leaf and len(x) == 77,
        lambda x: x.requires_grad and x.is_leaf and x.shape[0] == 77,
        lambda x: not x.is_contiguous() and len(x) == 77,
        lambda x: x.grad_fn is not None and len(x) == 77,
    ],
)
def test_what_depends_on_a_tensor_s_memory_is_no_map(odd: Callable[[Tensor], bool]) -> None:
    assert verify.decide(Layout(odd), "psd", dim=2).status == "unknown"


def test_torch_s_own_questions_are_no_reason() -> None:
    class Gradient(nn.Module):
        def forward(self, x: Tensor) -> Tensor:  # torch.func asks whether it is being compiled
            return torch.func.grad(lambda v: torch.logsumexp(v, -1).sum())(x)

    assert verify.decide(Gradient(), "psd", dim=3).status == "proved"


def test_many_samples_and_other_kinds_of_numbers_are_looked_at() -> None:
    class Many(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return -x if type(x) is Tensor and len(x) > 100 else x

    class Double(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return -x if x.dtype is torch.float64 else x

    for net in (Many(), Double()):
        assert verify.decide(net, "psd", dim=2).status == "unknown"


def factored(x: Tensor) -> Tensor:
    return torch.linalg.cholesky(torch.eye(2) + x.sum() * torch.eye(2))


def inverted(x: Tensor) -> Tensor:
    return torch.linalg.inv(torch.diag_embed(x))


def looked_up(x: Tensor) -> Tensor:
    return nn.functional.embedding(x.long().clamp(0), torch.ones(10**6, 1))


def divided(x: Tensor) -> Tensor:
    return torch.div(x.long(), x.long() + 10**6, rounding_mode="floor")


@pytest.mark.parametrize("tried", [factored, inverted, looked_up, divided])
def test_an_error_that_is_caught_is_a_branch(tried: Callable[[Tensor], Tensor]) -> None:
    class Caught(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            try:
                tried(x)
            except (RuntimeError, IndexError):
                return -x
            return x

    assert verify.decide(Caught(), "psd", dim=2).status == "unknown"


def test_a_copy_that_is_another_module_tells_nothing() -> None:
    class Decoy(nn.Module):
        def __deepcopy__(self, memo: object) -> nn.Module:
            return nn.Identity()

        def forward(self, x: Tensor) -> Tensor:
            return -x if type(x) is Tensor else x

    assert verify.decide(Decoy(), "psd", dim=2).status == "unknown"


def clock() -> bool:
    return now() < 0


def imported() -> bool:
    import time as other

    return other.time() < 0


def in_a_table() -> bool:
    return CLOCKS["now"]() < 0


def in_a_default(call: Callable[[], float] = now) -> bool:
    return call() < 0


def by_name() -> bool:
    return vars(__import__("time"))["time"]() < 0


CLOCKS = {"now": now}


@pytest.mark.parametrize(
    ("odd", "read"),
    [
        (lambda x: clock(), "time.time"),
        (lambda x: imported(), "time"),
        (lambda x: in_a_table(), "time.time"),
        (lambda x: in_a_default(), "time.time"),
        (lambda x: by_name(), "time"),
        (lambda x: "fit" in sys.modules, "sys"),
        (lambda x: gc.isenabled() is None, "gc"),
        (lambda x: roll() < 0, "roll"),
    ],
)
def test_what_python_is_asked_by_any_name(odd: Callable[[Tensor], bool], read: str) -> None:
    verdict = verify.decide(Layout(odd), "psd", dim=2)
    assert verdict.status == "unknown"
    assert verdict.reason is not None
    assert read in verdict.reason.detail


def seen_as_it_is(x: Tensor) -> bool:
    """Not while it is traced: then a tensor's type is another one."""
    return type(x) is Tensor and len(x) == 77


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (seen_as_it_is, "Python code reads"),
        (lambda x: seen_as_it_is(x) and bool(x[0, 0] > 1e9), "Python code reads"),
        (lambda x: not _len_torch_dispatch_stack() and len(x) == 77, "holds torch._C"),
        (
            lambda x: {True: len(x) == 77}[True] if type(x).__module__ == "torch" else False,
            "Python code reads",
        ),
        (lambda x: not hasattr(x, "fake_mode") and len(x) == 77, "another path"),
    ],
)
def test_another_path_of_what_is_not_traced(odd: Callable[[Tensor], bool], why: str) -> None:
    assert verify.decide(Layout(odd), "psd", dim=2).status == "unknown"
    assert why in strays(Layout(odd), 2)


def test_another_path_by_what_is_not_read() -> None:
    assert "another path" in strays(Layout(lambda x: not hasattr(x, "fake_mode")), 2)


@pytest.mark.parametrize(
    "odd",
    [
        lambda x: torch.tensor(1.0).dtype is torch.float64,
        lambda x: x.dtype is torch.float64 and x.requires_grad,
        lambda x: x.requires_grad and x.dtype is torch.float64 and len(x) == 2,
        lambda x: x.is_inference(),
        lambda x: torch.compiler.is_exporting(),
    ],
)
def test_other_kinds_of_numbers_and_modes_are_looked_at(odd: Callable[[Tensor], bool]) -> None:
    assert verify.decide(Layout(odd), "psd", dim=2).status == "unknown"


def test_a_branch_on_a_kind_that_is_never_taken_is_no_reason() -> None:
    class Either(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            if not isinstance(x, Tensor):
                raise TypeError
            rows = [row * 2 for row in (x, x)] if x.ndim == 2 else []
            return sum(rows[1:], rows[0])

    assert verify.decide(Either(), "psd", dim=2).status == "proved"


def test_a_code_too_long_to_be_followed_is_not_believed() -> None:
    """A path that differs is seen before its length is, and what comes after is not known."""

    class Long(nn.Module):
        def __init__(self, odd: bool) -> None:
            super().__init__()
            self.odd = odd

        def forward(self, x: Tensor) -> Tensor:
            y = -x if self.odd and not hasattr(x, "fake_mode") else x
            for _ in range(100_000):
                pass
            return y

    for odd, said in ((True, "another path"), (False, "too long")):
        assert verify.decide(Long(odd), "psd", dim=2).status == "unknown"
        assert said in strays(Long(odd), 2)
