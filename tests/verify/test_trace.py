"""What a module must be to be read: a map of one sample, the same in all ways to run it."""

import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from gradnets import GradNet, GradNetC, GradNetM, mGradNet, mGradNetC, mGradNetM
from gradnets.activations import ELEMENTWISE, GROUP
from verify.search.evaluate import evaluate
from verify.trusted.graph import decode, encode, validate
from verify.trusted.trace import TraceError, freeze, trace

SIZES = [(2, 2), (3, 5), (64, 256)]
EVERY = [*ELEMENTWISE, *GROUP]
NETWORKS: dict[str, Callable[[int, int], Any]] = {
    **{f"GradNet {a}": lambda n, m, a=a: GradNet(n, m, a) for a in EVERY},
    **{f"mGradNet {a}": lambda n, m, a=a: mGradNet(n, m, a) for a in EVERY},
    **{f"GradNetC {a}": lambda n, m, a=a: GradNetC(n, m, 3, a) for a in ELEMENTWISE},
    **{f"mGradNetC {a}": lambda n, m, a=a: mGradNetC(n, m, 3, a) for a in ELEMENTWISE},
    **{f"GradNetM {a}": lambda n, m, a=a: GradNetM(n, m, 2, a) for a in ("tanh", "wtanh")},
    **{f"mGradNetM {a}": lambda n, m, a=a: mGradNetM(n, m, 2, a) for a in ("tanh", "softmax")},
}
A = torch.tensor([[1.0, 2.0], [0.0, 1.0]])


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_the_package(name: str) -> None:
    torch.manual_seed(0)
    digests = set()
    for dim, width in SIZES:
        net = NETWORKS[name](dim, width).double()
        traced = trace(net)
        validate(traced.graph, traced.spare)
        assert decode(encode(traced.graph)) == traced.graph
        assert not traced.graph.literals
        assert sorted(traced.sizes.values()) == sorted([dim, width])
        digests.add(traced.graph.digest)
        x = torch.randn(4, dim, dtype=torch.float64)
        values = [t.detach().squeeze(-1).numpy() for t in traced.tensors]
        graph = evaluate(traced.graph, traced.sizes, values, x.numpy())
        np.testing.assert_allclose(graph, net(x).detach().numpy(), rtol=1e-9, atol=1e-9)
    assert len(digests) == 1


class Named(nn.Module):
    """One map under other names, its parameters registered in another order."""

    def __init__(self, names: tuple[str, str, str], order: int, width: int = 3) -> None:
        super().__init__()
        shapes = [(width, 2), (width,), (2,)]
        generator = torch.Generator().manual_seed(0)
        values = [torch.randn(s, generator=generator) for s in shapes]
        for k in list(itertools.permutations(range(3)))[order]:
            setattr(self, names[k], nn.Parameter(values[k]))
        self.names = names

    def forward(self, x: Tensor) -> Tensor:
        W, b, a = (getattr(self, name) for name in self.names)
        return torch.tanh(x @ W.T + b) @ W + a


def test_names_do_not_matter() -> None:
    digests = {
        trace(Named(names, order), 2).graph.digest
        for order, names in enumerate([("W", "b", "a"), ("a", "W", "b"), ("z", "y", "x")])
    }
    assert len(digests) == 1


def test_spellings_of_one_map() -> None:
    spelled = [
        lambda m, x: torch.tanh(x @ m.A.T + m.b) @ m.A,
        lambda m, x: F.linear(torch.tanh(m.b + F.linear(x, m.A)), m.A.T),
        lambda m, x: (m.A.mT @ torch.tanh(m.A @ x.mT + m.b[:, None])).mT,
        lambda m, x: torch.einsum(
            "ki,bk->bi", m.A, (torch.einsum("ki,bi->bk", m.A, x) + m.b).tanh()
        ),
        lambda m, x: (m.A * torch.tanh((m.A * x[:, None]).sum(-1) + m.b)[..., None]).sum(1),
        lambda m, x: torch.func.vmap(lambda z: m.A.T @ torch.tanh(m.A @ z + m.b))(x),
    ]
    assert len({trace(Spelled(f), 2).graph.digest for f in spelled}) == 1


class Spelled(nn.Module):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(2, 2))
        self.b = nn.Parameter(torch.randn(2))
        self.scale = 1.0
        self.calls: Any = 0
        self.state = torch.zeros(1)
        self.kept: list[Any] = [self.A]
        self.noise = nn.Buffer(torch.ones(2))
        self.array: Any = None
        self.function = function

    def forward(self, x: Tensor) -> Any:
        return self.function(self, x)


def linear(m: Any, x: Tensor) -> Tensor:
    return x @ m.A


def remember(m: Any, x: Tensor) -> Tensor:
    m.calls += 1
    return x if m.calls < 100 else linear(m, x)


def append(m: Any, x: Tensor) -> Tensor:
    m.kept.append(1)
    return x if len(m.kept) < 50 else linear(m, x)


def cache(m: Any, x: Tensor) -> Tensor:
    m.cached = x if m.scale == 2 else x * 2
    m.state = x.detach().mean()
    return x


def write_buffer(m: Any, x: Tensor) -> Tensor:
    m.noise.mul_(2)
    return x * m.noise


def write_plain(m: Any, x: Tensor) -> Tensor:
    m.state.add_(1)
    return x * m.state


def write_input(m: Any, x: Tensor) -> Tensor:
    x[:, 0] = 0
    return x


def write_input_view(m: Any, x: Tensor) -> Tensor:
    x.view(-1).mul_(2)
    return x + 0


def write_parameter(m: Any, x: Tensor) -> Tensor:
    with torch.no_grad():
        m.A.add_(1)
    return x @ m.A


def write_data(m: Any, x: Tensor) -> Tensor:
    m.A.data.fill_(1)
    return x @ m.A


def freeze_parameter(m: Any, x: Tensor) -> Tensor:
    m.A.requires_grad_(False)
    return x @ m.A


def replace_parameter(m: Any, x: Tensor) -> Tensor:
    m.b = nn.Parameter(torch.ones(2))
    return x + m.b


def replace_buffer(m: Any, x: Tensor) -> Tensor:
    m.noise = m.noise + 1
    return x * m.noise


def add_buffer(m: Any, x: Tensor) -> Tensor:
    m.register_buffer(f"more{len(list(m.buffers()))}", x.detach().mean())
    return x


def change_default(m: Any, x: Tensor) -> Tensor:
    torch.set_default_dtype(torch.float64)
    return x


def switch_mode(m: Any, x: Tensor) -> Tensor:
    m.train(not m.training)
    return x if m.training else linear(m, x)


COUNT = 0
TABLE: dict[str, int] = {}
STEPS = itertools.count()


def count_globally(m: Any, x: Tensor) -> Tensor:
    global COUNT
    COUNT += 1
    return x if COUNT < 100 else linear(m, x)


def count_in_a_table(m: Any, x: Tensor) -> Tensor:
    TABLE["n"] = TABLE.get("n", 0) + 1
    return x if TABLE["n"] < 100 else linear(m, x)


def count_by_an_iterator(m: Any, x: Tensor) -> Tensor:
    return x if next(STEPS) < 100 else linear(m, x)


def fallback(m: Any, x: Tensor) -> Tensor:
    try:
        return x if float(x.sum()) > -1e9 else linear(m, x)
    except Exception:
        return x


NO_SAMPLE_MAP: dict[str, Callable[[Any, Tensor], Any]] = {
    # samples that meet, or are counted
    "softmax over the batch": lambda m, x: torch.softmax(x, 0),
    "batch mean": lambda m, x: x - x.mean([0], keepdim=True),
    "mean of all": lambda m, x: x - x.mean(),
    "times the batch's sum": lambda m, x: x * x.sum(0, keepdim=True),
    "gram": lambda m, x: x @ x.T @ x,
    "distances": lambda m, x: torch.cdist(x, x).sum(1, keepdim=True) * x,
    "pairs": lambda m, x: (x[:, None] - x[None]).sum(1),
    "first sample": lambda m, x: x + x[0],
    "first sample by slice": lambda m, x: x + x[:1],
    "all but the last": lambda m, x: F.pad(x[1:], (0, 0, 0, 1)),
    "batch size": lambda m, x: x * x.shape[0],
    "batch size as a float": lambda m, x: x / float(len(x)),
    "number of entries": lambda m, x: x * x.numel(),
    "range": lambda m, x: x * torch.arange(x.shape[0])[:, None],
    "reshuffled": lambda m, x: x.T.reshape(-1, 2),
    "merged and cut": lambda m, x: x.reshape(-1)[: x.numel()].view(2, -1).T,
    "branch above": lambda m, x: x if x.shape[0] < 4 else x @ A,
    "branch below": lambda m, x: x if x.shape[0] > 2 else x @ A,
    "branch at two": lambda m, x: x if x.shape[0] >= 3 else x @ A,
    "branch at one": lambda m, x: x if x.shape[0] == 1 else x @ A,
    "branch far above": lambda m, x: x if x.shape[0] < 100000 else x @ A,
    "branch at the example": lambda m, x: x @ A if x.shape[0] != 7919 else x,
    "odd batches": lambda m, x: x if x.shape[0] % 2 else x @ A,
    "loop over the batch": lambda m, x: torch.stack([z * 2 for z in x]),
    "branch on the size of memory": lambda m, x: x if x.numel() < 1000 else x @ A,
    "number of samples by a sum": lambda m, x: x + (torch.exp(x * 0).sum(0) - 1) * (x @ A),
    "number of samples in numbers": lambda m, x: x + (x.shape[0] - 1) * (x.shape[0] - 2) * (x @ A),
    "number of samples in a tensor": lambda m, x: x * torch.full((2,), x.shape[0]),
    "number by expansion": lambda m, x: x * m.b[:1].expand(x.shape[0], 1).sum(),
    "number by ones": lambda m, x: x * torch.ones_like(x).sum(),
    "number by a mean": lambda m, x: torch.autograd.grad((x.requires_grad_() ** 2).mean(), x)[0],
    "sorted samples": lambda m, x: x.sort(0)[0],
    "flipped samples": lambda m, x: x.flip(0),
    "rolled samples": lambda m, x: x.roll(1, 0),
    "cumulated samples": lambda m, x: x.cumsum(0),
    "largest sample": lambda m, x: x - x.amax(0),
    "batch norm": lambda m, x: F.batch_norm(x, None, None, training=True),
    "samples chosen by value": lambda m, x: x[x[:, 0] > 0],
    "unique": lambda m, x: x * x.unique().numel(),
    "matmul over samples": lambda m, x: x * torch.mm(x.T, x).trace(),
    # randomness and what is not set
    "dropout": lambda m, x: F.dropout(x, 0.5, True),
    "rrelu": lambda m, x: F.rrelu(x, training=True),
    "random": lambda m, x: x + torch.rand(2),
    "random like": lambda m, x: x * torch.randn_like(x),
    "bernoulli": lambda m, x: x * torch.bernoulli(torch.full((2,), 0.5)),
    "numpy's random": lambda m, x: x * float(np.random.default_rng().random()),
    "permutation": lambda m, x: x[:, torch.randperm(2)],
    "not set": lambda m, x: x * torch.empty(2),
    "partly set": lambda m, x: partly_set(x),
    # values, modes, state
    "value of x": lambda m, x: x if x.sum() > 0 else x @ A,
    "value of a parameter": lambda m, x: x if m.A.sum() > 0 else x @ A,
    "item": lambda m, x: x if x[0, 0].item() > 0 else x @ A,
    "list": lambda m, x: x * x.tolist()[0][0],
    "value swallowed": fallback,
    "grad mode": lambda m, x: x if torch.is_grad_enabled() else x @ A,
    "x requires grad": lambda m, x: x if x.requires_grad else x @ A,
    "both": lambda m, x: x @ A if x.requires_grad and not torch.is_grad_enabled() else x,
    "one sample without gradient": lambda m, x: (
        x @ A if x.shape[0] == 1 and x.requires_grad and not torch.is_grad_enabled() else x
    ),
    "counter": remember,
    "list that grows": append,
    "cache": cache,
    "global counter": count_globally,
    "counter in a table": count_in_a_table,
    "counter by an iterator": count_by_an_iterator,
    "training mode": switch_mode,
    "default dtype": change_default,
    "autocast": lambda m, x: [torch.autocast("cpu", torch.bfloat16).__enter__(), x][1],
    "grad mode for good": lambda m, x: [torch.set_grad_enabled(x.requires_grad), x][1],
    "environment": lambda m, x: x * len(os.environ.setdefault("X", "1")) * next(STEPS),
    "write to a buffer": write_buffer,
    "write to a plain tensor": write_plain,
    "write to the input": write_input,
    "write to a view of the input": write_input_view,
    "write to a parameter": write_parameter,
    "write to a parameter's data": write_data,
    "freeze a parameter": freeze_parameter,
    "replace a parameter": replace_parameter,
    "replace a buffer": replace_buffer,
    "add a buffer": add_buffer,
    "baked by numpy": lambda m, x: x @ torch.from_numpy(m.array * 1.0),
    "baked number": lambda m, x: x * float(m.array[0, 0]),
    "baked branch": lambda m, x: x if m.array[0, 0] > 0 else x @ A,
}


def partly_set(x: Tensor) -> Tensor:
    y = torch.empty_like(x)
    y[:, 0] = x[:, 1]
    return y


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NO_SAMPLE_MAP)
def test_what_is_no_sample_map(name: str) -> None:
    net = Spelled(NO_SAMPLE_MAP[name])
    net.array = net.A.detach().numpy()
    dtype = torch.get_default_dtype()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    kept = {key: value for key, value in vars(net).items() if key not in ("kept",)}
    with pytest.raises((TraceError, ValueError)) as info:
        trace(net, 2)
    torch.set_default_dtype(dtype)
    kind = getattr(info.value, "kind", "")
    assert kind == OTHER_KINDS.get(name, "not a sample map"), str(info.value)
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert all(vars(net)[k] is v for k, v in kept.items())
    assert net.kept == [net.A]
    assert len(vars(net)) == len(kept) + 1


OTHER_KINDS = {"unique": "unknown operation", "value swallowed": "not readable"}
UNREADABLE: dict[str, Callable[[Any, Tensor], Any]] = {
    "half": lambda m, x: (x.half() * 2).float(),
    "bfloat16": lambda m, x: x.bfloat16().float(),
    "complex": lambda m, x: (x * 1j).real,
    "infinity": lambda m, x: x + (x @ A) * (1 - torch.exp(x * 0 - float("inf"))),
    "nan": lambda m, x: (x @ A) * float("nan"),
    "zero division": lambda m, x: x / 0,
    "eight bits": lambda m, x: x + x.to(torch.int8) * (x @ A),
    "wrapped product": lambda m, x: x + (x > 0).long() * 2**62 * 4 * x,
    "sum of truth values": lambda m, x: x * torch.add(x > 0, x > 1),
    "constants in half": lambda m, x: x * torch.ones(2, dtype=torch.half),
    "softmax in half": lambda m, x: torch.softmax(x, -1, dtype=torch.float16).float(),
    "hidden parameter": lambda m, x: x @ HIDDEN,
    "computed from a hidden parameter": lambda m, x: x @ COMPUTED,
    "its own exception": lambda m, x: complain(),
    "wrong shapes": lambda m, x: x @ torch.zeros(3, 3),
    "unsorted boundaries": lambda m, x: m.b[torch.bucketize(x, torch.tensor([1.0, 0.0]))],
    "out of range": lambda m, x: x[:, torch.tensor([0, 2])],
    "subclass": lambda m, x: x * SUBCLASS,
    "trained boundaries": lambda m, x: torch.bucketize(x, m.b.detach()) * x,
    "indices of a sort": lambda m, x: x + x.sort(-1)[1],
}
HIDDEN = nn.Parameter(torch.eye(2))
COMPUTED = HIDDEN * 2


class Lying(Tensor):
    """A tensor that has its own idea of arithmetic."""


SUBCLASS = torch.ones(2).as_subclass(Lying)


def complain() -> Tensor:
    raise KeyError("no such thing\nat all")


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_not_readable(name: str) -> None:
    with pytest.raises(TraceError) as info:
        trace(Spelled(UNREADABLE[name]), 2)
    assert info.value.kind in ("not readable", "unknown operation"), str(info.value)
    assert "test_trace.py:" in info.value.source or name == "hidden parameter"
    assert len(str(info.value).splitlines()) == 1


def test_an_exception_of_the_module_is_one_line() -> None:
    line = complain.__code__.co_firstlineno + 1
    with pytest.raises(TraceError, match=rf"KeyError: 'no such thing.*test_trace.py:{line}\)$"):
        trace(Spelled(UNREADABLE["its own exception"]), 2)


def test_a_parameter_registered_twice_is_one() -> None:
    net = Spelled(lambda m, x: torch.tanh(x @ m.A) @ m.again.T + x @ m.kept[0] + x @ m.copy)
    net.again = net.A
    net.register_buffer("copy", net.A)
    traced = trace(net, 2)
    assert traced.names == ("A",)
    assert traced.tensors[0] is net.A


@pytest.mark.parametrize("disguise", ["data", "detached", "view", "transposed", "parameter"])
def test_tensors_that_share_memory(disguise: str) -> None:
    net = Spelled(lambda m, x: torch.tanh(x @ m.A) + x @ m.V)
    net.V = {
        "data": net.A.data,
        "detached": nn.Buffer(net.A.detach()),
        "view": nn.Buffer(net.A.data.view(-1)[1:].view(3)[:2].expand(2, 2)),
        "transposed": net.A.data.T,
        "parameter": nn.Parameter(net.A.data),
    }[disguise]
    with pytest.raises(TraceError):
        trace(net, 2)


def test_detached_parameters_are_parameters() -> None:
    net = Spelled(lambda m, x: torch.tanh(x @ m.A) @ m.A.detach().T + m.kept[0].data[0])
    assert trace(net, 2).names == ("A",)


def test_frozen_parameters_and_buffers_are_literals() -> None:
    net = Spelled(lambda m, x: x @ m.A + m.b * m.noise)
    net.A.requires_grad_(False).copy_(torch.tensor([[0.5, 0.25], [0.125, 0.1]]))
    traced = trace(net, 2)
    assert traced.names == ("b",)
    assert [float(q) for q in traced.graph.literals[0].data] == [
        0.5,
        0.25,
        0.125,
        float(torch.tensor(0.1)),
    ]


def test_freeze_puts_the_values_in() -> None:
    net = mGradNet(3, 5, "wsoftmax").double()
    traced = trace(net)
    graph = freeze(traced)
    assert decode(encode(graph)) == graph
    assert not graph.params
    assert all(isinstance(size, int) for node in graph.nodes for size in node.shape)
    x = torch.randn(4, 3, dtype=torch.float64)
    np.testing.assert_allclose(evaluate(graph, {}, [], x.numpy()), net(x).detach().numpy())
    tied = Spelled(lambda m, x: x @ m.A + x @ m.B)
    tied.B = nn.Parameter(tied.A.detach().clone())
    assert len(freeze(trace(tied, 2)).literals) == 1


class Convex(nn.Module):
    """The gradient of a potential that forward computes."""

    def __init__(self, spelled: str) -> None:
        super().__init__()
        self.W, self.c = nn.Linear(2, 3), nn.Parameter(torch.ones(1))
        self.spelled = spelled

    def potential(self, x: Tensor) -> Tensor:
        return F.softplus(self.W(x)).sum(-1) + self.c * x.square().sum(-1) / 2

    def forward(self, x: Tensor) -> Tensor:
        if self.spelled == "func":
            return torch.func.vmap(torch.func.grad(self.potential_of_one))(x)
        if self.spelled == "graph":
            return torch.autograd.grad(self.potential(x).sum(), x, create_graph=True)[0]
        with torch.enable_grad():
            x = x.detach().requires_grad_() if self.spelled == "detached" else x.requires_grad_()
            return torch.autograd.grad(self.potential(x).sum(), x, create_graph=True)[0]

    def potential_of_one(self, x: Tensor) -> Tensor:
        return self.potential(x).squeeze()


@pytest.mark.parametrize("spelled", ["func", "graph", "detached", "required"])
def test_gradients_taken_inside_forward(spelled: str) -> None:
    traced = trace(Convex(spelled), 2)
    validate(traced.graph, traced.spare)
    assert any(node.shape == () and node.op == "add" for node in traced.spare)
    assert len(traced.sources) == len(traced.graph.nodes) + len(traced.spare)


def test_exclusions_name_what_is_undefined_for_some_parameters() -> None:
    net = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    (excluded,) = trace(net).exclusions
    assert excluded.startswith("inv: 0 at ")
    assert trace(nn.Linear(2, 2)).exclusions == ()


def test_sources_are_lines_of_the_module() -> None:
    traced = trace(GradNet(2, 3))
    assert all(
        "/gradnets/" in s for s, n in zip(traced.sources, traced.graph.nodes, strict=True) if n.args
    )


def subclassed() -> nn.Module:
    net = nn.Linear(2, 2)
    net.register_buffer("odd", SUBCLASS)
    return net


BAD: dict[str, tuple[Callable[[], Any], Any, type[Exception], str]] = {
    "no module": (lambda: torch.tanh, 2, TypeError, r"net: expected a torch\.nn\.Module"),
    "no dim": (nn.Tanh, None, ValueError, "dim: expected an integer of at least 1, got None"),
    "dim 0": (nn.Tanh, 0, ValueError, "got 0"),
    "dim True": (nn.Tanh, True, ValueError, "got True"),
    "two outputs": (lambda: Spelled(lambda m, x: (x, x)), 2, ValueError, "expected one output"),
    "named outputs": (lambda: Spelled(lambda m, x: {"y": x}), 2, ValueError, "expected one output"),
    "no output": (lambda: Spelled(lambda m, x: None), 2, ValueError, "expected one output"),
    "a number": (lambda: Spelled(lambda m, x: 1.0), 2, ValueError, "expected one output"),
    "another width": (lambda: nn.Linear(2, 3), 2, ValueError, r"expected one output .* 2\)"),
    "transposed": (lambda: Spelled(lambda m, x: x.T), 2, ValueError, "expected one output"),
    "flat": (lambda: Spelled(lambda m, x: x.flatten()), 2, ValueError, "expected one output"),
    "half": (lambda: nn.Linear(2, 2).half(), 2, ValueError, "weight: expected float32 or float64"),
    "complex": (lambda: nn.Linear(2, 2, dtype=torch.cfloat), 2, ValueError, "complex64"),
    "lazy": (lambda: nn.LazyLinear(2), 2, ValueError, "initialized"),
    "integers out": (lambda: Spelled(lambda m, x: x.long()), 2, ValueError, "floating"),
    "subclass": (lambda: subclassed(), 2, ValueError, "got Lying"),
    "meta": (lambda: nn.Linear(2, 2, device="meta"), 2, ValueError, "CPU"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str) -> None:
    make, dim, kind, message = BAD[name]
    with pytest.raises(kind, match=message):
        trace(make(), dim)


def test_dim_is_found() -> None:
    assert trace(nn.Linear(3, 3)).sizes == {"n0": 3}
    mlp = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 2))
    assert sorted(trace(mlp).sizes.values()) == [2, 5]
    assert sorted(trace(GradNet(4, 3)).sizes.values()) == [3, 4]


def test_a_dimension_of_one() -> None:
    traced = trace(GradNet(1, 3), 1)
    assert traced.graph.nodes[traced.graph.output].shape == ()


def test_large_parameters_are_not_read() -> None:
    net = GradNet(1024, 1024)
    before = net.W.detach().clone()
    trace(net)
    assert torch.equal(net.W, before)
