"""The weights that the authors published, as networks of this package.

The files are state dicts of the classes in the authors' public code (SPronav/GradientNetworks,
MIT). The keys tell cascaded from modular networks; whether the coefficients pass through softplus
is not in the file, only in the folder's name, so it is asked for or read from the path.
"""

import re
from pathlib import Path

import torch
from torch import Tensor, nn

from gradnets.cascaded import GradNetC, mGradNetC
from gradnets.modular import GradNetM, mGradNetM

Weights = dict[str, Tensor]

MODELS: dict[str, type[nn.Module]] = {
    "mGradNetC": mGradNetC,
    "mGradNetM": mGradNetM,
    "GradNetC": GradNetC,
    "GradNetM": GradNetM,
}


def model_named_in(path: Path) -> str | None:
    """Return the class that the authors' file or folder names speak of, None without one.

    >>> model_named_in(Path("trained_models/convex/mGN-C/trial0/model.pt"))
    'mGradNetC'
    """
    found = re.findall(r"(?<![A-Za-z])(m?)GN-([CM])(?![A-Za-z])", str(path))
    return f"{found[-1][0]}GradNet{found[-1][1]}" if found else None


def field_named_in(path: Path) -> str | None:
    """Return the field that the authors' file or folder names speak of, None without one.

    >>> field_named_in(Path("nonconvex_study/convex_mGN-C_trial0.pt"))
    'convex'
    """
    found = re.findall(r"(?<![A-Za-z])(?:non)?convex(?![A-Za-z])", str(path))
    return found[-1] if found else None


def load(path: str | Path, model: str | None = None) -> nn.Module:
    """Return the network whose weights the authors published in this file.

    Args:
        path: a file of theirs, such as ``convex_mGN-C_trial0.pt``; it is read with
            ``weights_only=True``, so that no code in it can run.
        model: "mGradNetC", "mGradNetM", "GradNetC" or "GradNetM"; read from the path by default.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a file of weights, a file that does not fit the model, a weight that is not
            finite, or a path that does not name the model.

    Source: https://github.com/SPronav/GradientNetworks, MIT.

    >>> load("nowhere.pt", model="mGradNetC")
    Traceback (most recent call last):
        ...
    FileNotFoundError: path: no file nowhere.pt
    """
    path = Path(path)
    name = model or model_named_in(path)
    if name is None:
        raise ValueError(f"model: {path} does not name it, expected one of {', '.join(MODELS)}")
    if name not in MODELS:
        raise ValueError(f"model: expected one of {', '.join(MODELS)}, got {name!r}")
    weights = read(path)
    renamed, net = (cascaded if name.endswith("C") else modular)(path, weights, MODELS[name])
    expected = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in renamed.items()}
    if found != expected:
        raise ValueError(f"{path}: does not fit {name}: {difference(found, expected)}")
    net.load_state_dict(renamed)
    return net


def read(path: Path) -> Weights:
    """Return the finite tensors of a file, on the CPU."""
    if not path.is_file():
        raise FileNotFoundError(f"path: no file {path}")
    try:
        weights = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # torch.load raises errors of every kind on a damaged file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path}: not a file of torch weights ({reason})") from None
    if not isinstance(weights, dict) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in weights.items()
    ):
        raise ValueError(f"{path}: expected a state dict of tensors, got {type(weights).__name__}")
    for key, value in weights.items():
        if value.layout != torch.strided or not value.is_floating_point() or value.is_meta:
            raise ValueError(f"{path}: {key} is {value.dtype}, {value.layout}, not dense floating")
        if not torch.isfinite(value.float()).all():
            raise ValueError(f"{path}: {key} holds values that are not finite in float32")
    return {key: value.float() for key, value in weights.items()}


def cascaded(path: Path, weights: Weights, model: type[nn.Module]) -> tuple[Weights, nn.Module]:
    """Return the weights under this package's names, and a network to receive them.

    The forward pass of the authors' GradNet_C takes its last activation from a leftover loop
    index, so the last but one stands twice; with learned weights this must be followed.
    """
    depth = count(weights, "alpha")
    W = matrix(path, weights, "W", 2)
    learned = "nonlinearity.0.a" in weights
    raw = "raw_" if model is mGradNetC else ""
    renamed = {"W": W, "a": column(path, weights, f"bias.{depth}")}
    for ours, theirs in (("b", "bias"), (f"{raw}alpha", "alpha"), (f"{raw}beta", "beta")):
        renamed[ours] = stack(path, weights, [f"{theirs}.{i}" for i in range(depth)])
    if learned:
        for i in range(depth):
            source = min(i, depth - 2) if model is GradNetC and depth > 1 else i
            for key in "ab":
                theirs = f"nonlinearity.{source}.{key}"
                renamed[f"sigmas.{i}.{key}"] = column(path, weights, theirs)
    used = 1 + 3 * depth + 1 + 2 * depth * learned
    complete(path, weights, used)
    width, dim = W.shape
    return renamed, model(dim, width, depth, activation="wtanh" if learned else "tanh")


def modular(path: Path, weights: Weights, model: type[nn.Module]) -> tuple[Weights, nn.Module]:
    """Return the weights under this package's names, and a network to receive them."""
    modules = count(weights, "mmgn_modules")
    theirs = [f"mmgn_modules.{k}" for k in range(modules)]
    learned = "mmgn_modules.0.act.a" in weights
    renamed = {
        "W": stack(path, weights, [f"{k}.W" for k in theirs], dims=2),
        "b": stack(path, weights, [f"{k}.b" for k in theirs]),
        "a": column(path, weights, "bias"),
        "raw_c" if model is mGradNetM else "c": matrix(path, weights, "alpha", 1),
        "raw_t": stack(path, weights, [f"{k}.beta" for k in theirs]).flatten(),
    }
    if learned:
        for k in range(modules):
            for key in "ab":
                value = matrix(path, weights, f"{theirs[k]}.act.{key}", 0)
                renamed[f"sigmas.{k}.{key}"] = value.reshape(1, 1)
    complete(path, weights, 2 + 3 * modules + 2 * modules * learned)
    _, width, dim = renamed["W"].shape
    return renamed, model(dim, width, modules, activation="wsoftmax" if learned else "softmax")


def count(weights: Weights, name: str) -> int:
    """Return how many numbered entries a name has, at least 1 so that a gap is reported."""
    return max(1, len({key.split(".")[1] for key in weights if key.startswith(f"{name}.")}))


def matrix(path: Path, weights: Weights, key: str, dims: int) -> Tensor:
    """Return the tensor of that key, or say that it is missing or of another rank."""
    if key not in weights:
        raise ValueError(f"{path}: does not fit: no entry {key!r}, found {', '.join(weights)}")
    if weights[key].ndim != dims:
        shape = tuple(weights[key].shape)
        raise ValueError(f"{path}: does not fit: {key} has shape {shape}, expected {dims} axes")
    return weights[key]


def column(path: Path, weights: Weights, key: str) -> Tensor:
    """Return the vector of that key as a column."""
    return matrix(path, weights, key, 1).unsqueeze(-1)


def stack(path: Path, weights: Weights, keys: list[str], dims: int = 1) -> Tensor:
    """Return the tensors of these keys stacked, vectors as columns."""
    if dims == 1:
        tensors = [column(path, weights, key) for key in keys]
    else:
        tensors = [matrix(path, weights, key, dims) for key in keys]
    if len({tensor.shape for tensor in tensors}) > 1:
        raise ValueError(f"{path}: does not fit: {', '.join(keys)} differ in shape")
    return torch.stack(tensors)


def complete(path: Path, weights: Weights, used: int) -> None:
    """Refuse a file with entries that were not read: it is of another model."""
    if len(weights) != used:
        raise ValueError(f"{path}: does not fit: {len(weights)} entries where {used} are known")


def difference(found: dict[str, tuple[int, ...]], expected: dict[str, tuple[int, ...]]) -> str:
    """Return the first entry that differs, in words."""
    key = next(k for k in sorted(expected | found) if found.get(k) != expected.get(k))
    return f"{key} has shape {found.get(key)}, expected {expected.get(key)}"
