"""From a target to the theorem that is about it."""

from gradnets.constructive import composed, difference, lse, ridges
from gradnets.constructive.approximation import LIMIT, Approximation
from gradnets.constructive.targets import Composition, Ridges, Target


def build(
    target: Target | Ridges | Composition, error: float, *, limit: int = LIMIT
) -> Approximation:
    """Return the network that the proof builds for this target, within the error on [0, 1]^n.

    | target             | network                                | theorem      |
    | convex F           | mGradNet, scaled softmax               | 4, Lemma 3   |
    | bounded Hessian    | difference of two of them              | 5            |
    | sum of ridges      | GradNet, mGradNet, learned activation  | 6, 7, 8      |
    | composition        | GradNetM, mGradNetM of one module      | 9, 10        |

    Args:
        target: what is to be approximated, with its constants; see each theorem's own ``build``.
        error: the wanted bound of |f - grad F| on the cube.
        limit: the greatest number of neurons.

    Returns:
        A float64 network with rigorous bounds; the measured error beside them is
        :func:`gradnets.constructive.measured_error`.

    Raises:
        ValueError: an error that is not positive, is too small for float64, or takes more than
            the limit; a target that is not what it claims to be.
        TypeError: something else than a target.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 5.

    >>> import torch
    >>> from gradnets import fields
    >>> from gradnets.constructive import Target, measured_error
    >>> convex = Target(2, fields.convex_potential, fields.convex_gradient, 16.25, margin=1 / 8)
    >>> near = build(convex, 1.0)
    >>> near.neurons, round(near.bound, 3)
    (144, 1.0)
    >>> measured_error(near, fields.unit_grid(50, torch.float64)) < near.bound
    True
    """
    if isinstance(target, Composition):
        return composed.build(target, error, limit=limit)
    if isinstance(target, Ridges):
        return ridges.build(target, error, limit=limit)
    if not isinstance(target, Target):
        raise TypeError(
            f"target: expected a Target, Ridges or Composition, got {type(target).__name__}"
        )
    theorem = difference if target.concavity > 0 else lse
    return theorem.build(target, error, limit=limit)
