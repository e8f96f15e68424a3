"""The graph against the module itself, at random points and parameters."""

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from verify.search.evaluate import evaluate
from verify.trusted.trace import Traced

SAMPLES = 6


def disagreement(net: nn.Module, traced: Traced) -> str:
    """Return how the module's values differ from its graph's, "" where they do not.

    Looked at: the parameters as they are, and random ones; rounding and jumps may move a few
    samples, so more than one in three has to differ.
    """
    try:
        net = copy.deepcopy(net)
    except Exception:  # of the user's code, of any kind
        return "the module cannot be copied, so its values were not compared with its graph's"
    rng = np.random.default_rng(0)
    names = dict(net.named_parameters())
    for scale in (0.0, 0.5, 1.0):
        values = {
            name: tensor_like(names[name], rng, scale) for name in traced.names if name in names
        }
        if len(values) < len(traced.names):
            return "a parameter of the graph is not one of the module's"
        x = torch.from_numpy(rng.normal(size=(SAMPLES, dim(traced))))
        x = x.to(next((p.dtype for p in names.values()), torch.get_default_dtype()))
        try:
            seen = functional_call(net, values, (x,)).detach().double().numpy()
        except Exception as error:  # of the user's code, of any kind
            return f"the module raises at random parameters: {' '.join(str(error).split())[:200]}"
        params = [flat(values[name]) for name in traced.names]
        with np.errstate(all="ignore"):
            read = evaluate(traced.graph, traced.sizes, params, x.double().numpy())
        read = np.asarray(read).reshape(seen.shape)
        bound = 1e-2 if x.dtype == torch.float32 else 1e-6
        scale_of = bound * (1 + np.abs(seen).max(-1, initial=0.0))
        far = ~(np.abs(seen - read).max(-1, initial=0.0) <= scale_of)
        far &= np.isfinite(seen).all(-1) & np.isfinite(read).all(-1)
        if far.sum() > SAMPLES // 3:
            return "the module's values are not those of its graph"
    return ""


def dim(traced: Traced) -> int:
    shape = traced.graph.nodes[traced.graph.output].shape
    return int(traced.sizes.get(shape[0], shape[0])) if shape else 1  # type: ignore[arg-type]


def tensor_like(tensor: Tensor, rng: np.random.Generator, scale: float) -> Tensor:
    """Return a tensor's values (scale 0), or random ones of its shape."""
    if not scale:
        return tensor.detach().clone()
    values = torch.from_numpy(np.asarray(rng.normal(size=tuple(tensor.shape)) * scale))
    return values.to(tensor.dtype)


def flat(tensor: Tensor) -> Any:
    """Return a tensor's values without its axes of size 1."""
    values = tensor.detach().double().numpy()
    return values.reshape([size for size in values.shape if size > 1])
