"""Where tensors lie in memory: whether a tensor meets itself, or another one."""

import operator

from torch import Tensor


def folded(t: Tensor) -> bool:
    """Return whether entries of a tensor may lie at one place: an axis steps into a shorter one."""
    end = 0  # of what the axes of shorter steps cover
    for by, n in sorted(zip(t.stride(), t.shape, strict=True)):
        if n > 1 and by <= end:
            return True
        end += by * (n - 1)
    return False


def overlap(a: Tensor, b: Tensor) -> bool:
    """Return whether two tensors may share memory.

    >>> import torch
    >>> t = torch.zeros(4)
    >>> overlap(t[:2], t[2:]), overlap(t[:3], t[2:])
    (False, True)
    """
    (a_first, a_last), (b_first, b_last) = (
        (t.data_ptr(), t.data_ptr() + t.element_size() * (1 + sum(map(operator.mul, t.stride(), (n - 1 for n in t.shape)))))  # noqa: E501
        for t in (a, b)
    )  # fmt: skip
    return bool(a.numel() and b.numel()) and a_first < b_last and b_first < a_last
