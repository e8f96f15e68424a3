"""A gradient field learned from samples, by the conventions of scikit-learn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn

from gradnets.cascaded import GradNetC, mGradNetC
from gradnets.modular import GradNetM, mGradNetM
from gradnets.training import train
from gradnets.trials import Data, Protocol

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "mGradNetC": mGradNetC,
    "mGradNetM": mGradNetM,
    "GradNetC": GradNetC,
    "GradNetM": GradNetM,
}

validated: Any = validate_data  # its defaults are strings, which pyright takes for its types


class GradientFieldRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Learn a gradient field R^n -> R^n from samples of it.

    y = v f((x - u) / r) + w                       f a gradient network, Definitions 1 and 2

    The shifts u, w in R^n and the scales r, v > 0, one number each, standardise the samples; the
    Jacobian of the prediction is v / r times that of f: symmetric, and PSD where that of f is.

    Args:
        network: "mGradNetC", "mGradNetM" (monotone), "GradNetC", "GradNetM", or a function of n
            that makes a network.
        width, layers: the size of a network that is named; layers are the depth or the modules.
        epochs, batch, lr, schedule: as in :class:`gradnets.trials.Protocol`.
        validation_fraction: of the samples, set aside to choose the best epoch, 0 < .. < 1.
        random_state: of the initial values, the validation samples and the batches.

    Attributes:
        network_: f, of the dtype of the X it was fitted to, float32 or float64.
        history_: the losses of the standardised samples, :class:`gradnets.trials.History`.
        x_shift_, x_scale_, y_shift_, y_scale_: u, r, w, v.

    ``fit(X, y)`` takes both of shape (samples, n), at least two samples.

    Raises:
        ValueError: another shape, a value that is not finite, a setting out of its range.
        FloatingPointError: training that diverged from its first epoch on.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 7.1.

    >>> X = np.random.default_rng(0).uniform(size=(200, 2))
    >>> model = GradientFieldRegressor(epochs=60, random_state=0).fit(X, X**3)
    >>> model.score(X, X**3) > 0.9
    True
    """

    def __init__(
        self,
        network: str | Callable[[int], nn.Module] = "mGradNetC",
        *,
        width: int = 16,
        layers: int = 4,
        epochs: int = 200,
        batch: int = 50,
        lr: float = 0.02,
        schedule: str = "cosine",
        validation_fraction: float = 0.1,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.network = network
        self.width = width
        self.layers = layers
        self.epochs = epochs
        self.batch = batch
        self.lr = lr
        self.schedule = schedule
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = False
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike) -> "GradientFieldRegressor":
        """Learn the field from the samples y, shape (N, n), at the points X, shape (N, n)."""
        protocol = Protocol(self.epochs, self.batch, self.lr, self.schedule)
        if not 0 < self.validation_fraction < 1:
            raise ValueError(
                "validation_fraction: expected a number between 0 and 1, got"
                f" {self.validation_fraction!r}"
            )
        points, values = validated(
            self, X, y, dtype=[np.float64, np.float32], multi_output=True, ensure_min_samples=2
        )
        self.learn(points, values, protocol)
        return self

    def learn(self, X: NDArray[Any], y: NDArray[Any], protocol: Protocol) -> None:
        """Standardise the samples, set some aside, and train."""
        if y.shape != X.shape:
            raise ValueError(
                f"y: expected shape {X.shape} as X, a field on R^{X.shape[1]}, got {y.shape}"
            )
        random = check_random_state(self.random_state)
        seed = int(random.randint(2**31 - 1))
        self.x_shift_, self.x_scale_ = standard(X)
        y = y.astype(X.dtype)
        self.y_shift_, self.y_scale_ = standard(y)
        points = torch.from_numpy((X - self.x_shift_) / self.x_scale_)
        values = torch.from_numpy((y - self.y_shift_) / self.y_scale_)
        order = torch.from_numpy(random.permutation(len(X)))
        held = min(len(X) - 1, max(1, round(self.validation_fraction * len(X))))
        data = Data(
            *(sample[part].unsqueeze(0) for part in (order[held:], order[:held])
              for sample in (points, values))
        )  # fmt: skip
        self.network_ = self.build(X.shape[1], seed).to(points.dtype)
        self.history_ = train([self.network_], data, protocol, seeds=[seed], progress=None)

    def build(self, dim: int, seed: int) -> nn.Module:
        """Return the network with initial values that depend on the seed alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if callable(self.network):
                return self.network(dim)
            if self.network not in NETWORKS:
                raise ValueError(
                    f"network: expected one of {', '.join(NETWORKS)} or a function of n, got"
                    f" {self.network!r}"
                )
            return NETWORKS[self.network](dim, self.width, self.layers)

    @torch.no_grad()
    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the learned field at the points X, shape (N, n), in the same shape."""
        check_is_fitted(self)
        checked = validated(self, X, dtype=[np.float64, np.float32], reset=False)
        points: Tensor = torch.from_numpy((checked - self.x_shift_) / self.x_scale_)
        weights = next(self.network_.parameters())
        values = self.network_(points.to(weights.dtype)).numpy()
        return values.astype(checked.dtype) * self.y_scale_ + self.y_shift_


def standard(samples: NDArray[Any]) -> tuple[NDArray[Any], Any]:
    """Return the mean of the samples, shape (n,), and one scale, their root mean square around it.

    >>> standard(np.array([[1.0, 0.0], [3.0, 0.0]]))
    (array([2., 0.]), np.float64(0.7071067811865476))
    """
    shift = samples.mean(0)
    scale = np.sqrt(np.square(samples - shift).mean())
    return shift, scale if scale > 0 else scale + 1
