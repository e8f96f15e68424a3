"""W^T phi(W x + b) for the activations of torch, torch.nn and torch.special, monotone or not."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine


class Ridge(nn.Module):
    def __init__(self, phi: Callable[[Tensor], Tensor], dim: int = 3, width: int = 4) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(width, dim))
        self.b = nn.Parameter(torch.randn(width))
        self.phi = phi

    def forward(self, x: Tensor) -> Tensor:
        return self.phi(x @ self.W.T + self.b) @ self.W


class Untied(Ridge):
    def __init__(self, phi: Callable[[Tensor], Tensor]) -> None:
        super().__init__(phi)
        self.V = nn.Parameter(torch.randn(4, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.phi(x @ self.W.T + self.b) @ self.V


INCREASING: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(),
    "leaky_relu_steep_below": nn.LeakyReLU(2.0),
    "relu6": nn.ReLU6(),
    "elu": nn.ELU(),
    "elu_alpha_2": nn.ELU(2.0),
    "selu": nn.SELU(),
    "celu": nn.CELU(),
    "celu_half": nn.CELU(0.5),
    "celu_negative_alpha": nn.CELU(-1.0),
    "softplus": nn.Softplus(),
    "softplus_beta": nn.Softplus(beta=3),
    "softplus_minus_beta": nn.Softplus(beta=-1),
    "logsigmoid": nn.LogSigmoid(),
    "sigmoid": nn.Sigmoid(),
    "tanh": nn.Tanh(),
    "hardtanh": nn.Hardtanh(-2.0, 3.0),
    "hardsigmoid": nn.Hardsigmoid(),
    "softsign": nn.Softsign(),
    "tanhshrink": nn.Tanhshrink(),
    "softshrink": nn.Softshrink(0.3),
    "hardshrink": nn.Hardshrink(0.4),
    "threshold_up": nn.Threshold(0.5, 0.0),
    "threshold_far_below": nn.Threshold(1.0, -3.0),
    "relu_squared": lambda u: F.relu(u) ** 2,
    "cube": lambda u: u**3,
    "fifth": lambda u: u.pow(5) + 2 * u,
    "atan": torch.atan,
    "asinh": torch.asinh,
    "sinh": torch.sinh,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "expm1": torch.expm1,
    "gumbel": lambda u: torch.exp(-torch.exp(-u)),
    "sign": torch.sign,
    "floor": torch.floor,
    "ceil": torch.ceil,
    "round": torch.round,
    "trunc": torch.trunc,
    "heaviside_half": lambda u: torch.heaviside(u, torch.tensor(0.5, dtype=u.dtype)),
    "algebraic": lambda u: u / torch.sqrt(1 + u**2),
    "u_abs_u": lambda u: u * u.abs(),
    "symlog": lambda u: torch.sign(u) * torch.log1p(torch.abs(u)),
    "signed_root": lambda u: torch.sign(u) * torch.sqrt(torch.abs(u)),
    "u_plus_sin": lambda u: u + torch.sin(u),
    "u_minus_half_atan": lambda u: u - 0.5 * torch.atan(u),
    "clamp": lambda u: u.clamp(-1, 2),
    "clamp_max": lambda u: torch.clamp(u, max=1.0),
    "max_of_lines": lambda u: torch.maximum(u, 2 * u + 1),
    "min_of_lines": lambda u: torch.minimum(u, 3 * u),
    "logaddexp": lambda u: torch.logaddexp(u, torch.zeros_like(u)),
    "bent_identity": lambda u: (torch.sqrt(u**2 + 1) - 1) / 2 + u,
    "squareplus": lambda u: (u + torch.sqrt(u * u + 4)) / 2,
    "erf": torch.erf,
    "ndtr": torch.special.ndtr,
    "log_ndtr": torch.special.log_ndtr,
    "expit": torch.special.expit,
    "i1": torch.special.i1,
    "softplus_of_softplus": lambda u: F.softplus(F.softplus(u)),
    "tanh_of_cube": lambda u: torch.tanh(u**3),
    "int_cast": lambda u: u.long().to(u.dtype),
}
FALLING: dict[str, Callable[[Tensor], Tensor]] = {
    "leaky_relu_negative": nn.LeakyReLU(-0.1),
    "elu_negative": nn.ELU(-1.0),
    "gelu": nn.GELU(),
    "gelu_tanh": nn.GELU(approximate="tanh"),
    "silu": nn.SiLU(),
    "mish": nn.Mish(),
    "hardswish": nn.Hardswish(),
    "softplus_threshold": nn.Softplus(threshold=1),
    "threshold_down": nn.Threshold(0.0, 1.0),
    "minus_tanh": lambda u: -torch.tanh(u),
    "sin": torch.sin,
    "cos": torch.cos,
    "cosh": torch.cosh,
    "square": torch.square,
    "abs": torch.abs,
    "frac": torch.frac,
    "cubic": lambda u: u**3 - u,
    "u_plus_more_sin": lambda u: u + 1.0001 * torch.sin(u),
    "gauss": lambda u: torch.exp(-(u**2)),
    "cauchy": lambda u: 1 / (1 + u**2),
    "u_over_1_plus_u2": lambda u: u / (1 + u**2),
    "u_exp_minus_u": lambda u: u * torch.exp(-u),
    "log1p_abs": lambda u: torch.log1p(u.abs()),
    "erfc": torch.erfc,
    "erfcx": torch.special.erfcx,
    "i0": torch.special.i0,
    "i0e": torch.special.i0e,
    "i1e": torch.special.i1e,
    "sinc": torch.special.sinc,
    "bessel_j0": torch.special.bessel_j0,
    "bessel_j1": torch.special.bessel_j1,
    "airy_ai": torch.special.airy_ai,
    "spherical_bessel_j0": torch.special.spherical_bessel_j0,
    "tanh_minus_half_u": lambda u: torch.tanh(u) - 0.5 * u,
    "sigmoid_derivative": lambda u: torch.sigmoid(u) * (1 - torch.sigmoid(u)),
    "relu_minus_relu": lambda u: F.relu(u) - 1.01 * F.relu(u - 1),
    "sin_squared_plus": lambda u: u + 1.2 * torch.sin(u) ** 2,
    "fmod": lambda u: torch.fmod(u, 2.0),
    "remainder": lambda u: torch.remainder(u, 1.0),
}
UNDEFINED: dict[str, Callable[[Tensor], Tensor]] = {
    "log": torch.log,
    "sqrt": torch.sqrt,
    "reciprocal": torch.reciprocal,
    "tan": torch.tan,
    "acosh": torch.acosh,
    "atanh": torch.atanh,
    "asin": torch.asin,
    "lgamma": torch.lgamma,
    "digamma": torch.digamma,
    "erfinv": torch.erfinv,
    "entr": torch.special.entr,
    "ndtri": torch.special.ndtri,
    "bessel_y0": torch.special.bessel_y0,
    "modified_bessel_k0": torch.special.modified_bessel_k0,
    "u_over_u": lambda u: u / u,
    "tanh_u_over_u": lambda u: torch.tanh(u) / u,
}
# Two points where they are defined refute psd; an unknown is as good.
FALLING_WHERE_DEFINED = {
    "reciprocal",
    "tan",
    "lgamma",
    "digamma",
    "entr",
    "bessel_y0",
    "modified_bessel_k0",
    "tanh_u_over_u",
}


def ridge(phi: Callable[[Tensor], Tensor]) -> Callable[[], nn.Module]:
    return lambda: Ridge(phi)


def untied(phi: Callable[[Tensor], Tensor]) -> Callable[[], nn.Module]:
    return lambda: Untied(phi)


for name, phi in INCREASING.items():
    why = "elementwise and nondecreasing, between W^T and W"
    examine(ridge(phi), symmetric=True, psd=True, why=why, kind="activations", name=f"ridge_{name}")
# Where chance does not see the fall.
SLOPE_AT_PI = {"W": torch.eye(4, 3), "b": torch.pi * torch.eye(4)[0].double()}
for name, phi in FALLING.items():
    found = name == "u_plus_more_sin"
    examine(
        ridge(phi),
        symmetric=True,
        psd=False,
        why="elementwise, so symmetric; decreasing somewhere",
        kind="activations",
        name=f"ridge_{name}",
        values=SLOPE_AT_PI if found else None,
        points=((-0.005, 0, 0), (0.005, 0, 0)) if found else None,
    )
for name, phi in UNDEFINED.items():
    examine(
        ridge(phi),
        symmetric=None,
        psd=False if name in FALLING_WHERE_DEFINED else None,
        why="undefined at some x",
        kind="activations",
        name=f"ridge_{name}",
        scored=False,
    )
for name, phi in (INCREASING | FALLING).items():
    why = "V^T phi(W x + b) with V of its own"
    examine(
        untied(phi), symmetric=False, psd=False, why=why, kind="activations", name=f"untied_{name}"
    )
