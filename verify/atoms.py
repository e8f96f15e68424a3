"""Activations as SymPy functions whose derivatives keep their signs in sight.

SymPy writes the derivative of tanh as 1 - tanh^2, whose sign it cannot tell; expansion destroys
signs. Here the derivative is one atom, ``sech2``, that is known to be positive.
"""

from typing import Any

import sympy as sp
from sympy.core.function import ArgumentIndexError


class RealFunction(sp.Function):
    """A real function of real arguments."""

    def __new__(cls, *args: Any) -> Any:
        # Only to tell type checkers that an application is an expression.
        return super().__new__(cls, *args)

    @property
    def argument(self) -> Any:
        """The last argument, the only one of a function of one variable."""
        return self.args[-1]

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(z.is_real for z in self.args) else None

    def _eval_is_finite(self) -> bool | None:
        return self._eval_is_extended_real()


class PositiveFunction(RealFunction):
    """A function with values > 0 at real arguments."""

    def _eval_is_extended_positive(self) -> bool | None:
        return self._eval_is_extended_real()


class tanh(RealFunction):
    """tanh z, with derivative sech2(z).

    >>> z = sp.Symbol("z", real=True)
    >>> tanh(z).diff(z)
    sech2(z)
    """

    def fdiff(self, argindex: int = 1) -> Any:
        return sech2(self.argument)

    def evaluate(self) -> Any:
        """Return the same in SymPy's own functions."""
        return sp.tanh(self.argument)


class sech2(PositiveFunction):
    """sech^2 z = 1 - tanh^2 z > 0, the derivative of tanh.

    >>> z = sp.Symbol("z", real=True)
    >>> sech2(z).is_positive
    True
    """

    def fdiff(self, argindex: int = 1) -> Any:
        return -2 * tanh(self.argument) * self

    def evaluate(self) -> Any:
        """Return the same in SymPy's own functions."""
        return 1 / sp.cosh(self.argument) ** 2

    def _latex(self, printer: Any, exp: Any = None) -> str:
        body = rf"\operatorname{{sech}}^2\left({printer._print(self.argument)}\right)"
        return body if exp is None else rf"\left({body}\right)^{{{exp}}}"


class sigmoid(PositiveFunction):
    """1 / (1 + exp(-z)) > 0, with derivative sigmoid(z) sigmoid(-z).

    >>> z = sp.Symbol("z", real=True)
    >>> sigmoid(z).diff(z)
    sigmoid(-z)*sigmoid(z)
    """

    def fdiff(self, argindex: int = 1) -> Any:
        return self * sigmoid(-self.argument)

    def evaluate(self) -> Any:
        """Return the same in SymPy's own functions."""
        return 1 / (1 + sp.exp(-self.argument))


class softplus(PositiveFunction):
    """log(1 + exp z) > 0, with derivative sigmoid(z).

    >>> z = sp.Symbol("z", real=True)
    >>> softplus(z).diff(z)
    sigmoid(z)
    """

    def fdiff(self, argindex: int = 1) -> Any:
        return sigmoid(self.argument)

    def evaluate(self) -> Any:
        """Return the same in SymPy's own functions."""
        return sp.log(1 + sp.exp(self.argument))


class softmax(PositiveFunction):
    """softmax(i, z_0, .., z_m-1) = exp z_i / sum_k exp z_k > 0; its derivative stays in atoms.

    >>> z = sp.symbols("z_0 z_1", real=True)
    >>> softmax(0, *z).diff(z[1])
    -softmax(0, z_0, z_1)*softmax(1, z_0, z_1)
    """

    def fdiff(self, argindex: int = 1) -> Any:
        if argindex == 1:
            raise ArgumentIndexError(self, argindex)
        index, *z = self.args
        k = sp.Integer(argindex - 2)
        return self * (sp.Integer(int(index == k)) - softmax(k, *z))

    def evaluate(self) -> Any:
        """Return the same in SymPy's own functions."""
        index: Any = self.args[0]
        exps = [sp.exp(z) for z in self.args[1:]]
        return exps[int(index)] / sum(exps)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        inside = ",".join(printer._print(v) for v in self.args[1:])
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\operatorname{{softmax}}_{{{self.args[0]}}}{power}\left({inside}\right)"


def evaluated(expression: Any) -> Any:
    """Return an expression with every atom in SymPy's own functions, for numbers and plots.

    >>> z = sp.Symbol("z", real=True)
    >>> evaluated(sech2(z)) - (1 - sp.tanh(z) ** 2)
    tanh(z)**2 - 1 + cosh(z)**(-2)
    """
    return expression.replace(lambda e: hasattr(e, "evaluate"), lambda e: e.evaluate())
