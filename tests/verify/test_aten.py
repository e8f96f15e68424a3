"""Every reading against torch: the graph in float64 and the module itself agree at points."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from verify.search.evaluate import evaluate
from verify.trusted.graph import decode, encode, validate
from verify.trusted.trace import trace

KNOTS = [-3.5, -3.0, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.5, 3.0, 6.0, 6.5]


class Map(nn.Module):
    """A function of x and of a few parameters."""

    def __init__(self, function: Callable[..., Any], dim: int = 4) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)

        def random(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        self.W = nn.Parameter(random(6, dim))
        self.A = nn.Parameter(random(dim, dim))
        self.b = nn.Parameter(random(dim))
        self.c = nn.Parameter(random(1))
        self.k = nn.Parameter(random(2, 1, 3))
        self.M = nn.Buffer(random(dim, dim))
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def agree(net: nn.Module, x: Tensor, tolerance: float = 1e-10) -> None:
    """The graph and the module have the same values, and the same domain, at points."""
    traced = trace(net, x.shape[1])
    decode(encode(traced.graph))
    validate(traced.graph, traced.spare)
    parameters = [t.detach().double().squeeze().numpy() for t in traced.tensors]
    graph = evaluate(traced.graph, traced.sizes, parameters, x.numpy())
    module = net(x).detach().numpy()
    assert not np.isnan(graph).any()
    np.testing.assert_allclose(graph, module, rtol=tolerance, atol=tolerance)


def points(dim: int = 4) -> Tensor:
    return torch.randn(5, dim, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def knots() -> Tensor:
    return torch.tensor(KNOTS, dtype=torch.float64).unsqueeze(1).expand(-1, 2).contiguous()


PLAIN = """ELU Hardshrink Hardsigmoid Hardtanh Hardswish LeakyReLU LogSigmoid ReLU ReLU6 RReLU SELU
CELU GELU Sigmoid SiLU Mish Softplus Softshrink Softsign Tanh Tanhshrink PReLU Identity"""
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    **{name: getattr(nn, name) for name in str.split(PLAIN)},
    "Threshold": lambda: nn.Threshold(0.25, -1.0),
    "GELU tanh": lambda: nn.GELU("tanh"),
    "CELU 2": lambda: nn.CELU(2.0),
    "ELU 0.5": lambda: nn.ELU(0.5),
    "Hardtanh 2": lambda: nn.Hardtanh(-0.5, 2.5),
    "LeakyReLU -2": lambda: nn.LeakyReLU(-2.0),
    "Softplus 2": lambda: nn.Softplus(2.0),
    "Softplus 5": lambda: nn.Softplus(1.0, 5.0),
    "Softshrink 1": lambda: nn.Softshrink(1.0),
    "PReLU 2": lambda: nn.PReLU(2),
    "Softmax": lambda: nn.Softmax(-1),
    "Softmin": lambda: nn.Softmin(-1),
    "LogSoftmax": lambda: nn.LogSoftmax(-1),
}


class Potential(nn.Module):
    """x -> the gradient of the sum of an activation, by autograd."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            x = x if x.requires_grad else x.detach().requires_grad_()
            return torch.autograd.grad(self.activation(x).sum(), x, create_graph=True)[0]


class Func(nn.Module):
    """The same by torch.func."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return torch.func.vmap(torch.func.grad(lambda z: self.activation(z).sum()))(x)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    agree(ACTIVATIONS[name]().double().eval(), knots())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_their_gradients(name: str) -> None:
    tolerance = 1e-7 if name == "Hardsigmoid" else 1e-9  # 1 / 6 is a float in torch's kernel
    agree(Potential(ACTIVATIONS[name]().double().eval()), knots(), tolerance)
    # torch runs vmap over these one by one, or by another formula at the knot, or not at all
    if not any(word in name for word in ("RReLU", "GELU", "Hardswish", "PReLU 2")):
        agree(Func(ACTIVATIONS[name]().double().eval()), knots(), tolerance)


ELEMENTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": torch.exp,
    "expm1": torch.expm1,
    "exp2": torch.exp2,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "tanh": torch.tanh,
    "atan": torch.atan,
    "asinh": torch.asinh,
    "abs": torch.abs,
    "sign": torch.sign,
    "sgn": torch.sgn,
    "ceil": torch.ceil,
    "floor": torch.floor,
    "round": torch.round,
    "trunc": torch.trunc,
    "frac": torch.frac,
    "square": torch.square,
    "neg": torch.neg,
    "erf": torch.erf,
    "erfc": torch.erfc,
    "sigmoid": torch.sigmoid,
    "sinc": torch.sinc,
    "logit": lambda x: torch.logit(torch.sigmoid(x)),
    "logit eps": lambda x: torch.logit(x, 0.1),
    "log": lambda x: torch.log(x.exp()),
    "log2": lambda x: torch.log2(x.exp() + 1),
    "log10": lambda x: torch.log10(x.exp() + 1),
    "log1p": lambda x: torch.log1p(x.exp()),
    "sqrt": lambda x: torch.sqrt(x.square() + 1),
    "rsqrt": lambda x: torch.rsqrt(x.square() + 1),
    "asin": lambda x: torch.asin(x.tanh()),
    "acos": lambda x: torch.acos(x.tanh()),
    "atanh": lambda x: torch.atanh(x.tanh() / 2),
    "acosh": lambda x: torch.acosh(x.exp() + 1),
    "lgamma": lambda x: torch.lgamma(x.exp()),
    "digamma": lambda x: torch.digamma(x.exp()),
    "erfinv": lambda x: torch.erfinv(x.tanh() / 2),
    "reciprocal": lambda x: torch.reciprocal(x.exp()),
    "pow": lambda x: (
        x**3 + x.exp() ** 0.5 + x.exp() ** -0.5 + x.exp() ** 1.5 + x.exp() ** -2 + x**0
    ),
    "scalar pow": lambda x: 3.0**x,
    "tensor pow": lambda x: torch.pow(x.exp(), x),
    "xlogy": lambda x: torch.xlogy(torch.relu(x), x.exp()),
    "xlog1py": lambda x: torch.special.xlog1py(x, x.exp()),
    "entr": lambda x: torch.special.entr(x.exp() - x.exp()) + torch.special.entr(x.exp()),
    "ndtr": torch.special.ndtr,
    "log_ndtr": torch.special.log_ndtr,
    "expit": torch.special.expit,
    "ndtri": lambda x: torch.special.ndtri(x.sigmoid()),
    "i0": torch.special.i0,
    "i0e": torch.special.i0e,
    "i1": torch.special.i1,
    "i1e": torch.special.i1e,
    "erfcx": torch.special.erfcx,
    "airy_ai": torch.special.airy_ai,
    "bessel_j0": torch.special.bessel_j0,
    "bessel_j1": torch.special.bessel_j1,
    "bessel_y0": lambda x: torch.special.bessel_y0(x.exp()),
    "bessel_y1": lambda x: torch.special.bessel_y1(x.exp()),
    "modified_bessel_i0": torch.special.modified_bessel_i0,
    "modified_bessel_i1": torch.special.modified_bessel_i1,
    "modified_bessel_k0": lambda x: torch.special.modified_bessel_k0(x.exp()),
    "modified_bessel_k1": lambda x: torch.special.modified_bessel_k1(x.exp()),
    "scaled_k0": lambda x: torch.special.scaled_modified_bessel_k0(x.exp()),
    "scaled_k1": lambda x: torch.special.scaled_modified_bessel_k1(x.exp()),
    "spherical_bessel_j0": lambda x: torch.special.spherical_bessel_j0(x + 7),
    "hypot": lambda x: torch.hypot(x, x + 1),
    "logaddexp": lambda x: torch.logaddexp(x, -x),
    "logaddexp2": lambda x: torch.logaddexp2(x, -x),
    "maximum": lambda x: torch.maximum(x, 1 - x),
    "minimum": lambda x: torch.minimum(x, x * x),
    "fmax": lambda x: torch.fmax(x, -x),
    "clamp": lambda x: x.clamp(-1, 2) + x.clamp(min=0) - x.clamp(max=0.5) + x.clamp(2, 1),
    "clamp by tensors": lambda x: torch.clamp(x, min=-x.abs() / 2, max=x.abs() / 3),
    "lerp": lambda x: torch.lerp(x, x * x, 0.3) + torch.lerp(x, -x, x),
    "addcmul": lambda x: torch.addcmul(x, x, x, value=0.5),
    "addcdiv": lambda x: torch.addcdiv(x, x, x.exp(), value=-2),
    "where": lambda x: torch.where(x > 0, x, -2 * x) + torch.where(x.bool(), 1.0, x),
    "comparisons": lambda x: (
        (x > 0.5) * x + (x >= 0.5) * 2 + (x < 1) * 4 + (x <= 1) * 8 + (x == 1) * 16.0 + (x != 1) * x
    ),
    "logic": lambda x: (
        (((x > 0) & ~(x > 1)) | (x < -1)) * x + torch.logical_xor(x > 0, x > 1) * 2.0
    ),
    "masked_fill": lambda x: x.masked_fill(x > 1, -3.0),
    "in place": lambda x: x.clone().mul_(2).add_(1).tanh_().clamp_(min=0),
    "heaviside": lambda x: torch.heaviside(x, torch.tensor(0.5, dtype=x.dtype)),
    "remainder": lambda x: torch.remainder(x, 1.5) + x % -0.7,
    "fmod": lambda x: torch.fmod(x, 1.5),
    "floor division": lambda x: x // 0.75 + torch.div(x, 0.75, rounding_mode="trunc"),
    "long": lambda x: x.long() * 1.0 + x.int() / 2 + x.bool(),
    "softplus": lambda x: F.softplus(x, 2.0, 3.0),
    "nan_to_num": torch.nan_to_num,
    "isfinite": lambda x: torch.isfinite(x) * x + torch.isnan(x) + torch.isinf(x),
    "rsub": lambda x: 1 - x + torch.rsub(x, 2, alpha=3) + torch.sub(x, x * x, alpha=0.5),
    "huber": lambda x: F.huber_loss(x, torch.zeros_like(x), reduction="none", delta=0.5),
    "smooth l1": lambda x: F.smooth_l1_loss(x, torch.zeros_like(x), reduction="none", beta=0.5),
    "mse": lambda x: F.mse_loss(x, x * x, reduction="none"),
}


@pytest.mark.filterwarnings("ignore:__floordiv__")
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name: str) -> None:
    agree(Map(lambda m, x: ELEMENTWISE[name](x), 2), knots(), 1e-8)


GROUPS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "sum": lambda m, x: x + x.sum(-1, keepdim=True) + x.sum(1)[:, None],
    "mean": lambda m, x: x - x.mean(-1, keepdim=True) * x.mean(1)[:, None],
    "var": lambda m, x: (
        x * x.var(-1, keepdim=True)
        + x.std(1, unbiased=False)[:, None]
        + x.var(1, correction=0)[:, None]
    ),
    "var_mean": lambda m, x: (
        x * torch.var_mean(x, -1, keepdim=True)[0] + torch.std_mean(x, 1)[1][:, None]
    ),
    "amax": lambda m, x: x * x.amax(-1, keepdim=True) - x.amin(1)[:, None],
    "max": lambda m, x: (
        x * x.max(-1, keepdim=True)[0] - x.min(1).values[:, None] + m.A.max() + m.A.min()
    ),
    "aminmax": lambda m, x: x * torch.aminmax(x, dim=1, keepdim=True).max,
    "norms": lambda m, x: (
        x
        * (
            x.norm(dim=-1, keepdim=True)
            + x.norm(1, -1, True)
            + x.norm(3, -1, True)
            + torch.linalg.vector_norm(x, float("inf"), -1, True)
        )
    ),
    "normalize": lambda m, x: F.normalize(x, dim=-1) + F.normalize(x, p=1, dim=1),
    "softmax": lambda m, x: torch.softmax(x @ m.A / 2, -1) + F.softmin(x, 1) + F.log_softmax(x, 1),
    "softmax as written": lambda m, x: (
        (x - x.amax(1, keepdim=True)).exp() / (x - x.amax(1, keepdim=True)).exp().sum(1, True)
    ),
    "logsumexp": lambda m, x: (
        x * torch.logsumexp(x, -1, keepdim=True) + torch.logsumexp(x, 1)[:, None]
    ),
    "logcumsumexp": lambda m, x: torch.logcumsumexp(x, 1),
    "cumsum": lambda m, x: torch.cumsum(x, 1) + torch.cumsum(m.b, 0),
    "cumprod": lambda m, x: torch.cumprod(x, 1),
    "cummax": lambda m, x: torch.cummax(x, 1)[0] - torch.cummin(x, 1).values,
    "prod": lambda m, x: x * x.prod(-1, keepdim=True) + m.b.prod(),
    "sort": lambda m, x: (
        torch.sort(x, -1).values
        - torch.sort(x, descending=True)[0] * 2
        + x.sort(stable=True, dim=1)[0]
    ),
    "topk": lambda m, x: x * x.topk(2, -1)[0][:, 1:] + x.topk(3, largest=False)[0][:, :1],
    "median": lambda m, x: (
        x * x.median(-1, keepdim=True)[0] + x.kthvalue(2, 1)[0][:, None] + m.b.median()
    ),
    "layer_norm": lambda m, x: F.layer_norm(x, (4,)) + F.layer_norm(x, (4,), m.b, m.b),
    "rms_norm": lambda m, x: F.rms_norm(x, (4,)) + F.rms_norm(x, (4,), m.b, 0.1),
    "group_norm": lambda m, x: F.group_norm(x, 2) + F.group_norm(x, 1, m.b, m.b),
    "instance_norm": lambda m, x: F.instance_norm(x[:, None])[:, 0],
    "local_response_norm": lambda m, x: F.local_response_norm(x[:, :, None], 2)[:, :, 0],
    "glu": lambda m, x: F.glu(torch.cat([x, x @ m.A], -1)),
    "cosine_similarity": lambda m, x: x * F.cosine_similarity(x, x @ m.A, dim=-1)[:, None],
    "any": lambda m, x: x * (x > 0).any(-1, keepdim=True) + (x < 1).all(1)[:, None],
    "count": lambda m, x: x * (x > 0).sum(-1, keepdim=True),
    "cdist": lambda m, x: x * torch.cdist(x[:, None], m.A).sum(-1) + torch.cdist(x, m.A),
    "dist": lambda m, x: x * (x[:, None] - m.W).norm(dim=-1).exp().sum(-1, keepdim=True),
    "attention": lambda m, x: F.scaled_dot_product_attention(
        x.view(-1, 1, 2, 2), x.view(-1, 1, 2, 2), x.view(-1, 1, 2, 2)
    ).flatten(1),
    "gumbel like": lambda m, x: torch.softmax((x + m.b) / F.softplus(m.c), dim=-1),
}
