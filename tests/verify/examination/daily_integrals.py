"""Integrals over a parameter, by rules with fixed nodes."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Rule(nn.Module):
    """sum_k w_k W^T sigma(W x + t_k a + b), t_k and w_k the nodes and weights of a rule."""

    nodes = (0.0, 0.5, 1.0)
    weights = (1 / 6, 4 / 6, 1 / 6)

    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Linear(3, 4)
        self.a = nn.Parameter(torch.randn(4))
        self.register_buffer("t", torch.tensor(self.nodes))
        self.register_buffer("w", torch.tensor(self.weights))
        self.t: Tensor
        self.w: Tensor

    def slope(self, z: Tensor) -> Tensor:
        return torch.tanh(z)

    def forward(self, x: Tensor) -> Tensor:
        z = self.W(x)[:, None, :] + self.t[:, None] * self.a
        return torch.einsum("k,bkm,mi->bi", self.w, self.slope(z), self.W.weight)


@convex("the rule of Simpson has positive weights")
class Simpson(Rule):
    pass


@gradient_only(
    "a rule of Newton and Cotes with a negative weight",
    values={"W.weight": 1.0, "W.bias": 0.0, "a": 40.0},
    points=[[-21.0, 0.0, 0.0], [-19.0, 0.0, 0.0]],
)
class MilneRule(Rule):
    nodes = (0.25, 0.5, 0.75)
    weights = (2 / 3, -1 / 3, 2 / 3)


@convex("torch.trapezoid over a grid that rises")
class Trapezoid(Rule):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.linspace(0, 2, 9, dtype=x.dtype)
        z = self.W(x).unsqueeze(-1) + self.a.unsqueeze(-1) * t
        return torch.trapezoid(torch.sigmoid(z), t, dim=-1) @ self.W.weight


@convex("a loop over temperatures from 0.5 to 2")
class OverTemperatures(Rule):
    def forward(self, x: Tensor) -> Tensor:
        out = torch.zeros_like(x)
        for k in range(4):
            beta = 0.5 + 0.5 * k
            out = out + 0.25 * F.softmax(beta * self.W(x), dim=-1) @ self.W.weight
        return out


@gradient_only("a loop over temperatures from -2 to 1")
class OverSignedTemperatures(Rule):
    def forward(self, x: Tensor) -> Tensor:
        z = self.W(x)
        terms = [F.softmax(beta * z, dim=-1) for beta in (-2.0, -1.0, 0.0, 1.0)]
        return torch.stack(terms).mean(dim=0) @ self.W.weight


@convex("a learned length of the interval, by softplus")
class LearnedLength(Rule):
    def __init__(self) -> None:
        super().__init__()
        self.length = nn.Parameter(torch.tensor(0.0))

    def top(self) -> Tensor:
        return F.softplus(self.length)

    def forward(self, x: Tensor) -> Tensor:
        z, top = self.W(x), self.top()
        values = [w * torch.erf(z + top * t * self.a) for t, w in zip(self.t, self.w, strict=True)]
        return top * sum(values) @ self.W.weight


@gradient_only("the interval may run backwards", values={"length": -1.0})
class SignedLength(LearnedLength):
    def top(self) -> Tensor:
        return self.length


@gradient_only(
    "z sigma'(t z) falls to 0 for every node t > 0",
    values={"W.weight": 1.0, "W.bias": 0.0},
    points=[[2.0, 0.0, 0.0], [9.0, 0.0, 0.0]],
)
class MidpointOfJacobians(Rule):
    """The integral of J(t x) x over t, J = W^T diag(sigma'(W t x)) W, by four midpoints."""

    def forward(self, x: Tensor) -> Tensor:
        out = torch.zeros_like(x)
        y = x @ self.W.weight.T
        for k in range(4):
            t = (k + 0.5) / 4
            out = out + 0.25 * (y / torch.cosh(t * y).square()) @ self.W.weight
        return out


@no_gradient("the inner layer is dense, its Jacobian no Gram matrix")
class JacobiansOfPerceptron(MidpointOfJacobians):
    def __init__(self) -> None:
        super().__init__()
        self.V = nn.Parameter(torch.randn(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        out = torch.zeros_like(x)
        y = x @ self.W.weight.T
        for t in (0.25, 0.75):
            out = out + 0.5 * (y * torch.sigmoid(t * y @ self.V)) @ self.W.weight
        return out


class Angles(nn.Module):
    """Ridges along the directions of half a circle, one profile for all."""

    def __init__(self) -> None:
        super().__init__()
        theta = torch.arange(6) * (math.pi / 6)
        self.register_buffer("u", torch.stack([theta.cos(), theta.sin()], dim=1))
        self.u: Tensor
        self.heights = nn.Parameter(torch.randn(3))
        self.register_buffer("knots", torch.tensor([-1.0, 0.0, 1.0]))
        self.knots: Tensor

    def back(self) -> Tensor:
        return self.u

    def profile(self, s: Tensor) -> Tensor:
        return (F.softplus(self.heights) * torch.tanh(s.unsqueeze(-1) - self.knots)).sum(-1)

    def forward(self, x: Tensor) -> Tensor:
        return self.profile(x @ self.u.T) @ self.back() * (math.pi / 6)


@convex("positive heights along six directions", dim=2)
class RadonSynthesis(Angles):
    pass


@no_gradient("a quarter turn on the way back", dim=2)
class RadonTurned(Angles):
    def back(self) -> Tensor:
        return torch.stack([-self.u[:, 1], self.u[:, 0]], dim=1)


@convex("smoothed by five fixed shifts of x")
class SmoothedByShifts(Rule):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("xi", torch.randn(5, 3))
        self.xi: Tensor

    def forward(self, x: Tensor) -> Tensor:
        y = x.unsqueeze(1) + 0.1 * self.xi
        return (F.relu(self.W(y)) @ self.W.weight).mean(dim=1)


@no_verdict("smoothed by shifts that are drawn anew")
class SmoothedByNoise(Rule):
    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.W(x + 0.1 * torch.randn_like(x))) @ self.W.weight


@no_gradient("two steps of Euler along a gradient field")
class EulerSteps(Rule):
    def forward(self, x: Tensor) -> Tensor:
        for _ in range(2):
            x = x - 0.1 * self.W(x).tanh() @ self.W.weight
        return x
