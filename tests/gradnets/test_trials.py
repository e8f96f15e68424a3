import pytest
import torch

from gradnets.trials import Data, Protocol


def test_nan_in_training_data() -> None:
    x = torch.rand(2, 10, 3)
    y = x.clone()
    y[1, 5, 0] = torch.nan
    with pytest.raises(
        ValueError, match=r"y: expected finite values, got nan at index \(1, 5, 0\)"
    ):
        Data(x, y, x, x)


def test_data_that_does_not_fit_together() -> None:
    x = torch.rand(2, 10, 3)
    with pytest.raises(ValueError, match=r"y: expected as many samples as x"):
        Data(x, x[:, :9], x, x)
    with pytest.raises(ValueError, match=r"y: expected shape \(trials, samples, dim\)"):
        Data(x, x[..., :2], x, x)
    with pytest.raises(ValueError, match=r"x: expected shape \(trials, samples, dim\)"):
        Data(x[0], x[0], x[0], x[0])
    with pytest.raises(TypeError, match=r"y: expected dtype torch.float32 as x"):
        Data(x, x.double(), x, x)
    with pytest.raises(TypeError, match=r"x: expected a floating tensor"):
        Data(x.int(), x.int(), x.int(), x.int())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", True),
        ("batch", 0),
        ("lr", 0.0),
        ("lr", torch.inf),
        ("lr", "fast"),
        ("schedule", "step"),
    ],
)
def test_protocol_out_of_range(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"{name}: expected .*, got {value!r}"):
        Protocol(**{name: value})  # pyright: ignore[reportArgumentType]
