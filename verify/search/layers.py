"""Functions of one node, entry by entry, of which the module computes the slope too."""

from itertools import permutations, product

from verify.search.workbench import Workbench
from verify.trusted.kernel import Rejected
from verify.trusted.polys import RingError

MOST = 6  # functions of one node that are looked at


def named_functions(bench: Workbench) -> list[list[int]]:
    """Return [phi(w), psi(w), w] with phi' = psi, for nodes that other nodes need."""
    found: list[list[int]] = []
    taken = set[int]()
    for w in range(len(bench.nodes)):
        if w in taken or bench.nodes[w].op == "x" or not moves(bench, w):
            continue
        inside = functions_of(bench, w)
        taken |= inside
        near = [n for n in sorted(inside) if needed(bench, n, inside)][:MOST]
        others = [n for n in sorted(inside) if n not in near][: 2 * MOST]
        used = set[int]()
        for value, slope in (*permutations(near, 2), *product(near, others)):
            if used.isdisjoint({value, slope}) and is_pair(bench, value, slope, w):
                found.append([value, slope, w])
                used |= {value, slope}
    return found


def moves(bench: Workbench, number: int) -> bool:
    """Return whether a node depends on x and on no variable."""
    return "x" in bench.reach[number] and bench.reach[number] <= {"x", "param", "lit"}


def functions_of(bench: Workbench, w: int) -> set[int]:
    """Return the nodes that depend on x through w only, and entry by entry."""
    found, out = {w}, bench.nodes[w].out
    for n in range(w + 1, len(bench.nodes)):
        node = bench.nodes[n]
        moving = [ref for ref in node.args if bench.varies(ref.node)]
        inside = all(ref.node in found and ref.index == out for ref in moving)
        if moving and inside and node.shape == bench.nodes[w].shape and node.op != "loop":
            found.add(n)
    return found - {w}


def needed(bench: Workbench, number: int, inside: set[int]) -> bool:
    """Return whether a node is the output, or needed by one that is not such a function."""
    users = [n for n, node in enumerate(bench.nodes) if any(r.node == number for r in node.args)]
    return number == bench.root or any(n not in inside for n in users)


def is_pair(bench: Workbench, value: int, slope: int, w: int) -> bool:
    """Return whether one function of w is the slope of the other."""
    try:
        bench.is_slope(value, slope, w, "")
    except (RingError, Rejected, RecursionError):
        return False
    return True
