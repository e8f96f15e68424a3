"""What is done with rounded numbers: up where it rises in them, whatever jumps below."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from verify import decide


class Rounded(nn.Module):
    def __init__(self, phi: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.W, self.phi = nn.Parameter(torch.eye(3)[:2] + 0.5), phi

    def forward(self, x: Tensor) -> Tensor:
        return self.phi(x @ self.W.T) @ self.W


RISING: dict[str, Callable[[Tensor], Tensor]] = {
    "clamped": lambda u: 0.1 * torch.clamp(torch.round(u / 0.1), -8, 7),
    "straight through": lambda u: u + (torch.round(u) - u).detach(),
    "clamped, straight through": lambda u: u + (torch.round(u).clamp(-2, 1) - u).detach(),
    "a power": lambda u: torch.relu(torch.floor(u) - 1) ** 2,
    "a product": lambda u: torch.round(u).clamp(-3, 3) * torch.exp(torch.round(u).clamp(min=0)),
    "a step": lambda u: torch.where(torch.floor(u) > 1, torch.floor(u), torch.ones_like(u)),
}
OTHERS: dict[str, Callable[[Tensor], Tensor]] = {
    "falling": lambda u: -torch.clamp(torch.round(u), -8, 7),
    "what is left": lambda u: u - torch.round(u).clamp(-8, 7),
    "a jump down": lambda u: torch.where(torch.round(u) > 2, torch.round(u) - 4, torch.round(u)),
    "a square": lambda u: torch.round(u).clamp(-2, 7) ** 2,
    "of both": lambda u: torch.floor(u).clamp(-2, 2) - 0.25 * u,
    "of two roundings": lambda u: torch.relu(torch.floor(u)) - torch.relu(torch.round(u)),
    "a pole": lambda u: -1 / (torch.round(u) + 0.5).clamp(min=0),
    "a pole at a jump": lambda u: -1 / torch.where(u > 0, u, torch.ones_like(u)),
}


@pytest.mark.parametrize("name", RISING)
def test_what_rises_in_rounded_numbers(name: str) -> None:
    assert decide(Rounded(RISING[name]), "psd", 3).status == "proved"


@pytest.mark.parametrize("name", OTHERS)
def test_what_does_not_rise(name: str) -> None:
    assert decide(Rounded(OTHERS[name]), "psd", 3).status != "proved"
