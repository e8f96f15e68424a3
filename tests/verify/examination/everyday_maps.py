"""A^T phi(A x) where A is a linear map in code, and code that only looks like its adjoint."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


class Heads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(2, 3, 3))
        self.log_gain = nn.Parameter(torch.zeros(2, 1))

    def forward(self, x: Tensor) -> Tensor:
        z = self.log_gain.exp() * torch.sigmoid(torch.einsum("bn,hmn->bhm", x, self.W))
        return torch.einsum(self.back(), z, self.W)

    def back(self) -> str:
        raise NotImplementedError


@examined(symmetric=True, psd=True, why="einsum over heads and neurons")
class HeadsTied(Heads):
    def back(self) -> str:
        return "bhm,hmn->bn"


@examined(symmetric=False, psd=False, why="the axes of each head are exchanged")
class HeadsExchanged(Heads):
    def back(self) -> str:
        return "bhm,hnm->bn"


class Sylvester(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(3, 2))
        self.B = nn.Parameter(torch.randn(2, 2))


@examined(dim=4, symmetric=True, psd=True, why="A X B there and A^T Y B^T back")
class TwoSided(Sylvester):
    def forward(self, x: Tensor) -> Tensor:
        Y = torch.tanh(self.A @ x.reshape(-1, 2, 2) @ self.B)
        return (self.A.T @ Y @ self.B.T).reshape(-1, 4)


@examined(dim=4, symmetric=False, psd=False, why="B is not transposed on the way back")
class TwoSidedHalf(Sylvester):
    def forward(self, x: Tensor) -> Tensor:
        Y = torch.tanh(self.A @ x.reshape(-1, 2, 2) @ self.B)
        return (self.A.T @ Y @ self.B).reshape(-1, 4)


@examined(dim=4, symmetric=True, psd=True, why="a Kronecker product as W")
class Kronecker(Sylvester):
    def forward(self, x: Tensor) -> Tensor:
        W = torch.kron(self.A, self.B)
        return F.elu(x @ W.T) @ W


class Graph(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("src", torch.tensor([0, 0, 1, 2, 3]))
        self.register_buffer("dst", torch.tensor([1, 2, 2, 3, 0]))
        self.raw = nn.Parameter(torch.randn(5))
        self.src: Tensor
        self.dst: Tensor

    def message(self, d: Tensor) -> Tensor:
        return F.softplus(self.raw) * torch.tanh(d)

    def forward(self, x: Tensor) -> Tensor:
        m = self.message(x[:, self.src] - x[:, self.dst])
        out = torch.zeros_like(x).index_add(1, self.src, m)
        return out.index_add(1, self.dst, -m)


@examined(dim=4, symmetric=True, psd=True, why="a nonlinear Laplacian, positive edge weights")
def graph_diffusion() -> nn.Module:
    return Graph()


@examined(dim=4, symmetric=True, psd=False, why="coupled oscillators: sin falls")
class Kuramoto(Graph):
    def message(self, d: Tensor) -> Tensor:
        return F.softplus(self.raw) * torch.sin(d)


@examined(dim=4, symmetric=False, psd=False, why="messages arrive at one end only")
class OneWay(Graph):
    def forward(self, x: Tensor) -> Tensor:
        m = self.message(x[:, self.src] - x[:, self.dst])
        return torch.zeros_like(x).index_add(1, self.src, m)


@examined(dim=4, symmetric=True, psd=True, why="a fixed cosine basis, each band shrunk")
class CosineShrinkage(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        k = torch.arange(4.0)
        basis = torch.cos(math.pi / 4 * (k[None] + 0.5) * k[:, None])
        self.register_buffer("basis", basis / basis.norm(dim=1, keepdim=True))
        self.raw = nn.Parameter(torch.zeros(4))
        self.basis: Tensor

    def forward(self, x: Tensor) -> Tensor:
        c = x @ self.basis.T
        t = F.softplus(self.raw)
        return (c - torch.clamp(c, -t, t)) @ self.basis


@examined(
    dim=4, symmetric=True, psd=True, why="circular convolution by fft, conjugate on the way back"
)
class Fourier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(4))

    def forward(self, x: Tensor) -> Tensor:
        k = torch.fft.fft(self.kernel)
        z = torch.tanh(torch.fft.ifft(k * torch.fft.fft(x)).real)
        return torch.fft.ifft(k.conj() * torch.fft.fft(z)).real


class Square(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 4))
        self.v = nn.Parameter(torch.randn(4))


@examined(dim=4, symmetric=True, psd=True, why="a lower triangle on both sides")
class Triangle(Square):
    def forward(self, x: Tensor) -> Tensor:
        L = torch.tril(self.W)
        return F.selu(x @ L.mT) @ L


@examined(dim=4, symmetric=False, psd=False, why="the lower triangle there, all of W back")
class TriangleOnce(Square):
    def forward(self, x: Tensor) -> Tensor:
        return F.selu(x @ torch.tril(self.W).mT) @ self.W


@examined(dim=4, symmetric=True, psd=True, why="W W^T on both sides")
class GramOnBothSides(Square):
    def forward(self, x: Tensor) -> Tensor:
        G = self.W @ self.W.T
        return torch.sinh(x @ G) @ G


@examined(dim=4, symmetric=True, psd=True, why="a Toeplitz matrix by indices")
class Toeplitz(Square):
    def forward(self, x: Tensor) -> Tensor:
        i = torch.arange(4)
        T = self.v[(i[:, None] - i[None, :]).abs()] + self.W[0][(i[:, None] - i) % 4]
        return torch.sigmoid(x @ T.T).matmul(T)


@examined(dim=4, symmetric=True, psd=True, why="a reflection on both sides; v = 0 is outside")
class Reflection(Square):
    def reflect(self, x: Tensor) -> Tensor:
        v = self.v / self.v.norm()
        return x - 2 * (x @ v).unsqueeze(-1) * v

    def forward(self, x: Tensor) -> Tensor:
        return self.reflect(F.relu(self.reflect(x)))


@examined(dim=4, symmetric=True, psd=True, why="weighted running sums and their adjoint")
class WeightedSums(Square):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.tanh(torch.cumsum(self.v * x, dim=-1))
        return self.v * z.flip(-1).cumsum(-1).flip(-1)


@examined(dim=4, symmetric=False, psd=False, why="the weights inside only")
class WeightedSumsOnce(Square):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.tanh(torch.cumsum(self.v * x, dim=-1))
        return z.flip(-1).cumsum(-1).flip(-1)


@examined(dim=4, symmetric=True, psd=True, why="second differences are self-adjoint")
class SecondDifferences(Square):
    def second(self, x: Tensor) -> Tensor:
        y = F.pad(x, (1, 1))
        return y[:, 2:] - 2 * y[:, 1:-1] + y[:, :-2]

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.v.abs() * torch.asinh(self.second(x)))


@examined(dim=4, symmetric=True, psd=True, why="nearest upsampling, and twice the average back")
class Upsampled(Square):
    def forward(self, x: Tensor) -> Tensor:
        y = F.interpolate(x[:, None], scale_factor=2, mode="nearest")
        y = F.softplus(y + self.v.repeat(2))
        return 2 * F.avg_pool1d(y, 2).squeeze(1)


@examined(
    dim=4, symmetric=False, psd=False, why="linear upsampling is not the adjoint of averaging"
)
class UpsampledLinearly(Square):
    def forward(self, x: Tensor) -> Tensor:
        y = F.interpolate(x[:, None], scale_factor=2, mode="linear", align_corners=True)
        return 2 * F.avg_pool1d(F.softplus(y), 2).squeeze(1)


@examined(dim=4, symmetric=True, psd=True, why="entries seen twice are summed twice")
class Gathered(Square):
    def forward(self, x: Tensor) -> Tensor:
        index = torch.tensor([0, 0, 1, 3])
        z = torch.tanh(x[:, index] * self.v) * self.v
        return torch.zeros_like(x).index_add(1, index, z)


@examined(dim=4, symmetric=False, psd=False, why="x^T A_k x by Bilinear")
def bilinear() -> nn.Module:
    class Form(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.form = nn.Bilinear(4, 4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.form(x, x)

    return Form()


@examined(dim=3, symmetric=True, psd=True, why="rotations, and the transposed ones in reverse")
class Givens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.angles = nn.Parameter(torch.randn(2))

    def turn(self, x: Tensor, k: int, back: bool) -> Tensor:
        c, s = torch.cos(self.angles[k]), torch.sin(self.angles[k])
        s = -s if back else s
        a, b = x[:, k], x[:, k + 1]
        parts = list(x.unbind(-1))
        parts[k], parts[k + 1] = c * a - s * b, s * a + c * b
        return torch.stack(parts, dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.turn(self.turn(x, 0, False), 1, False)
        return self.turn(self.turn(F.relu6(y), 1, True), 0, True)


@examined(dim=3, symmetric=False, psd=False, why="the rotations back in the wrong order")
class GivensWrongOrder(Givens):
    def forward(self, x: Tensor) -> Tensor:
        y = self.turn(self.turn(x, 0, False), 1, False)
        return self.turn(self.turn(F.relu6(y), 0, True), 1, True)
