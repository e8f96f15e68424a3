"""What may be combined: modules with ``dim``, ``forward`` and, where it is asked, ``potential``."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from gradnets import checks


class Combination(nn.Module):
    """The parts of a combination, a user's own modules among them.

    Each part is a module R^n -> R^n with an attribute ``dim``, n; ``potential`` maps (..., n) to
    (...), its gradient is the module's output.

    Args:
        nets: at least one part; all of the same dim.
        with_potential: whether every part must have a potential.

    Raises:
        ValueError: no parts, one that is no module, different dims, a missing potential.
    """

    def __init__(self, nets: Iterable[nn.Module], *, with_potential: bool = False) -> None:
        super().__init__()
        nets = list(nets)
        if not nets:
            raise ValueError("nets: expected at least one module, got none")
        for net in nets:
            if not isinstance(net, nn.Module) or not hasattr(net, "dim"):
                raise ValueError(f"nets: expected modules with an attribute `dim`, got {net!r}")
        # getattr: to pyright, net.dim could be a submodule or a tensor
        dims = [checks.size("dim", getattr(net, "dim")) for net in nets]  # noqa: B009
        if len(set(dims)) > 1:
            raise ValueError(f"nets: expected modules of the same dim, got dims {dims}")
        self.nets = nn.ModuleList(nets)
        self.dim = dims[0]
        if with_potential:
            with torch.no_grad():
                self.potentials(self.like_parts(1, self.dim))

    def like_parts(self, *shape: int, fill: float = 0.0) -> Tensor:
        """Return a constant tensor of the dtype and device of the parts."""
        first = next((p for p in self.parameters() if p.is_floating_point()), torch.empty(()))
        return torch.full(shape, fill, dtype=first.dtype, device=first.device)

    def gradients(self, x: Tensor) -> list[Tensor]:
        """Return g_1(x) .. g_K(x), each of the shape of x."""
        self.check(x)
        return [shaped(net(x), x.shape, "output", net) for net in self.nets]

    def potentials(self, x: Tensor) -> list[Tensor]:
        """Return G_1(x) .. G_K(x), each of shape x.shape[:-1]."""
        self.check(x)
        return [shaped(potential(net)(x), x.shape[:-1], "potential", net) for net in self.nets]

    def check(self, x: Tensor) -> None:
        """Raise TypeError or ValueError unless x is a tensor of shape (..., n)."""
        if not isinstance(x, Tensor):
            raise TypeError(f"x: expected a torch tensor, got {type(x).__name__}")
        if x.ndim == 0 or x.shape[-1] != self.dim:
            raise ValueError(f"x: expected shape (..., {self.dim}), got {tuple(x.shape)}")


def potential(net: Any) -> Any:
    """Return the method ``potential`` of a part."""
    if not hasattr(net, "potential"):
        name = type(net).__name__
        raise ValueError(f"potential: expected modules with a method `potential`, got {name}")
    return net.potential


def shaped(y: Tensor, shape: torch.Size, what: str, net: nn.Module) -> Tensor:
    """Return y if it has the shape; one that broadcasts would mix the samples."""
    if not isinstance(y, Tensor) or y.shape != shape:
        got = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        expected = f"{what} of shape {tuple(shape)}"
        raise ValueError(f"nets: expected {expected} of {type(net).__name__}, got {got}")
    return y


def unsoftplus(value: float) -> float:
    """Return r with softplus(r) = value > 0, the raw form of a positive initial value.

    >>> round(unsoftplus(1.0), 4)
    0.5413
    """
    return value + math.log(-math.expm1(-value))
