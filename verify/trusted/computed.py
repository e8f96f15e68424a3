"""Attributes that each call computes: by torch's own hooks, or once, by Python's cache."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from copy import deepcopy
from functools import cached_property
from itertools import product
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from verify.trusted.state import state
from verify.trusted.values import mixing

# How a module may be called: with gradients on, with one wanted, of one sample instead of many.
WAYS = tuple(product((True, False), (False, True), (False, True)))


def computed(net: nn.Module) -> set[str]:
    """Return the attributes that torch's own hooks set anew, and those that Python caches.

    They are put back, so that each call computes them.
    """
    found = set()
    for path, module in net.named_modules():
        names = {name for name, _ in hooked(module)}
        for cls in type(module).__mro__:
            names |= {k for k, v in vars(cls).items() if isinstance(v, cached_property)}
        found |= {f"{path}.{name}".lstrip(".") for name in names}
    return found


def hooked(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that torch's own hooks set anew before each call, and the hooks."""
    for hook in module._forward_pre_hooks.values():
        own = isinstance(hook, WeightNorm | SpectralNorm)
        if own and isinstance(vars(module).get(hook.name), Tensor):
            yield hook.name, hook


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


def in_all_ways(net: nn.Module, x: Tensor) -> None:
    """Call a module in each of the ``WAYS``."""
    for grad, wants, alone in WAYS:
        with suppress(Exception), torch.set_grad_enabled(grad):  # found later
            net((x[:1] if alone else x).clone().requires_grad_(wants))


def renewed(net: nn.Module, x: Tensor, ran: Iterable[FunctionType]) -> frozenset[str]:
    """Return the attributes of ``computed``; TraceError if a second call changes what is there."""
    if not computed(net):
        return frozenset()
    try:
        net = copied(net)
    except Exception:  # of any kind: it is reported where values are compared
        return frozenset(computed(net))
    in_all_ways(net, x)
    names = computed(net)
    before = state(net, ran)
    in_all_ways(net, x)
    after = state(net, ran)
    hooks = [
        (f"{p}.{n}".lstrip("."), m, n, h) for p, m in net.named_modules() for n, h in hooked(m)
    ]
    for name, module, key, hook in hooks:
        weight = hook.compute_weight(module, *[False] * isinstance(hook, SpectralNorm))
        if not torch.equal(weight, vars(module)[key]):
            raise mixing(f"the call changes {name}")
    kept = names - {name for name, *_ in hooks}
    changed = [n for n in sorted(kept) if before[0].get(n) != after[0].get(n)]
    if changed:
        raise mixing(f"the call changes {changed[0]}")
    return frozenset(names)
