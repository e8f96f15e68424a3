"""What networks must share to be trained as one batched model, and what a run starts from."""

import hashlib

import torch
from torch import Tensor, nn

from gradnets.trials import Data


def check_alike(nets: list[nn.Module], data: Data, seeds: list[int]) -> None:
    """Raise ValueError unless the networks can be stacked and there is one seed and trial each."""
    if not nets or len(nets) != len(data.x):
        raise ValueError(f"nets: expected {len(data.x)}, one a trial of data, got {len(nets)}")
    if len(seeds) != len(nets):
        raise ValueError(f"seeds: expected {len(nets)}, one a network, got {len(seeds)}")
    if len({id(net) for net in nets}) < len(nets):
        raise ValueError("nets: expected different networks, got one of them twice")
    for i, net in enumerate(nets):
        if description(net) != description(nets[0]):
            raise ValueError(f"nets: expected all alike, got network {i} unlike network 0")
    dtypes = {p.dtype for p in nets[0].parameters()}
    if not any(p.requires_grad for p in nets[0].parameters()):
        raise ValueError("nets: expected parameters to train, got none that requires a gradient")
    if dtypes != {data.x.dtype}:
        kinds = ", ".join(map(str, dtypes))
        raise ValueError(f"data: expected dtype {kinds} as the networks, got {data.x.dtype}")


def description(net: nn.Module) -> list[object]:
    """Return what two networks must share to be trained as one: all but the values of tensors."""
    entries: list[object] = [
        (name, tuple(p.shape), str(p.dtype), p.requires_grad) for name, p in net.named_parameters()
    ]
    entries += [(name, tuple(b.shape), str(b.dtype)) for name, b in net.named_buffers()]
    for name, module in net.named_modules():
        plain = {key: value for key, value in vars(module).items() if not key.startswith("_")}
        functions = {k: getattr(v, "__qualname__", v) for k, v in plain.items()}
        kept = {k: v for k, v in functions.items() if not isinstance(v, Tensor)}
        entries.append((name, type(module).__qualname__, repr(kept)))
    return entries


def fingerprint(nets: list[nn.Module], data: Data, *settings: object) -> str:
    """Return a digest of all that a run starts from, so that a checkpoint knows its run."""
    start = (description(nets[0]), settings)
    digest = hashlib.sha256(repr(start).encode())
    states = [value for net in nets for value in net.state_dict().values()]
    for tensor in (data.x, data.y, data.x_val, data.y_val, *states):
        digest.update(tensor.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
