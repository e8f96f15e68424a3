"""CRR and RR trained by the protocol of Tables 1 and 2, and by the rule of Goujon et al.

python benchmarks/ridge_rule.py [--seeds 10] [--epochs 40]

The protocol: Adam at 0.005, mean squared error. The rule: two rates, falling by 0.75 after every
tenth of the training, mean absolute error, splines that start at 0 or, as ours, at the identity.
Each network ends with its best validation weights; the error is that on the 100 x 100 grid.
"""

import argparse
import copy

import torch
from tabulate import tabulate
from torch.nn.functional import l1_loss, mse_loss
from torch.optim import Adam
from torch.optim.lr_scheduler import StepLR

from gradnets import fields
from gradnets.baselines import CRR, RR
from gradnets.baselines.crr import training_rates
from gradnets.fields import Field

POINTS, BATCH = 20_000, 250
Ridge = CRR | RR
RULES = ("protocol of the tables", "Goujon et al.", "Goujon et al., from the identity")


def trained(net: Ridge, field: Field, epochs: int, rule: str) -> Ridge:
    """Return the network with its best validation weights."""
    steps = POINTS // BATCH
    if rule == RULES[0]:
        optimiser, loss = Adam(net.parameters(), lr=0.005), mse_loss
    else:
        optimiser, loss = Adam(training_rates(net)), l1_loss
    schedule = StepLR(optimiser, max(1, epochs * steps // 10), 1 if rule == RULES[0] else 0.75)
    x, x_val = torch.rand(POINTS, 2), torch.rand(2000, 2)
    y, y_val = field.gradient(x), field.gradient(x_val)
    least, best = torch.inf, copy.deepcopy(net)
    for _ in range(epochs):
        for i in torch.randperm(POINTS).split(BATCH):
            optimiser.zero_grad()
            loss(net(x[i]), y[i]).backward()
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            validation = mse_loss(net(x_val), y_val).item()
        if validation < least:
            least, best = validation, copy.deepcopy(net)
    return best


@torch.no_grad()
def decibels(net: Ridge, field: Field) -> float:
    """Return 10 log10 of the mean squared error norm on the grid."""
    x = fields.unit_grid(100)
    return 10 * (net(x) - field.gradient(x)).square().sum(-1).mean().log10().item()


def errors(make: type[Ridge], field: Field, rule: str, seeds: int, epochs: int) -> torch.Tensor:
    """Return the error of each seed."""
    found = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        net = make(2)
        if rule == RULES[1]:
            torch.nn.init.zeros_(net.sigma.coefficients)
        found.append(decibels(trained(net, field, epochs, rule), field))
    return torch.tensor(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=40)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for make, field in ((CRR, fields.convex), (RR, fields.nonconvex)):
        for rule in RULES:
            db = errors(make, field, rule, options.seeds, options.epochs)
            spread = [f"{v:.1f}" for v in (db.median(), db.mean(), db.min(), db.max())]
            rows.append([make.__name__, rule, *spread])
    headers = ["network", "trained by", "median", "mean", "best", "worst seed"]
    print(f"{options.seeds} seeds, {options.epochs} epochs; 10 log10 MSE in dB\n")
    print(tabulate(rows, headers, disable_numparse=True))


if __name__ == "__main__":
    main()
