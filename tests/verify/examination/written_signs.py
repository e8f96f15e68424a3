"""A gain made of parameters, before a monotone field: never negative, or negative somewhere."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine

KIND = "written_signs"


class Gain(nn.Module):
    """gain(p, q) times W^T tanh(W x)."""

    def __init__(self, gain: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(2, 3))
        self.p = nn.Parameter(torch.randn(2))
        self.q = nn.Parameter(torch.randn(2))
        self.gain = gain

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(x @ self.W.T) * self.gain(self.p, self.q)
        return y @ self.W


def never_negative(name: str, gain: Callable[[Tensor, Tensor], Tensor], why: str) -> None:
    examine(lambda: Gain(gain), symmetric=True, psd=True, why=why, kind=KIND, name=name)


def negative(
    name: str,
    gain: Callable[[Tensor, Tensor], Tensor],
    why: str,
    p: object,
    q: object = 0.0,
    unseen: str = "",
) -> None:
    examine(
        lambda: Gain(gain),
        symmetric=True,
        psd=False,
        why=why,
        kind=KIND,
        name=name,
        values={"p": p, "q": q, "W": [[1.0, 0, 0], [0, 1.0, 0]]},
        points=[[0.3, 0.2, 0], [-0.2, -0.3, 0]],
        unseen=unseen,
    )


never_negative("sign-plus-one", lambda p, q: p.sign() + 1, "0, 1 or 2")
negative("sign-plus-less", lambda p, q: p.sign() + 0.999, "-0.001 where p < 0", -1.0)
never_negative("quotient", lambda p, q: p / p, "1 wherever it is defined")
negative("quotient-of-modulus", lambda p, q: p / p.abs(), "-1 where p < 0", -2.0)
never_negative("hardtanh", lambda p, q: F.hardtanh(p, 0.0, 1.0), "within 0 and 1")
negative("hardtanh-leak", lambda p, q: F.hardtanh(p, -1e-3, 1.0), "down to -0.001", -1.0)
never_negative("silu", lambda p, q: F.silu(p) + 0.2785, "the least value of silu is -0.27846")
negative("silu-low", lambda p, q: F.silu(p) + 0.278, "-0.27846 + 0.278", -1.2785)
negative("gelu", lambda p, q: F.gelu(p), "gelu is negative for p < 0", -0.5)
never_negative("acos-of-cos", lambda p, q: torch.acos(torch.cos(p)), "acos is never negative")
negative("asin-of-sin", lambda p, q: torch.asin(torch.sin(p)), "-1 at -1", -1.0)
never_negative("atan-lifted", lambda p, q: p.atan() + 1.5707963267948968, "more than pi / 2")
negative(
    "atan-lifted-by-pi-half",
    lambda p, q: p.atan() + math.pi / 2,
    "the double below pi / 2: negative for p < -2e16",
    -1e20,
    unseen="of size 1e-17",
)
never_negative("erf", lambda p, q: torch.erf(p) + 1, "erf > -1")
never_negative("erfc", lambda p, q: torch.special.erfcx(p) * torch.erfc(q), "both positive")
never_negative("e-line", lambda p, q: p.exp() - math.e * p, "the double e is below e")
negative("e-line-more", lambda p, q: p.exp() - 2.7183 * p, "2.7183 is above e", 1.0000066)
never_negative("quartic", lambda p, q: p**4 - 2 * p**2 + 1, "(p^2 - 1)^2")
negative("quartic-low", lambda p, q: p**4 - 2 * p**2 + 0.999, "-0.001 at 1", 1.0)
never_negative("binomial", lambda p, q: p * p - 2 * p * q + q * q, "(p - q)^2")
negative("binomial-more", lambda p, q: p**2 - 2.001 * p * q + q**2, "-0.001 at 1, 1", 1.0, 1.0)
never_negative("trinomial", lambda p, q: p**2 + p * q + q**2, "a definite form")
never_negative(
    "means", lambda p, q: p.exp() + q.exp() - 2 * ((p + q) / 2).exp(), "(e^(p/2) - e^(q/2))^2"
)
never_negative(
    "cauchy-schwarz",
    lambda p, q: p.dot(p) * q.dot(q) - p.dot(q) ** 2,
    "the Gram determinant of two vectors",
)
never_negative(
    "cauchy-schwarz-norms", lambda p, q: p.norm() * q.norm() - torch.dot(p, q), "Cauchy-Schwarz"
)
negative(
    "norms-less-dot",
    lambda p, q: p.norm() * q.norm() - 1.5 * torch.dot(p, q),
    "one and a half times the product",
    1.0,
    1.0,
)
never_negative("log-cosh", lambda p, q: torch.log(torch.cosh(p)), "cosh >= 1")
never_negative("below-modulus", lambda p, q: p.abs() - p.cosh().log(), "log cosh p <= |p|")
never_negative("softplus-rest", lambda p, q: F.softplus(p) - F.relu(p), "softplus > relu")
never_negative("softplus-line", lambda p, q: F.softplus(p) - p, "softplus(-p)")
negative("softplus-half", lambda p, q: F.softplus(p) - p - 0.01, "small for large p", 6.0)
never_negative("odd-times-odd", lambda p, q: p * torch.atan(p) + q * q.tanh(), "of one sign")
negative("odd-times-other", lambda p, q: p * torch.atan(q), "of two signs", 1.0, -1.0)
never_negative("variance", lambda p, q: (p**2).mean() - p.mean() ** 2, "a variance")
never_negative("var", lambda p, q: torch.var(torch.cat([p, q])) + p.std(), "a variance and a root")
never_negative(
    "above-maximum", lambda p, q: torch.logsumexp(p, 0) - p.max(), "logsumexp is above the maximum"
)
negative("above-mean", lambda p, q: p.mean() - torch.logsumexp(q, 0), "any values", -1.0, 1.0)
never_negative("jensen", lambda p, q: p.exp().mean() - p.mean().exp(), "exp is convex")
never_negative("one-norm", lambda p, q: p.norm(p=1) - p.norm(p=2), "the 1-norm is the larger")
never_negative("remainder", lambda p, q: torch.remainder(p, 1.0), "within 0 and 1")
negative("fmod", lambda p, q: torch.fmod(p, 1.0), "fmod has the sign of p", -0.5)
never_negative("log1p", lambda p, q: torch.log1p(p * p), "log of at least 1")
never_negative("maximum", lambda p, q: torch.maximum(p, -p), "the modulus")
never_negative("gap", lambda p, q: torch.maximum(p, q) - torch.minimum(p, q), "in order")
never_negative("hypot", lambda p, q: torch.hypot(p, q) - q, "at least |q|")
negative("hypot-more", lambda p, q: torch.hypot(p, q) - 1.01 * q, "-0.01 at 0, 1", 0.0, 1.0)
never_negative("prelu", lambda p, q: F.relu(p) - F.relu(p - 1) + (p > 2), "within 0 and 2")
never_negative("ordered-bounds", lambda p, q: torch.clamp(q, min=p**2), "at least a square")
negative("exchanged-bounds", lambda p, q: torch.clamp(q, max=p**2), "q if it is less", 1.0, -1.0)
negative(
    "bounds-by-sum",
    lambda p, q: torch.clamp(q, min=0.0, max=float("inf")) - 1e-30,
    "relu less 1e-30",
    0.0,
    -1.0,
)
