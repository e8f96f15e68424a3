import math

import pytest
import sympy as sp
import torch

from gradnets import fields

X = sp.symbols("x1 x2")
POTENTIALS = {
    "convex": X[0] ** 4 + X[0] ** 2 / 2 + X[0] * X[1] / 2 + 3 * X[1] ** 2 / 2 - X[1] ** 3 / 3,
    "nonconvex": sp.sin(2 * sp.pi * X[0]) * sp.cos(sp.pi * X[1]) / 4
    + X[0] * X[1] / 2
    - X[1] ** 2 / 2,
}


@pytest.mark.parametrize("field", [fields.convex, fields.nonconvex], ids=lambda f: f.name)
def test_field_is_that_of_the_paper(field: fields.Field) -> None:
    potential = POTENTIALS[field.name]
    exact = sp.lambdify(X, [potential, *(sp.diff(potential, x) for x in X)], "math")
    points = fields.unit_grid(7, torch.float64)
    expected = torch.tensor([exact(*p) for p in points.tolist()], dtype=torch.float64)
    torch.testing.assert_close(field.potential(points), expected[:, 0])
    torch.testing.assert_close(field.gradient(points), expected[:, 1:])


@pytest.mark.parametrize("field", [fields.convex, fields.nonconvex], ids=lambda f: f.name)
def test_leading_axes(field: fields.Field) -> None:
    x = torch.rand(3, 4, 2)
    assert field.potential(x).shape == (3, 4)
    assert field.gradient(x).shape == (3, 4, 2)


def test_grid_has_both_ends() -> None:
    grid = fields.unit_grid(100)
    assert grid.shape == (10_000, 2)
    assert grid.min() == 0
    assert grid.max() == 1
    assert math.isclose(grid[1, 1].item(), 1 / 99, rel_tol=1e-6)
