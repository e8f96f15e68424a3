"""Gains of parameters, thresholds of any sign, gains inside and outside, solves; near misses."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

import verify

from .pool import Map


def gain(g: object) -> nn.Module:
    """A gain of parameters times W^T tanh(W x)."""
    return Map(lambda x, W, p, q: (torch.tanh(x @ W.T) * g(p, q)) @ W, W=(2, 3), p=(2,), q=(2,))  # type: ignore[operator]


def entrywise(phi: object) -> nn.Module:
    """s phi(s x) for a gain of any sign."""
    return Map(lambda x, s, t: s * phi(s * x, t), s=(3,), t=())  # type: ignore[operator]


def matrix(f: object) -> nn.Module:
    return Map(lambda x, A, p, d: f(x, A, p, d), A=(3, 3), p=(), d=(3,))  # type: ignore[operator]


def solved(a: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return torch.linalg.solve(a, x.T).T


def eye(x: torch.Tensor) -> torch.Tensor:
    return torch.eye(3, dtype=x.dtype)


C = torch.tensor([[2.0, 1, 0], [1, 2, 1], [0, 1, 2]])
TRUE = {
    "atan": gain(lambda p, q: p.atan() + 1.5707963267948968),
    "log cosh": gain(lambda p, q: torch.log(torch.cosh(p))),
    "log-sum-exp less its maximum": gain(lambda p, q: torch.logsumexp(p, 0) - p.max()),
    "above the least": gain(lambda p, q: p - p.min()),
    "the span": gain(lambda p, q: p.max() - p.min()),
    "remainder": gain(lambda p, q: torch.remainder(p, 0.3)),
    "running product": gain(lambda p, q: torch.cumprod(torch.sigmoid(p), 0)),
    "two odd functions": gain(lambda p, q: p.sinh() * p.tanh() + p * (p.exp() - 1)),
    "softshrink of any sign": entrywise(lambda u, t: u.sign() * torch.relu(u.abs() - t)),
    "trunc": entrywise(lambda u, t: u - torch.fmod(u, 1.0)),
    "cube root": entrywise(lambda u, t: u.sign() * u.abs().pow(1 / 3)),
    "slopes in order": entrywise(lambda u, t: 3 * torch.tanh(u) - torch.tanh(3 * u)),
    "least squares": matrix(lambda x, A, p, d: p.exp() * solved(A.T @ A + p.exp() * eye(x), x)),
    "both sides": matrix(lambda x, A, p, d: d * solved(A.T @ A + eye(x), d * x)),
    "Neumann": matrix(lambda x, A, p, d: x - x @ (A + A.T) + x @ (A + A.T) @ (A + A.T)),
    "constant": matrix(lambda x, A, p, d: solved(C.to(x), x) + torch.tanh(x + d)),
    "beside tanh": matrix(lambda x, A, p, d: solved(A.T @ A + eye(x), x) + torch.tanh(x + d)),
}
FALSE = {
    "atan below": gain(lambda p, q: p.atan() + math.pi / 2),
    "log cosh and less": gain(lambda p, q: torch.log(torch.cosh(p)) - 1e-12),
    "log-sum-exp of others": gain(lambda p, q: torch.logsumexp(q, 0) - p.max()),
    "maximum less log-sum-exp": gain(lambda p, q: p.max() - torch.logsumexp(p, 0)),
    "above the least of others": gain(lambda p, q: p - q.min()),
    "above the greatest": gain(lambda p, q: p - p.max()),
    "fmod": gain(lambda p, q: torch.fmod(p, 0.3)),
    "floor, and less": gain(lambda p, q: p - p.floor() - 1e-12),
    "running product of any": gain(lambda p, q: torch.cumprod(p, 0)),
    "odd functions of two": gain(lambda p, q: p.sinh() * q.tanh()),
    "odd and even": gain(lambda p, q: p.sinh() * p.cos().tanh()),
    "odd, and a line": gain(lambda p, q: p * (p.exp() - 1) + 1e-12 * p),
    "hardshrink of any sign": entrywise(lambda u, t: u.sign() * (u.abs() - t)),
    "steps up, then down": entrywise(lambda u, t: u.sign() * torch.relu(1 - u.abs() * t)),
    "another gain outside": Map(lambda x, s, t: t * torch.floor(s * x), s=(3,), t=(3,)),
    "slopes out of order": entrywise(lambda u, t: 3 * torch.tanh(u) - 1.001 * torch.tanh(3 * u)),
    "an inverse of a negative": matrix(lambda x, A, p, d: p * solved(A.T @ A + eye(x), x)),
    "a diagonal of other sign": matrix(lambda x, A, p, d: d * solved(A.T @ A + eye(x), -d * x)),
    "1 - t + t^2 / 5": matrix(lambda x, A, p, d: x - x @ (A + A.T) + x @ (A + A.T) @ (A + A.T) / 5),
    "a constant not definite": matrix(lambda x, A, p, d: solved(C.to(x) - 1.0 * eye(x), x)),
}


@pytest.mark.parametrize("name", TRUE)
def test_what_is_true_is_proved(name: str) -> None:
    assert verify.decide(TRUE[name], "psd", 3).status == "proved"


@pytest.mark.parametrize("name", FALSE)
def test_what_is_false_is_not_proved(name: str) -> None:
    assert verify.decide(FALSE[name], "psd", 3).status != "proved"


def test_kinks_at_a_knot() -> None:
    f = Map(lambda x, b: torch.sign(x) * functional.relu(x.abs() - b[:3] ** 2), b=(4,))
    assert verify.decide(f, "psd", 3).status == "proved"
