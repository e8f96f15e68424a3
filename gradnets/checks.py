"""What every network of this package asks of its arguments."""

from torch import Tensor


def size(name: str, value: int) -> int:
    """Return ``value`` if it is an integer of at least 1.

    Raises:
        ValueError: naming the argument, the value and what was expected.

    >>> size("width", 7)
    7
    >>> size("width", 0)
    Traceback (most recent call last):
        ...
    ValueError: width: expected an integer of at least 1, got 0
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name}: expected an integer of at least 1, got {value!r}")
    return value


def columns(x: Tensor, W: Tensor) -> Tensor:
    """Return the samples x, shape (..., n), as the columns of an n x N matrix.

    The paper writes W x + b for a column x; with the samples as columns the code reads the same,
    and each elementwise operation runs over contiguous memory.

    Raises:
        TypeError: x is not a floating-point tensor, or not of the dtype of the weights W.
        ValueError: the last dimension of x is not n, the last dimension of W.

    >>> import torch
    >>> columns(torch.arange(6.0).reshape(3, 2), torch.zeros(7, 2))
    tensor([[0., 2., 4.],
            [1., 3., 5.]])
    """
    if not isinstance(x, Tensor):
        raise TypeError(f"x: expected a torch tensor, got {type(x).__name__}")
    if x.dtype != W.dtype:
        raise TypeError(f"x: expected dtype {W.dtype} as the network's weights, got {x.dtype}")
    if x.ndim == 0 or x.shape[-1] != W.shape[-1]:
        raise ValueError(f"x: expected shape (..., {W.shape[-1]}), got {tuple(x.shape)}")
    return x.reshape(-1, W.shape[-1]).mT


def rows(y: Tensor, x: Tensor) -> Tensor:
    """Return the columns of y, shape (n, N), as samples in the shape of x.

    >>> import torch
    >>> x = torch.zeros(3, 1, 2)
    >>> rows(torch.arange(6.0).reshape(2, 3), x).shape
    torch.Size([3, 1, 2])
    """
    return y.mT.reshape(x.shape)
