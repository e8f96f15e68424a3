"""Two questions about expressions, answered exactly: are they equal, is this one nonnegative.

A "yes" is a proof, up to SymPy's expansion of polynomials; a "no" only says that none was found.
Both keep away from SymPy's own predicates on matrices, which are not safe to trust.
"""

from typing import Any

import sympy as sp

from verify.atoms import PositiveFunction, sech2, sigmoid, softmax, tanh


def equal(A: Any, B: Any) -> bool:
    """Return whether two expressions or matrices are equal as polynomials in their atoms.

    Used beside ring arithmetic, so that one function has one form: sech2(z) = 1 - tanh(z)^2,
    sigmoid(z) = (1 + tanh(z/2)) / 2, tanh(-z) = -tanh(z), exp(-z) = 1 / exp(z), and
    softmax(i, z) = exp(z_i) / sum_k exp(z_k).

    Raises:
        ValueError: matrices of different shapes, or floats.

    >>> z = sp.symbols("z_0 z_1", real=True)
    >>> equal(softmax(0, *z) * softmax(1, *z), softmax(0, *z) - softmax(0, *z) ** 2)
    True
    >>> equal(tanh(z[0]), tanh(z[1]))
    False
    """
    A, B = sp.Matrix([A]), sp.Matrix([B])
    if A.shape != B.shape:
        raise ValueError(f"A, B: expected equal shapes, got {A.shape} and {B.shape}")
    for M in (A, B):
        if M.has(sp.Float):
            raise ValueError(f"A, B: expected exact expressions, got floats in {M}")
    names: dict[Any, sp.Dummy] = {}
    return all(normal(a - b, names) == 0 for a, b in zip(A, B, strict=True))


def normal(expression: Any, names: dict[Any, sp.Dummy]) -> Any:
    """Return the numerator of an expression as an expanded polynomial, each atom one name."""
    named = sp.sympify(name_atoms(sp.sympify(expression), names))
    divisors = [p.base for p in named.atoms(sp.Pow) if p.exp.is_extended_nonnegative is not True]
    if any(sp.expand(sp.fraction(sp.together(divisor))[0]) == 0 for divisor in divisors):
        return sp.nan
    return sp.expand(sp.fraction(sp.together(named))[0])


def name_atoms(e: Any, names: dict[Any, sp.Dummy]) -> Any:
    """Return the expression with its functions replaced by names, innermost first."""
    if not e.args:
        return e
    if not all(isinstance(arg, sp.Expr) for arg in e.args):
        return name(e, names)
    args = [name_atoms(arg, names) for arg in e.args]
    if not isinstance(e, sp.Function):
        return e.func(*args)
    if isinstance(e, softmax):
        exps = [name_odd(sp.exp(arg), names) for arg in args[1:]]
        return exps[int(args[0])] / sum(exps)
    if isinstance(e, sech2):
        return 1 - name_odd(tanh(args[0]), names) ** 2
    if isinstance(e, sigmoid):
        return (1 + name_odd(tanh(args[0] / 2), names)) / 2
    return name_odd(e.func(*args), names)


def name_odd(atom: Any, names: dict[Any, sp.Dummy]) -> Any:
    """Return the name of an atom; tanh and exp at -z through their names at z."""
    atom = atom.func(*(sp.expand(arg) for arg in atom.args))
    if not atom.args:
        return atom
    argument: Any = atom.args[0]
    if isinstance(atom, tanh | sp.exp) and argument.could_extract_minus_sign():
        mirrored = name(atom.func(-argument), names)
        return -mirrored if isinstance(atom, tanh) else 1 / mirrored
    return name(atom, names)


def name(atom: Any, names: dict[Any, sp.Dummy]) -> sp.Dummy:
    """Return the name of an atom, a new one at its first occurrence."""
    return names.setdefault(atom, sp.Dummy(f"t{len(names)}", real=True))


def nonnegative(e: Any) -> bool:
    """Return whether an expression in real symbols is shown to be >= 0 by its form.

    Shown: nonnegative numbers and symbols, positive functions, even powers, 1 - sech2(z), which is
    tanh(z)^2, and sums and products of such.

    >>> z = sp.Symbol("z", real=True)
    >>> nonnegative(sigmoid(z) * (1 - sech2(z)) + z**2)
    True
    >>> nonnegative(sech2(z) - sigmoid(z))
    False
    """
    if not e.is_extended_real:
        return False
    if isinstance(e, sp.Add):
        return is_tanh_squared(e) or all(nonnegative(term) for term in e.args)
    if isinstance(e, sp.Mul):
        return all(nonnegative(factor) for factor in e.args)
    if isinstance(e, sp.Pow):
        base, exponent = e.args
        if exponent.is_Integer and exponent >= 0:
            even = exponent.is_even and base.is_extended_real
            return bool(even) or nonnegative(base)
        return bool(exponent.is_Integer) and positive(base)
    return bool(e.is_nonnegative) if e.is_Number or e.is_Symbol else positive(e)


def positive(e: Any) -> bool:
    """Return whether an expression is a positive number, symbol or function."""
    if e.is_Number or e.is_Symbol:
        return bool(e.is_positive)
    return isinstance(e, PositiveFunction | sp.exp) and all(z.is_real for z in e.args)


def is_tanh_squared(e: Any) -> bool:
    """Return whether a sum is 1 - sech2(z) for some z."""
    atoms = e.atoms(sech2)
    return len(atoms) == 1 and sp.Integer(1) - e in atoms


def weighted_gram(W: sp.Matrix, d: Any) -> sp.Matrix:
    """Return W^T diag(d) W, symmetric for every d and positive semidefinite for every d >= 0.

    >>> weighted_gram(sp.Matrix([[1, 2]]), [3])
    Matrix([
    [3,  6],
    [6, 12]])
    """
    return W.T * sp.diag(*d) * W
