"""What torch computes where it is traced, kept to what it computes where it is not."""

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from verify.trusted.values import TraceError


class Eager(TorchFunctionMode):
    """Note what leaves torch; have it compute as it does where it is not traced.

    One formula for distances, which torch chooses by their number. A dropout that drops nothing
    returns its argument itself; where torch traces, a copy.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left = ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        if name in ("numpy", "__array__", "__dlpack__", "data_ptr"):
            self.left = name
        if func is torch.cdist:
            args, kwargs = args[:3], {**(kwargs or {})}
            kwargs["compute_mode"] = "donot_use_mm_for_euclid_dist"
        if name.rstrip("_123d") in DROPOUTS:
            given = {**dict(zip(("input", "p", "training"), args, strict=False)), **(kwargs or {})}
            drops = given.get("training", given.get("train", True)) and given.get("p", 0.5)
            made = func(*args, **(kwargs or {}))
            return made if drops else given["input"]
        if other := otherwise(name, args, kwargs or {}):
            raise TraceError("not readable", f"{name} {other}, which torch does not trace as it is")
        return func(*args, **(kwargs or {}))


DROPOUTS = ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
OTHERWISE = {"multi_margin_loss": "at a margin", "multilabel_margin_loss": "at a margin"}


def otherwise(name: str, args: Any, kwargs: Any) -> str:
    """Return for what torch computes something else where it is traced, "" if it is not known to.

    Its formulas in Python for tracing count the ends of a margin, or pick other entries; quantile
    asks whether q is from 0 to 1 only where it is not traced; unsafe views are no views there.
    """
    if name in ("quantile", "nanquantile") and isinstance(
        kwargs.get("q", [*args, 0, 0][1]), Tensor
    ):
        return "of a tensor q"
    if name == "interpolate" and kwargs.get("mode") == "nearest-exact":
        return "nearest-exact"
    if name == "interpolate" and any(
        s is not None and s != int(s) for s in tree_leaves(kwargs.get("scale_factor"))
    ):
        return "by a scale that is not whole"
    return "of views" if name.startswith("unsafe_") else OTHERWISE.get(name, "")
