"""The path of a module through its own code: is it another one when the module is traced?

A branch that is taken otherwise when a module is traced is seen instruction by instruction,
whatever tells the module: the type of its tensors, torch's modes, the stack. What its code asks of
Python about where and when it runs is seen too.
"""

import os
import sys
import sysconfig
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from verify.search.reach import NAMED, asked, beyond, called, held_by, is_beyond, keeper
from verify.search.stream import Streamed, differs
from verify.trusted.calls import WAYS
from verify.trusted.program import HINT, program
from verify.trusted.ran import profile_by
from verify.trusted.state import snapshot
from verify.trusted.surroundings import globals_of, is_librarys
from verify.trusted.surroundings import installed as librarys

SITE = Path(torch.__file__).parent.parent
OTHERS = tuple(f"{home}{os.sep}" for home in (SITE / "torch", Path(__file__).parent.parent))
BUILT_IN = "__builtins__"
WRITTEN = "<eval_with_key>"
CELLS = ("<ipython", "<stdin>", "<cell")
STANDARD = sysconfig.get_paths()["stdlib"] + os.sep
# Run where a module is freed, once one was compiled; and where code imports from its own package.
UNASKED = (("torch._dynamo.utils", "<lambda>"), ("importlib._bootstrap", "parent"))
Step = int | tuple[CodeType, int, int]  # an instruction; code that is called
STEPS = 200_000  # instructions of one call that are compared


class Follow:
    """Follows a call: the instructions of the user's code, and what it asks about Python."""

    def __init__(self, net: nn.Module) -> None:
        homes = {type(module).__module__.split(".")[0] for module in net.modules()}
        self.homes = frozenset(homes - {"torch"})
        self.path: list[Step] = []
        self.told: dict[str, None] = {}
        self.asked: dict[Step, dict[int, str]] = {}

    def call(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Follow a call into the user's code."""
        if not self.follows(frame):
            return None
        here = code_of(frame)
        if here not in self.asked:
            self.asked[here] = asked(frame)
        held = [beyond(value) or keeper(value) for value in frame.f_locals.values()]
        held.append(self.asked[here].get(NAMED, ""))
        self.told |= dict.fromkeys(filter(None, held))
        self.path.append(here)
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self.step if len(self.path) < STEPS else None

    def step(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Follow an instruction."""
        if event == "opcode":
            self.path.append(frame.f_lasti)
            if told := self.asked[code_of(frame)].get(frame.f_lasti):
                self.told[told] = None
        return self.step if len(self.path) < STEPS else None

    def profile(self, frame: FrameType, event: str, arg: Any) -> None:
        """Note what the user's code calls of its surroundings, by whatever name."""
        told, caller = "", frame.f_back
        if event == "c_call" and self.follows(frame):
            told = called(arg)
        elif event == "call" and caller and self.follows(caller) and not self.follows(frame):
            home, name = str(frame.f_globals.get("__name__")), frame.f_code.co_name
            asks = name[0] != "_" and is_beyond(home, name)
            told = f"{home}.{name}" if asks else ""
            first = frame.f_code.co_varnames[: bool(frame.f_code.co_argcount)]  # self
            told = told or next((keeper(frame.f_locals.get(name)) for name in first), "")
            told = "" if (home, frame.f_code.co_name) in UNASKED else told
        if told:
            self.told[told] = None

    def follows(self, frame: FrameType) -> bool:
        """Return whether a frame runs the user's code."""
        name, code = str(frame.f_globals.get("__name__", "")), frame.f_code
        made = code.co_filename.startswith("<") and frame.f_globals.keys() == {"fn", BUILT_IN}
        written = made and isinstance(fn := frame.f_globals["fn"], FunctionType) and is_librarys(fn)
        if written or (code.co_name == "<module>" and code.co_filename.startswith("<")):
            return False  # of torch's tracer; of exec, which the user's code may not call
        return yours(code.co_filename, name, self.homes)

    def run(self, act: Callable[[], Any], asks: bool) -> "Follow":
        """Follow what is called."""
        before = sys.gettrace(), sys.getprofile()
        sys.settrace(self.call)
        if asks:
            sys.setprofile(self.profile)
        try:
            act()
        finally:
            profile_by(before[1])
            sys.settrace(before[0])
        return self


def strays(net: nn.Module, dim: int, cached: Iterable[Callable[[], Any]] = ()) -> str:
    """Return in what a module's own code depends on where it runs, "" if it is not seen to.

    Looked at are the functions behind its caches too, by the calls that these keep.
    """
    kept = held(net)
    if odd := held_by(kept):
        return f"the module holds {odd}, which is no part of a sample"
    if odd := next(filter(None, (behind_cache(net, call) for call in cached)), ""):
        return odd
    plain, traced = Streamed(net), Streamed(net)
    tensors = dict(traced.named_parameters(remove_duplicate=False))
    tensors |= dict(traced.named_buffers(remove_duplicate=False))
    kinds = [t.dtype for t in tensors.values() if t.is_floating_point()]
    dtype = kinds[0] if kinds else torch.get_default_dtype()
    x = torch.ones(HINT, dim, dtype=dtype)
    run = partial(program, traced, tensors, dim)
    here = Follow(net)
    for wants in (False, True):
        given = (x, nn.Parameter(x, False)) if not wants else (x.requires_grad_(),)
        try:
            traced.calls.clear()
            there = Follow(net).run(partial(run, None, wants, False), False)
            for sample in given:
                plain.calls.clear()
                here = Follow(net).run(partial(plain, sample), True)
                if odd := told(here, there) or others(plain, traced):
                    return odd
        except Exception:  # of a gradient in forward, which is not possible in one of these ways
            continue
        break
    else:
        return "the module cannot be followed while it is traced"
    usual = here.path, [*plain.calls]
    return next(filter(None, (in_way(net, plain, traced, run, way, x, usual) for way in WAYS)), "")


def behind_cache(net: nn.Module, call: Callable[[], Any]) -> str:
    """Return what the function behind a cache of Python's reads, "" if nothing."""
    here = Follow(net)
    with suppress(Exception):  # of the user's code: then the cache is not steady
        here.run(call, True)
    return read(here)


def others(plain: Streamed, traced: Streamed) -> str:
    """Return that a trace calls torch otherwise, "" if not: what writes is run once more."""
    other = differs(plain.calls, traced.calls[: len(plain.calls)])
    return "the module computes with other numbers when it is traced" if other else ""


def in_way(
    net: nn.Module, plain: Streamed, traced: Streamed, run: Callable[..., Any],
    way: tuple[bool, bool, bool], x: Tensor, usual: tuple[list[Step], list[Any]],
) -> str:  # fmt: skip
    """Return what a module's code reads in one way of calling it, "" if nothing.

    Where it does not do as ``usual``, it is traced in this way too.
    """
    grad, wants, alone = way
    here = Follow(net)
    plain.calls.clear()
    with torch.set_grad_enabled(grad):
        sample = (x[:1] if alone else x).detach().clone().requires_grad_(wants)
        try:
            here.run(partial(plain, sample), True)
            ended = True
        except Exception:  # of a gradient in forward
            ended = False
        here.told |= dict.fromkeys(plain.asked)
        same = here.path == usual[0] and (alone or not differs(plain.calls, usual[1]))
        if here.told or same or not ended:
            return read(here)
        traced.calls.clear()
        try:
            batch = 1 if alone else None
            there = Follow(net).run(partial(run, batch, wants, False), False)
        except Exception:  # of the user's code, of any kind
            return "the module cannot be followed while it is traced"
        return told(here, there) or others(plain, traced)


def held(net: nn.Module) -> list[Any]:
    """Return what a module, its classes and the globals that its code names hold."""
    known: dict[int, Any] = {}
    for module in net.modules():
        snapshot(vars(module), known)
        snapshot([v for cls in type(module).__mro__ for v in vars(cls).values()], known)
    for home, name in globals_of(net).values():
        if not isinstance(home[name], ModuleType):
            snapshot(home[name], known)
    return [*known.values()]


def read(here: Follow) -> str:
    """Return what a call is told to read, "" if nothing."""
    what = next(iter(here.told), "")
    return f"Python code reads {what}, which is no part of a sample" if what else ""


def told(here: Follow, there: Follow) -> str:
    """Return what a call shows, beside the call by which a module is traced."""
    if here.told:
        return read(here)
    if here.path[:STEPS] == there.path[:STEPS]:
        return "" if len(here.path) < STEPS else "the module runs too long a code to be followed"
    pairs = enumerate(zip(here.path, there.path, strict=False))
    place = next((k for k, (a, b) in pairs if a != b), len(here.path))
    return f"the module takes another path when it is traced{where(here.path[:place])}"


def where(path: list[Step]) -> str:
    """Return " at file:line" of the function in which a path ends."""
    code = next((step[0] for step in reversed(path) if not isinstance(step, int)), None)
    return f", at {code.co_filename}:{code.co_firstlineno}" if code else ""


def code_of(frame: FrameType) -> tuple[CodeType, int, int]:
    """Return the code of a frame, told apart from equal code in another file."""
    return frame.f_code, id(frame.f_code), id(frame.f_globals)


@lru_cache(4096)
def yours(file: str, module: str, homes: frozenset[str]) -> bool:
    """Return whether code is the user's: not Python's, a library's or ours."""
    installed, first = "site-packages" in file, module.split(".")[0]
    if file.startswith(OTHERS) or (file.startswith(STANDARD) and not installed):
        return False
    if file.startswith(WRITTEN) or (file == "<string>" and module.startswith("namedtuple_")):
        return False  # by torch, by collections
    if file.startswith("<") and not file.startswith(CELLS):  # by exec: of whom?
        typed = module == "__main__"  # whatever file stands for it: of doctest, of asyncio
        return typed or not (module in sys.modules and librarys(sys.modules[module]))
    return first in homes if installed else True
