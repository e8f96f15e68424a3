import pytest
import torch

from gradnets import GradNet, mGradNet


def test_equation_7() -> None:
    net = mGradNet(2, 3, "sigmoid").double()
    x = torch.rand(4, 2, dtype=torch.float64)
    W, b, a = net.W, net.b.flatten(), net.a.flatten()
    torch.testing.assert_close(net(x), torch.sigmoid(x @ W.T + b) @ W + a)


def test_default_gradnet_can_decrease() -> None:
    net = GradNet(1, 1).double()
    with torch.no_grad():
        net.W.fill_(1)
        net.b.zero_()
        net.sigma.load_state_dict({"a": torch.tensor([[-1.0]]), "b": torch.tensor([[1.0]])})
    y = net(torch.tensor([[0.0], [1.0]], dtype=torch.float64))
    assert y[1] < y[0]


@pytest.mark.parametrize("cls", [GradNet, mGradNet])
@pytest.mark.parametrize(
    ("dim", "width", "name"), [(0, 3, "dim"), (2, 0, "width"), (2, 1.5, "width")]
)
def test_sizes_below_one(cls: type[GradNet], dim: int, width: int, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}: expected an integer of at least 1, got"):
        cls(dim, width)
