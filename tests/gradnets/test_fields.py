import math

import pytest
import sympy as sp
import torch

from gradnets import fields, initial, mGradNetM

X = sp.symbols("x1 x2")
POTENTIALS = {
    "convex": X[0] ** 4 + X[0] ** 2 / 2 + X[0] * X[1] / 2 + 3 * X[1] ** 2 / 2 - X[1] ** 3 / 3,
    "nonconvex": sp.sin(2 * sp.pi * X[0]) * sp.cos(sp.pi * X[1]) / 4
    + X[0] * X[1] / 2
    - X[1] ** 2 / 2,
    "separating": sp.log(
        sp.exp(12 * (X[1] - sp.Rational(1, 2)))
        + sp.exp(6 * (-sp.sqrt(3) * (X[0] - sp.Rational(1, 2)) - X[1] + sp.Rational(1, 2)))
        + sp.exp(6 * (sp.sqrt(3) * (X[0] - sp.Rational(1, 2)) - X[1] + sp.Rational(1, 2)))
    )
    / 12,
}
FIELDS = [fields.convex, fields.nonconvex, fields.separating]


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.name)
def test_field_is_the_gradient_of_its_formula(field: fields.Field) -> None:
    potential = POTENTIALS[field.name]
    exact = sp.lambdify(X, [potential, *(sp.diff(potential, x) for x in X)], "math")
    points = fields.unit_grid(7, torch.float64)
    expected = torch.tensor([exact(*p) for p in points.tolist()], dtype=torch.float64)
    torch.testing.assert_close(field.potential(points), expected[:, 0])
    torch.testing.assert_close(field.gradient(points), expected[:, 1:])


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.name)
def test_leading_axes(field: fields.Field) -> None:
    x = torch.rand(3, 4, 2)
    assert field.potential(x).shape == (3, 4)
    assert field.gradient(x).shape == (3, 4, 2)


def test_the_separating_field_is_a_module_of_softmax_exactly() -> None:
    net = mGradNetM(2, 3, modules=1).double()
    corners = torch.tensor(fields.CORNERS, dtype=torch.float64)
    state = {"W": corners, "b": -corners.sum(1, keepdim=True) / 2, "a": torch.zeros(2, 1),
             "raw_c": initial.positive(torch.ones(1).double()),
             "raw_t": initial.positive(torch.full((1,), 12.0).double())}  # fmt: skip
    shapes = {key: value.shape for key, value in net.state_dict().items()}
    net.load_state_dict({key: value.reshape(shapes[key]) for key, value in state.items()})
    x = fields.unit_grid(9, torch.float64)
    torch.testing.assert_close(net(x), fields.separating.gradient(x))


def test_the_separating_field_violates_popoviciu() -> None:
    F = fields.separating.potential
    a, b, c = (0.5 - 0.4 * torch.tensor(corner).double() for corner in fields.CORNERS)
    left = F(a) + F(b) + F(c) + 3 * F((a + b + c) / 3)
    right = 2 * (F((a + b) / 2) + F((b + c) / 2) + F((c + a) / 2))
    assert left < right - 0.1


def test_grid_has_both_ends() -> None:
    grid = fields.unit_grid(100)
    assert grid.shape == (10_000, 2)
    assert grid.min() == 0
    assert grid.max() == 1
    assert math.isclose(grid[1, 1].item(), 1 / 99, rel_tol=1e-6)
