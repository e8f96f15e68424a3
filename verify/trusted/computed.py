"""Attributes that each call computes: by torch's own hooks, or once, by Python's cache."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from functools import _lru_cache_wrapper, cached_property
from typing import Any

from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from verify.trusted.state import snapshot
from verify.trusted.surroundings import within
from verify.trusted.values import TraceError


def computed(net: nn.Module) -> set[str]:
    """Return the attributes that torch's own hooks set anew, and those that Python caches.

    They are put back, so that each call computes them.
    """
    found = set()
    for path, module in net.named_modules():
        names = {name for name, _ in hooked(module)} | cached(module)
        found |= {f"{path}.{name}".lstrip(".") for name in names}
    return found


def cached(module: nn.Module) -> set[str]:
    """Return the attributes that Python caches."""
    kept = {name: v for cls in reversed(type(module).__mro__) for name, v in vars(cls).items()}
    return {name for name, value in kept.items() if isinstance(value, cached_property)}


@contextmanager
def uncached(net: nn.Module) -> Iterator[None]:
    """Forget the attributes that Python caches in a call, so that each computes them."""
    before = [(module, cached(module) - vars(module).keys()) for module in net.modules()]
    try:
        yield
    finally:
        for module, names in before:
            for name in names & vars(module).keys():
                del vars(module)[name]


def hooked(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that torch's own hooks set anew before each call, and the hooks."""
    for hook in module._forward_pre_hooks.values():
        own = isinstance(hook, WeightNorm | SpectralNorm)
        if own and isinstance(vars(module).get(hook.name), Tensor):
            yield hook.name, hook


@contextmanager
def unset(net: nn.Module) -> Iterator[None]:
    """Put back what torch's own hooks set in calls, and caches that were empty or hold fakes."""
    before = [(vars(m), name, vars(m)[name]) for m in net.modules() for name, _ in hooked(m)]
    caches = [value for value in within(net)[0] if isinstance(value, _lru_cache_wrapper)]
    filled = {id(cache): cache.cache_info().currsize for cache in caches}
    try:
        yield
    finally:
        for cache in caches:
            if not filled[id(cache)] or holds_fakes(cache):
                cache.cache_clear()
        for home, name, value in before:
            home[name] = value


def holds_fakes(cache: Any) -> bool:
    """Return whether a cache of Python's keeps something of a trace, which no call can use."""
    known: dict[int, Any] = {}
    with suppress(TraceError, RecursionError):  # of what it keeps, something cannot be read
        snapshot([d for d in gc.get_referents(cache) if type(d) is dict], known)
    return any(isinstance(value, FakeTensor) for value in known.values())


def copied(net: nn.Module) -> nn.Module:
    """Return a copy; of what a hook of torch computed, which torch does not copy, the values."""
    held = [(vars(m), name) for m in net.modules() for name, _ in hooked(m)]
    before = [home[name] for home, name in held]
    try:
        for home, name in held:
            home[name] = home[name].detach()
        return deepcopy(net)
    finally:
        for (home, name), value in zip(held, before, strict=True):
            home[name] = value
