import itertools
import math

import pytest
import torch
from scipy.optimize import nnls

from gradnets import fields
from gradnets.experiments.ridge_floor import nonnegative_least_squares, ramps, ridge_floor


def test_least_squares_are_those_of_scipy() -> None:
    generator = torch.Generator().manual_seed(0)
    A = torch.randn(40, 12, generator=generator, dtype=torch.float64)
    y = torch.randn(40, generator=generator, dtype=torch.float64)
    w = nonnegative_least_squares(A, y)
    theirs, _ = nnls(A.numpy(), y.numpy())
    torch.testing.assert_close(w, torch.from_numpy(theirs), atol=1e-7, rtol=0)
    assert (w == 0).any(), "a case where the constraint binds"


def test_floor_is_that_of_scipy() -> None:
    x = fields.unit_grid(12, torch.float64)
    y = fields.separating.gradient(x)
    _, distance = nnls(ramps(x, 10, 6).numpy(), (y - y.mean(0)).flatten().numpy())
    floor = ridge_floor(fields.separating, grid=12, angles=10, knots=6)
    assert floor.mse_db == pytest.approx(10 * math.log10(distance**2 / 144), abs=1e-3)
    assert 0 < floor.used <= 60


def test_only_the_separating_field_has_one() -> None:
    assert ridge_floor(fields.convex, grid=20).mse_db < -60
    coarse = ridge_floor(fields.separating, grid=30, angles=24, knots=12)
    fine = ridge_floor(fields.separating, grid=30, angles=48, knots=24)
    assert -16 < fine.mse_db < coarse.mse_db < -14, "a finer dictionary holds the coarse one"


def test_every_column_is_the_gradient_of_a_convex_ridge() -> None:
    x = fields.unit_grid(5, torch.float64)
    columns = ramps(x, 7, 3).T.reshape(-1, len(x), 2)
    for a, b in itertools.combinations(range(len(x)), 2):
        rise = ((columns[:, a] - columns[:, b]) * (x[a] - x[b])).sum(-1)
        assert (rise > -1e-12).all()


def test_bad_sizes() -> None:
    with pytest.raises(ValueError, match="knots: expected an integer of at least 1, got 0"):
        ridge_floor(fields.separating, knots=0)
