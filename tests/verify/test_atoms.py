import pytest
import sympy as sp

from verify import atoms

Z = sp.symbols("z_0:3", real=True)
CASES = [
    atoms.tanh(Z[0]),
    atoms.sech2(Z[0]),
    atoms.sigmoid(Z[0]),
    atoms.softplus(Z[0]),
    *(atoms.softmax(sp.Integer(i), *Z) for i in range(3)),
]


@pytest.mark.parametrize("atom", CASES, ids=str)
@pytest.mark.parametrize("variable", Z, ids=str)
def test_derivative_is_the_true_one(atom: sp.Expr, variable: sp.Symbol) -> None:
    ours = atoms.evaluated(atom.diff(variable))
    true = atoms.evaluated(atom).diff(variable)
    for value in (sp.Rational(-3, 2), sp.Rational(1, 7), sp.Rational(5, 3)):
        point = {z: value + k * sp.Rational(1, 3) for k, z in enumerate(Z)}
        assert abs(sp.N((ours - true).subs(point), 40)) < sp.Float(10) ** -35


@pytest.mark.parametrize("atom", CASES, ids=str)
def test_positive_atoms_are_positive(atom: sp.Expr) -> None:
    claimed = isinstance(atom, atoms.PositiveFunction)
    assert claimed == (not isinstance(atom, atoms.tanh))
    for value in (-40, -1, 0, 1, 40):
        number = sp.N(atoms.evaluated(atom).subs({z: value * (k + 1) for k, z in enumerate(Z)}), 60)
        assert number > 0 or not claimed
