"""The graph against the module itself, at random points and parameters, in every mode of torch."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor

from verify.search.effort import flops
from verify.search.evaluate import evaluate
from verify.search.paths import strays
from verify.search.stream import held
from verify.search.watch import swallows, watched
from verify.trusted.computed import copied, uncached
from verify.trusted.ran import Ran
from verify.trusted.trace import Traced

JUMPS = ("step", "floor", "round", "iszero", "where", "hardmax")
FEWEST, MANY, WORK = 24, 128, 1e8  # samples compared, computed in any case; multiplications
PERIOD = 65_521  # random entries of a parameter
DIFFERS = "the module's values are not those of its graph"
Map = Callable[[Tensor], Tensor]
Run = tuple[float, float, int, Callable[[Map, Tensor], Tensor]]


def disagreement(
    net: nn.Module, traced: Traced, scope: str, put_back: Callable[[], None] = lambda: None
) -> str:
    """Return how the module's values differ from its graph's, "" where they do not.

    Looked at: the parameters as they are, and random ones; small and large points, and those beyond
    the great numbers that the code names; as a leaf, as a result, transposed, and in inference
    mode. Only where the graph jumps may one sample in three differ: rounding may take it to the
    other side. A value that Python reads, or a random number that it draws, is a disagreement too:
    the graph cannot know. What an error may leave half done is ``put_back``.
    """
    own, kinds = net, [*map(type, net.modules())]
    try:
        net = copied(net)
    except Exception:  # of the user's code, of any kind
        return "the module cannot be copied, so its values were not compared with its graph's"
    if [*map(type, net.modules())] != kinds:
        return "the module's copy is another module"
    finite, fixed = False, constants(own)
    values = [t.clone() for t in fixed]
    for number, run in enumerate((*RUNS, *far_out(own, traced))):
        judged = copied(own) if run[3] in UNUSUAL else net  # an error may leave something behind
        judged = judged if number else own  # a copy may differ
        told, known = compared(judged, traced, run, number, put_back)
        if told == DIFFERS and run[1] > 1:  # there rounding may be all that is left
            told, known = compared(copied(net).double(), traced, run, number, put_back)
        if told:
            return told
        finite = finite or (known and (scope == "all" or not run[0]))
    if not all(map(same, fixed, values)):
        return "the call changes a tensor that the module keeps"
    if swallows(net, torch.zeros(2, dim(traced), dtype=dtype(net)), put_back):
        return "the module catches an error of torch, which depends on values"
    told = strays(own, dim(traced), traced.cached)
    if told:
        return told
    return "" if finite else "the module is not finite at any of the points looked at"


def compared(
    net: nn.Module, traced: Traced, run: Run, seed: int, put_back: Callable[[], None]
) -> tuple[str, bool]:
    """Return how values differ in one run, "" if they do not, and whether some are finite."""
    (scale, size, samples, way), rng = run, np.random.default_rng(seed)
    names, spare = dict(net.named_parameters()), copied(net) if way in UNUSUAL else net
    if not set(traced.names) <= set(names):
        return "a parameter of the graph is not one of the module's", False
    own = {name: tensor.detach().clone() for name, tensor in names.items()} if scale else {}
    values = {name: tensor_like(own[name], rng, scale) for name in traced.names if scale}
    rows = looked_at(traced, samples)
    samples = min(samples, max(MANY, len(rows)))
    x = torch.from_numpy(rng.normal(size=(samples, dim(traced))) * size)
    plain_kinds = (torch.get_default_dtype(), torch.float64)
    free = not names and not dict(net.named_buffers())  # a module of any kind of numbers
    x = x.to(plain_kinds[seed % 2] if free else dtype(net))
    told: list[str] = []
    try:
        put(names, values)
        try:
            with uncached(net):
                bare = way(net, x)
        except Exception as error:  # of numbers of two kinds, or of a gradient in inference mode
            if way in UNUSUAL and (way is not inference or isinstance(error, RuntimeError)):
                way, net = plain, spare
            elif not free or x.dtype == plain_kinds[0]:
                raise
            x = x.to(plain_kinds[0]) if free else x
            put_back()
            with uncached(net):
                bare = way(net, x)
        bare = bare.detach().double().numpy()
        with watched(told, constants(net)), uncached(net):
            seen = way(net, x)
        seen = seen.detach().double().numpy()
    except Exception as error:  # of the user's code, of any kind
        return f"the module raises at random parameters: {short(error)}", False
    finally:
        put(names, own)
    if told:
        return told[0], False
    if bare.shape != x.shape or not np.array_equal(bare, seen, equal_nan=True):
        return "the module computes something else at a second call, or when it is watched", False
    params = [flat(values.get(name, names[name])) for name in traced.names]
    rows = rows[rows < samples]
    kind = torch.float32 if free else x.dtype
    far, known = differing(traced, params, x[rows], seen[rows], kind)
    jumps = any(node.name in JUMPS for node in traced.graph.nodes)
    if far.sum() > (len(rows) // 3 if jumps else 0):
        return DIFFERS, False
    return "", bool(known.any())


def constants(net: nn.Module) -> list[Tensor]:
    """Return the tensors that a module keeps which are not trained."""
    real = [t for t in held(net) if not isinstance(t, FakeTensor)]
    dense = [t for t in real if t.layout == torch.strided and t.device.type == "cpu"]
    return [t for t in dense if not t.requires_grad]


def same(t: Tensor, values: Tensor) -> bool:
    """Return whether a tensor has these values."""
    alike = t.shape == values.shape and t.dtype == values.dtype
    return alike and bool(((t == values) | ((t != t) & (values != values))).all())


def looked_at(traced: Traced, samples: int) -> np.ndarray:
    """Return the samples whose values are compared: all, fewer where one takes long."""
    most = max(FEWEST, int(WORK / flops(traced.graph, traced.sizes)))
    return np.unique(np.linspace(0, samples - 1, min(samples, most)).astype(int))


def differing(
    traced: Traced, params: Sequence[Any], x: Tensor, seen: np.ndarray, kind: torch.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """Return which samples have other values than the graph's, and which have finite ones."""
    points, small = x.detach().double().numpy(), 1e-6 if kind == torch.float32 else 1e-12

    def values(at: np.ndarray) -> np.ndarray:
        return np.asarray(evaluate(traced.graph, traced.sizes, params, at)).reshape(seen.shape)

    with np.errstate(all="ignore"):
        read = values(points)
        known = np.isfinite(seen).all(-1) & np.isfinite(read).all(-1)
        bound = 1e4 * small * (1 + np.abs(seen).max(-1, initial=0.0))
        gap = np.abs(seen - read).max(-1, initial=0.0)
        if (~(gap <= bound) & known).any():  # it may be rounding, where the map is steep
            rough = np.abs(read - values(points * (1 + small))).max(-1, initial=0.0)
            bound += 10 * np.nan_to_num(rough, nan=np.inf)
        return np.asarray(~(gap <= bound) & known), np.asarray(known)


def dtype(net: nn.Module) -> torch.dtype:
    """Return the dtype of a module's parameters, the default one if it has none."""
    return next((p.dtype for p in net.parameters()), torch.get_default_dtype())


def put(names: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """Copy values into tensors."""
    with torch.no_grad():
        for name, value in values.items():
            names[name].copy_(value)


def short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def plain(f: Map, x: Tensor) -> Tensor:
    return f(x)


def result(f: Map, x: Tensor) -> Tensor:
    return f(x.clone().requires_grad_() * 1)


def part(f: Map, x: Tensor) -> Tensor:
    return f(torch.cat([x[:1], x])[1:])


def transposed(f: Map, x: Tensor) -> Tensor:
    return f(x.T.contiguous().T)


def leaf(f: Map, x: Tensor) -> Tensor:
    return f(x.clone().requires_grad_())


def alone(f: Map, x: Tensor) -> Tensor:
    """In a thread of its own, where nothing of ours is on the stack."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(f, x).result()


def cast(f: Map, x: Tensor) -> Tensor:
    return f(x.double())


def otherwise(f: Map, x: Tensor) -> Tensor:
    """With another kind of numbers as the default one."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64 if before == torch.float32 else torch.float32)
    try:
        return f(x)
    finally:
        torch.set_default_dtype(before)


def inference(f: Map, x: Tensor) -> Tensor:
    with torch.inference_mode():
        return f(x).clone()


UNUSUAL = (cast, otherwise, inference)  # not each module can be called so
# The size of random parameters (0: as they are, < 0: all positive), of points, their number, how
# they are given.
RUNS = (
    (0.0, 1.0, 64, plain),
    (0.0, 1.0, 5, plain),
    (-0.5, 1.0, 6, result),
    (1.0, 1e3, 3, transposed),
    (0.0, 30.0, 2, inference),
    (0.0, 1e6, 7, part),
    (0.0, 1.0, 1, plain),
    (0.0, 1.0, 300, plain),
    (0.0, 1.0, 4, alone),
    (0.0, 1.0, 2, leaf),
    (0.0, 1.0, 3, cast),
    (0.0, 1.0, 8, otherwise),
)


def far_out(net: nn.Module, traced: Traced) -> list[Run]:
    """Return runs at points beyond the great numbers that the code of a module names or holds."""
    ran = Ran()
    with suppress(Exception), uncached(net), ran:  # it is reported where values are compared
        net(torch.zeros(2, dim(traced), dtype=dtype(net)))
    held = [v for module in net.modules() for v in vars(module).values()]
    named = [c for code in ran.codes.values() for c in code.co_consts] + held
    great = {abs(c) for c in named if isinstance(c, int | float) and 30 < abs(c) < 1e30}
    sizes = sorted(great)[-3:]
    return [(0.0, 2.0 * c, n, way) for c in sizes for n, way in ((64, plain), (3, transposed))]


def dim(traced: Traced) -> int:
    shape = traced.graph.nodes[traced.graph.output].shape
    return int(traced.sizes.get(shape[0], shape[0])) if shape else 1  # type: ignore[arg-type]


def tensor_like(tensor: Tensor, rng: np.random.Generator, scale: float) -> Tensor:
    """Return random values of a tensor's shape, which come again and again in a large one."""
    drawn = rng.normal(size=min(tensor.numel(), PERIOD)) * scale
    values = torch.from_numpy(np.resize(drawn, tuple(tensor.shape)))
    return (values.abs() if scale < 0 else values).to(tensor.dtype)


def flat(tensor: Tensor) -> Any:
    """Return a tensor's values without its axes of size 1."""
    values = tensor.detach().numpy()
    return values.reshape([size for size in values.shape if size > 1])
