"""The path of a module through its own code: is it another one when the module is traced?

A branch that is taken otherwise when a module is traced is seen instruction by instruction,
whatever tells the module: the type of its tensors, torch's modes, the stack. What its code asks of
Python about where and when it runs is seen too.
"""

import dis
import sys
import sysconfig
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import lru_cache, partial
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from verify.search.stream import Streamed, differs
from verify.trusted.program import HINT, program

SITE = Path(torch.__file__).parent.parent
OTHERS = (str(SITE / "torch"), str(Path(__file__).parent.parent))
CELLS = ("<ipython", "<stdin>", "<cell")
STANDARD = sysconfig.get_paths()["stdlib"]
STEPS = 200_000  # instructions of one call that are compared

# Modules that tell where, when or how code runs, and functions that reach anything.
MODULES = """
    ctypes datetime faulthandler gc importlib inspect io multiprocessing os platform posix random
    resource secrets signal socket subprocess sys tempfile threading time traceback tracemalloc uuid
    _random _thread _datetime
"""
FUNCTIONS = "__import__ compile eval exec globals id input locals open vars cache_info cache_clear"
# Of Python's own modules, those whose objects keep nothing, or nothing that state.py does not see.
CLEAN = """
    builtins types functools re fractions enum typing collections random abc dataclasses operator
    itertools array pathlib string numbers warnings __future__ _operator
"""
SURROUNDINGS, REACHING = frozenset(MODULES.split()), frozenset(FUNCTIONS.split())


class Follow:
    """Follows a call: the instructions of the user's code, and what it asks about Python."""

    def __init__(self, net: nn.Module) -> None:
        homes = {type(module).__module__.split(".")[0] for module in net.modules()}
        self.homes = frozenset(homes - {"torch"})
        self.path: list[CodeType | int] = []
        self.told: dict[str, None] = {}
        self.known: set[CodeType] = set()

    def call(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Follow a call into the user's code."""
        if not self.follows(frame):
            return None
        if frame.f_code not in self.known:
            self.known.add(frame.f_code)
            self.told |= dict.fromkeys(asked(frame))
        self.path.append(frame.f_code)
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self.step if len(self.path) < STEPS else None

    def step(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Follow an instruction."""
        if event == "opcode":
            self.path.append(frame.f_lasti)
        return self.step if len(self.path) < STEPS else None

    def profile(self, frame: FrameType, event: str, arg: Any) -> None:
        """Note a function of the surroundings that the user's code calls by another name."""
        asks = event == "c_call" and getattr(arg, "__module__", None) in SURROUNDINGS
        if asks and self.follows(frame):
            self.told[f"{arg.__module__}.{arg.__name__}"] = None

    def follows(self, frame: FrameType) -> bool:
        """Return whether a frame runs the user's code."""
        name = str(frame.f_globals.get("__name__", ""))
        return yours(frame.f_code.co_filename, name, self.homes)

    def run(self, act: Callable[[], Any], asks: bool) -> "Follow":
        """Follow what is called."""
        before = sys.gettrace(), sys.getprofile()
        sys.settrace(self.call)
        sys.setprofile(self.profile if asks else before[1])
        try:
            act()
        finally:
            sys.setprofile(before[1])
            sys.settrace(before[0])
        return self


def strays(net: nn.Module, dim: int) -> str:
    """Return in what a module's own code depends on where it runs, "" if it is not seen to."""
    for module in net.modules():
        for value in vars(module).values():
            if odd := surroundings(value) or keeper(value):
                return f"the module holds {odd}, which is no part of a sample"
    plain, traced = Streamed(net), Streamed(net)
    tensors = dict(traced.named_parameters(remove_duplicate=False))
    tensors |= dict(traced.named_buffers(remove_duplicate=False))
    kinds = [t.dtype for t in tensors.values() if t.is_floating_point()]
    for wants in (False, True):
        x = torch.ones(HINT, dim, dtype=kinds[0] if kinds else torch.get_default_dtype())
        x.requires_grad_(wants)
        plain.calls.clear()
        traced.calls.clear()
        try:
            here = Follow(net).run(partial(plain, x), True)
            run = partial(program, traced, tensors, dim, None, wants, False)
            there = Follow(net).run(run, False)
        except Exception:  # of a gradient in forward, which is not possible in one of these ways
            continue
        first = traced.calls[: len(plain.calls)]  # a program that writes is run once more
        return told(here, there) or (
            "the module computes with other numbers when it is traced"
            if differs(plain.calls, first)
            else ""
        )
    return ""


def told(here: Follow, there: Follow) -> str:
    """Return what a call shows, beside the call by which a module is traced."""
    if here.told:
        return f"Python code reads {next(iter(here.told))}, which is no part of a sample"
    if here.path[:STEPS] == there.path[:STEPS]:
        return "" if len(here.path) < STEPS else "the module runs too long a code to be followed"
    pairs = enumerate(zip(here.path, there.path, strict=False))
    place = next((k for k, (a, b) in pairs if a != b), len(here.path))
    return f"the module takes another path when it is traced{where(here.path[:place])}"


def where(path: list[CodeType | int]) -> str:
    """Return " at file:line" of the function in which a path ends."""
    code = next((c for c in reversed(path) if isinstance(c, CodeType)), None)
    return f", at {code.co_filename}:{code.co_firstlineno}" if code else ""


@lru_cache(4096)
def yours(file: str, module: str, homes: frozenset[str]) -> bool:
    """Return whether code is the user's: not Python's, a library's or ours."""
    installed, first = "site-packages" in file, module.split(".")[0]
    if file.startswith(OTHERS) or (file.startswith(STANDARD) and not installed):
        return False
    named = file.startswith("<") and not file.startswith(CELLS)  # made by a library, or by exec
    return first in homes if installed or named else True


def asked(frame: FrameType) -> list[str]:
    """Return what of its surroundings the code of a frame names."""
    code, names = frame.f_code, frame.f_globals
    known = [names[n] for n in code.co_names if n in names]
    found = [surroundings(v) or keeper(v) for v in (*known, *frame.f_locals.values())]
    found += [n for n in code.co_names if n in REACHING and n not in names]
    imports = [i.argval for i in dis.get_instructions(code) if i.opname == "IMPORT_NAME"]
    return [*filter(None, found), *(n for n in imports if n.split(".")[0] in SURROUNDINGS)]


def surroundings(value: Any) -> str:
    """Return the name of a module, or of what is taken from it, that tells where code runs."""
    if value is sys.modules:
        return "sys.modules"
    if isinstance(value, ModuleType):
        return value.__name__ if value.__name__.split(".")[0] in SURROUNDINGS else ""
    if not isinstance(value, FunctionType | BuiltinFunctionType | type):
        return ""
    home = str(value.__module__)
    return f"{home}.{value.__name__}" if home.split(".")[0] in SURROUNDINGS else ""


def keeper(value: Any) -> str:
    """Return the kind of an object of Python's or NumPy's that may keep a state unseen."""
    kind = type(value)
    root, name = str(kind.__module__).split(".")[0], f"a {kind.__name__}"
    if root == "numpy":
        seen = (
            np.ndarray,
            np.generic,
            np.dtype,
            np.random.Generator,
            np.random.RandomState,
            np.ufunc,
        )
        return "" if isinstance(value, seen) else name
    named = isinstance(value, ModuleType | type | Decimal | Enum | nn.Module)
    if named or root not in sys.stdlib_module_names:
        return ""
    return "" if root in CLEAN.split() else name
