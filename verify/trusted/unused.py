"""What the output needs, and what it does not: that may raise an error, and f is undefined."""

import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, fx
from torch.utils._pytree import tree_leaves

from verify.trusted.aten import FILLED, READINGS, UNREAD, name_of
from verify.trusted.values import TraceError, Value, unreadable

# Parts of the names of operations that check values; of places, those beyond the first argument.
CHECKS = (
    *("assert", "bernoulli", "bincount", "binary_cross_entropy", "cholesky", "ctc_loss", "histc"),
    *(
        "inverse",
        "linalg",
        "lstsq",
        "lu_solve",
        "lu_unpack",
        "margin_loss",
        "multinomial",
        "nll_loss",
        "one_hot",
    ),
    *("repeat_interleave", "normal", "svd", "eig", "qr", "geqrf", "solve"),
)
PLACES = ("embedding", "gather", "index", "put", "scatter", "take")
DIVISIONS = ("div", "floor_divide", "fmod", "remainder")


def needed(out: fx.Node) -> set[fx.Node]:
    """Return the operations whose values the output needs; of some only the shape is used."""
    live: set[fx.Node] = set()
    stack = [out]
    while stack:
        node = stack.pop()
        if node not in live:
            live.add(node)
            base = name_of(node)[1]
            inputs = [a for k, a in enumerate(node.args) if k != UNREAD.get(base)]
            if base in FILLED:
                inputs = inputs[FILLED[base] :][:1] if FILLED[base] else []
            leaves = tree_leaves((inputs, dict(node.kwargs)))
            stack.extend(a for a in leaves if isinstance(a, fx.Node))
    return live


def check_unused(nodes: Iterable[fx.Node], live: set[fx.Node], env: Mapping[fx.Node, Any]) -> None:
    """Raise TraceError for an operation that is not live and may raise an error for some values."""
    backward = [n for n in live if name_of(n)[1] == "nll_loss_backward"]
    asked = [("nll_loss_forward", n.args[1:6]) for n in backward]
    for node in nodes:
        if node.op != "call_function" or node in live or node.target is operator.getitem:
            continue
        base, result = name_of(node)[1], node.meta.get("val")
        whole = base in DIVISIONS and not result.is_floating_point()  # type: ignore[union-attr]
        places = any(word in base for word in PLACES)
        known = base in READINGS or base in FILLED or not isinstance(result, Tensor | tuple | list)
        if base.endswith("with_logits") or (base, node.args[:5]) in asked:  # asks no value, or
            continue  # what a reading asks for
        checks = any(word in base for word in CHECKS) or node.kwargs.get("sorter") is not None
        if known and not (whole or places or checks):
            continue
        if base == "_linalg_check_errors" and made_by(node.args[0]) in live:
            continue  # what is read of the result asks whether it is defined
        if base == "_assert_async" and holds(node.args[0], env):
            continue
        taken = [*node.args[1 if places else 0 :], *node.kwargs.values()]
        given = [a for a in tree_leaves(taken) if isinstance(a, fx.Node)]
        if any(env.get(a) is None or isinstance(env[a], Value) for a in given):
            raise TraceError("not readable", f"{base} may raise an error, and is not used")


def holds(condition: Any, env: Mapping[fx.Node, Any]) -> bool:
    """Return whether the bounds of whole numbers say all(v >= n), or all(v < n)."""
    if name_of(condition)[1] != "all" or len(condition.args) != 1:
        return False
    asked = condition.args[0]
    base = name_of(asked)[1]
    if base not in ("ge", "lt") or not isinstance(asked.args[1], int):
        return False
    v = env.get(asked.args[0])
    low, high = v.span if isinstance(v, Value) else (-math.inf, math.inf)
    return low >= asked.args[1] if base == "ge" else high < asked.args[1]


def guarded(out: Value) -> Value:
    """Return a result that is undefined where torch raises, also in a branch not selected.

    Of parameters too: where torch raises for them is outside the claim.
    """
    b, below = out.b, [out.node]
    for n in below:
        below += [m for m, _ in b.nodes[n][2] if m not in below]
    hidden = any(b.nodes[n][4] == "where" for n in below)
    for v in b.raising:
        if hidden or v.node not in below:
            if any(len({a.batch for a in axis}) == 2 for axis in v.axes):
                raise unreadable("an error that torch may raise, of samples and entries in one")
            mine = [d for d, axis in enumerate(v.axes) if not any(a.batch for a in axis)]
            rest = b.total(v, mine)
            out = out + (rest.put(1, (), gone=0) if rest.ndim else rest) * 0
    return out


def made_by(info: Any) -> Any:
    return info.args[0] if info.target is operator.getitem else info
