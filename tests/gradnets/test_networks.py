"""What every network of the package must do, whatever its architecture."""

import copy
import pickle

import pytest
import torch
from torch import nn

from gradnets.testing import assert_psd_at, assert_symmetric_at

MONOTONE_BASELINES = ("ICNN", "ICGN", "CRR")
# The potential of the baseline ends with biases, which its gradient does not see.
UNSEEN = {"ICNN": ("b.2", "c.1")}


def points(count: int, dim: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 4 * torch.rand(count, dim, generator=generator, dtype=torch.float64) - 2


def test_jacobian_is_what_the_name_says(net: nn.Module) -> None:
    name = type(net).__name__
    monotone = name.startswith("m") or name in MONOTONE_BASELINES
    judge = assert_psd_at if monotone else assert_symmetric_at
    judge(net.double(), points(50, 3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3), (0, 3)])
def test_shapes_and_dtypes(net: nn.Module, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    y = net.to(dtype)(torch.rand(shape, dtype=dtype))
    assert y.shape == shape
    assert y.dtype == dtype


def test_samples_do_not_see_each_other(net: nn.Module) -> None:
    x = points(5, 3)
    net = net.double()
    alone = torch.stack([net(sample) for sample in x])
    torch.testing.assert_close(net(x), alone)
    torch.testing.assert_close(net(x.reshape(5, 1, 3)).reshape(5, 3), alone)


def test_state_dict_round_trip(net: nn.Module) -> None:
    other = copy.deepcopy(net)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.load_state_dict(net.state_dict())
    x = points(5, 3).float()
    assert torch.equal(net(x), other(x))


def test_pickle_round_trip(net: nn.Module) -> None:
    other = pickle.loads(pickle.dumps(net))
    x = points(5, 3).float()
    assert torch.equal(net(x), other(x))


def test_every_parameter_matters(net: nn.Module) -> None:
    net(points(20, 3).float()).square().sum().backward()
    for name, parameter in net.named_parameters():
        if name in UNSEEN.get(type(net).__name__, ()):
            assert parameter.grad is None or not parameter.grad.any(), name
            continue
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_vmap(net: nn.Module) -> None:
    x = points(5, 3)
    torch.testing.assert_close(torch.func.vmap(net.double())(x), net(x))


def test_export_with_any_batch(net: nn.Module) -> None:
    if type(net).__name__ in ("ICNN", "MLP"):
        pytest.xfail("torch.export cannot follow torch.func.grad")
    dynamic = ({0: torch.export.Dim.DYNAMIC},)
    program = torch.export.export(net.double(), (points(3, 3),), dynamic_shapes=dynamic)
    x = points(11, 3)
    torch.testing.assert_close(program.module()(x), net(x))


def test_compile_traces_whole_and_agrees(net: nn.Module) -> None:
    torch.compiler.reset()
    compiled = torch.compile(net.double(), backend="aot_eager", fullgraph=True)
    x = points(6, 3)
    torch.testing.assert_close(compiled(x), net(x))


def test_wrong_last_dimension(net: nn.Module) -> None:
    with pytest.raises(ValueError, match=r"x: expected shape \(\.\.\., 3\), got \(5, 2\)"):
        net(torch.rand(5, 2))


@pytest.mark.parametrize("dtype", [torch.int64, torch.float64, torch.complex64])
def test_wrong_dtype(net: nn.Module, dtype: torch.dtype) -> None:
    with pytest.raises(TypeError, match=r"x: expected dtype torch.float32 .*, got torch"):
        net(torch.zeros(5, 3, dtype=dtype))
