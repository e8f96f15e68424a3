"""Where the bounds meet floating point: a stated margin, and rounding upwards."""

import math

from flint import arb

# Of the size of the numbers involved: covers what a target's float64 values and the stored weights
# were rounded by, what the float64 forward pass of at most 2^16 neurons adds (2^-53 a term), and
# that torch's softplus is linear above 20 (by e^-20 / 20 of the value).
MARGIN = 2.0**-32


def above(ball: arb) -> float:
    """Return a float that no number of the ball exceeds.

    Raises:
        ValueError: the ball has no finite upper end.

    >>> above(arb(2).sqrt()) >= arb(2).sqrt()
    True
    """
    top = math.nextafter(float(ball.upper()), math.inf)
    if not math.isfinite(top):
        raise ValueError(f"ball: expected a finite upper end, got {ball}")
    return top
