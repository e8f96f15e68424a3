"""The table of readings, by aten's names, and what kinds of operations there are.

A reading takes the values of the arguments and returns that of the result, or of several, with None
for one that has no reading. An overload is named only where it means something else. ``v.b.now`` is
the operation in the traced program, of which only shapes and dtypes are used.
"""

from collections.abc import Callable
from typing import Any

from torch import fx

from verify.trusted.readings.activations import ELEMENTWISE
from verify.trusted.readings.along import ALONG
from verify.trusted.readings.elementwise import Reading, words
from verify.trusted.readings.losses import LOSSES
from verify.trusted.readings.matrices import MATRICES
from verify.trusted.readings.moving import PLACES
from verify.trusted.readings.patches import PATCHES
from verify.trusted.readings.polynomials import POLYNOMIALS

READINGS: dict[str, Reading] = {
    **ELEMENTWISE,
    **ALONG,
    **PLACES,
    **MATRICES,
    **PATCHES,
    **LOSSES,
    **POLYNOMIALS,
}

# What fills a tensor, and at which place the filling stands (0: none); of the tensor that may stand
# first only the shape is used.
FILLED = {
    **dict.fromkeys(words("full full_like fill copy"), 1),
    "new_full": 2,
    "scalar_tensor": -1,
    **dict.fromkeys(words("zeros ones zeros_like ones_like new_zeros new_ones"), 0),
    **dict.fromkeys(words("empty empty_like new_empty new_empty_strided empty_strided"), 0),
}
# Arguments without influence, by place: they need no reading.
UNREAD = {"log_sigmoid_backward": 2, "rrelu_with_noise": 1, "rrelu_with_noise_functional": 1,
          "rrelu_with_noise_backward": 2, "native_group_norm": 3,
          "nll_loss_backward": 6}  # fmt: skip
# Arguments that readings take as they are, constant tensors, by place.
RAW = {"index": 1, "_unsafe_index": 1, "index_select": 2, "index_put": 1, "_unsafe_index_put": 1,
       "gather": 2, "index_add": 2, "embedding": 1, "scatter": 2, "scatter_add": 2, "bucketize": 1,
       "searchsorted": 0}  # fmt: skip
# What only moves entries, and may be given the number of samples as a size.
LAYOUT = set(
    words(
        "detach alias clone contiguous lift_fresh lift_fresh_copy view reshape _unsafe_view "
        "squeeze unsqueeze expand permute transpose t repeat select slice index index_select "
        "cat stack flip roll tril triu diagonal diag_embed unbind split split_with_sizes"
    )
)
ZEROS = set(words("tril triu diag_embed"))  # of these, what puts zeros beside its entries
SIZED = set(words("slice_backward select_backward diagonal_backward unfold_backward"))
# What chooses among its entries: exact for constants, within their bounds for whole numbers.
PICKS = set(words("sort topk kthvalue median max min amax amin cummax cummin where"))
CHOICE = PICKS | set(words("maximum minimum gather slice_scatter select_scatter"))
# What results in truth values, and what takes them.
LOGIC = set(
    words(
        "gt lt ge le eq ne logical_not bitwise_not logical_and bitwise_and logical_or "
        "bitwise_or logical_xor bitwise_xor isnan isinf isfinite any all mul _to_copy"
    )
)
TRUTHS = set(
    words(
        "logical_and logical_or logical_xor any all bitwise_and bitwise_or bitwise_xor bitwise_not"
    )
)
# Where entries that are not set may be moved and overwritten.
MOVED = set(words("slice select slice_scatter select_scatter alias detach clone copy"))
RANDOM = (
    "rand",
    "bernoulli",
    "dropout",
    "normal",
    "uniform",
    "multinomial",
    "exponential",
    "rrelu",
)
ROUNDED = set(words("floor ceil trunc round _to_copy"))
CLAMPS: dict[str, Callable[[fx.Node], tuple[Any, Any]]] = {
    "clamp": lambda n: (n.kwargs.get("min", at(n, 1)), n.kwargs.get("max", at(n, 2))),
    "clamp_min": lambda n: (at(n, 1), None),
    "clamp_max": lambda n: (None, at(n, 1)),
    "hardtanh": lambda n: (at(n, 1, -1), at(n, 2, 1)),
}


def at(node: fx.Node, place: int, default: Any = None) -> Any:
    return node.args[place] if len(node.args) > place else default


def name_of(node: fx.Node) -> tuple[str, str]:
    """Return an operation's name with its overload, and without."""
    name = str(node.target).removeprefix("aten.").removesuffix(".default")
    base, _, overload = name.partition(".")
    if base.endswith("_copy") and base not in ("_to_copy", "lift_fresh_copy", "index_copy"):
        base = base.removesuffix("_copy")
    return f"{base}.{overload}", base
