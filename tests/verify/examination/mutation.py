"""Mutants: an examined module with one thing changed in its source.

A mutant has no known truth. What verify says of it is held against differences of the plain
function: see ``contradiction``.
"""

import ast
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch

from . import entry as registry
from .entry import Entry
from .patience import OutOfTimeError, at_most

FOLDER = Path(__file__).parent
FUNCTIONS = {
    "tanh": "sin",
    "sigmoid": "cos",
    "softplus": "tanh",
    "relu": "gelu",
    "exp": "sin",
    "softmax": "log_softmax",
    "square": "abs",
    "abs": "sin",
    "cumsum": "cumprod",
    "logsumexp": "sum",
    "amax": "sum",
    "argmax": "argmin",
    "norm": "sum",
    "maximum": "minimum",
    "floor": "frac",
    "sign": "abs",
    "clamp": "mul",
    "rsqrt": "sqrt",
    "sin": "tanh",
    "cos": "sigmoid",
    "gelu": "relu",
    "silu": "softplus",
}
OPERATORS: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.Add(),
    ast.Div: ast.Mult(),
}
COMPARISONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Gt: ast.Lt(),
    ast.Lt: ast.Gt(),
    ast.GtE: ast.Lt(),
    ast.LtE: ast.Gt(),
}
TRANSPOSES = ("T", "mT")
Change = Callable[[ast.expr], ast.expr | None]


@cache
def source(kind: str) -> str:
    """Return the text of a kind, the same however its file changes meanwhile."""
    return (FOLDER / f"{kind}.py").read_text()


def called(node: ast.expr) -> str:
    """Return the name of the function that a call calls, or ""."""
    function = node.func if isinstance(node, ast.Call) else None
    return function.attr if isinstance(function, ast.Attribute) else ""


def method(node: ast.expr, name: str, *arguments: int) -> ast.expr:
    values: list[ast.expr] = [ast.Constant(a) for a in arguments]
    return ast.Call(ast.Attribute(node, name, ast.Load()), values, [])


def is_tensor_of_self(node: ast.expr) -> bool:
    """Whether it reads self.W, self.b, ...: one name after self, of one or two letters."""
    if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
        return False
    return node.value.id == "self" and len(node.attr) <= 2


def negate(node: ast.expr) -> ast.expr | None:
    return ast.UnaryOp(ast.USub(), node) if called(node) in FUNCTIONS else None


def exchange_function(node: ast.expr) -> ast.expr | None:
    if called(node) not in FUNCTIONS or not isinstance(node, ast.Call):
        return None
    assert isinstance(node.func, ast.Attribute)
    other = ast.Attribute(node.func.value, FUNCTIONS[node.func.attr], ast.Load())
    return ast.Call(other, node.args, node.keywords)


def drop_function(node: ast.expr) -> ast.expr | None:
    if called(node) not in FUNCTIONS or not isinstance(node, ast.Call):
        return None
    assert isinstance(node.func, ast.Attribute)
    module = isinstance(node.func.value, ast.Name) and node.func.value.id in ("torch", "F")
    return node.args[0] if module and node.args else node.func.value


def exchange_operator(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return ast.BinOp(node.left, OPERATORS[type(node.op)], node.right)
    return None


def exchange_sides(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Div | ast.MatMult):
        return ast.BinOp(node.right, node.op, node.left)
    if called(node) == "where" and isinstance(node, ast.Call) and len(node.args) == 3:
        return ast.Call(node.func, [node.args[0], node.args[2], node.args[1]], node.keywords)
    return None


def exchange_comparison(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        return ast.Compare(node.left, [COMPARISONS[type(node.ops[0])]], node.comparators)
    return None


def shift_constant(node: ast.expr) -> ast.expr | None:
    is_number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
    return ast.BinOp(node, ast.Add(), ast.Constant(1)) if is_number else None


def negate_constant(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value:
        return ast.UnaryOp(ast.USub(), node)
    return None


def drop_transpose(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.Attribute) and node.attr in TRANSPOSES:
        return node.value
    return None


def untie_by_flip(node: ast.expr) -> ast.expr | None:
    return method(node, "flip", 0) if is_tensor_of_self(node) else None


def untie_by_scale(node: ast.expr) -> ast.expr | None:
    if not is_tensor_of_self(node):
        return None
    return ast.BinOp(node, ast.Mult(), ast.Constant(2))


def untie_by_sign(node: ast.expr) -> ast.expr | None:
    return ast.UnaryOp(ast.USub(), node) if is_tensor_of_self(node) else None


def detach(node: ast.expr) -> ast.expr | None:
    return method(node, "detach") if called(node) in FUNCTIONS else None


def gate_by_first(node: ast.expr) -> ast.expr | None:
    """Multiply by something that sees one entry of its argument."""
    if called(node) not in FUNCTIONS:
        return None
    first = ast.parse("_[..., :1].sigmoid()", mode="eval").body
    for part in ast.walk(first):
        if isinstance(part, ast.Subscript):
            part.value = copy.deepcopy(node)
    return ast.BinOp(node, ast.Mult(), first)


CHANGES: tuple[Change, ...] = (
    negate,
    exchange_function,
    drop_function,
    exchange_operator,
    exchange_sides,
    exchange_comparison,
    shift_constant,
    negate_constant,
    drop_transpose,
    untie_by_flip,
    untie_by_scale,
    untie_by_sign,
    detach,
    gate_by_first,
)


@dataclass(frozen=True)
class Site:
    """One change at one place: the ``index``-th node of a file, by ``change``."""

    kind: str
    key: str
    index: int
    change: Change


class Changed(ast.NodeTransformer):
    """A tree with one node changed."""

    def __init__(self, target: ast.AST, change: Change) -> None:
        self.target, self.change = target, change

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self.target:
            assert isinstance(node, ast.expr)
            return self.change(node) or node
        return super().generic_visit(node)


def places(statement: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    """Yield (name of the entry, tree) for what a statement of a file puts into the examination."""
    if isinstance(statement, ast.ClassDef | ast.FunctionDef) and statement.decorator_list:
        for part in statement.body:
            yield statement.name, part
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Dict):
        for key, value in zip(statement.value.keys, statement.value.values, strict=True):
            if isinstance(key, ast.Constant):
                yield str(key.value), value


def sites(kind: str) -> Iterator[Site]:
    """Yield every change to the entries of a kind."""
    tree = ast.parse(source(kind))
    number = {id(node): k for k, node in enumerate(ast.walk(tree))}
    for statement in tree.body:
        for key, part in places(statement):
            for node in ast.walk(part):
                if not isinstance(node, ast.expr):
                    continue
                for change in CHANGES:
                    if change(node) is not None:
                        yield Site(kind, key, number[id(node)], change)


def mutant(site: Site) -> Entry | None:
    """Return the changed entry, without a truth, or None where the change breaks its file."""
    tree = ast.parse(source(site.kind))
    target = next(node for k, node in enumerate(ast.walk(tree)) if k == site.index)
    line = getattr(target, "lineno", 0)
    changed = ast.unparse(ast.fix_missing_locations(Changed(target, site.change).visit(tree)))
    package = registry.__name__.rpartition(".")[0]
    before = len(registry.ENTRIES)
    try:
        code = compile(changed, f"mutant of {site.kind}.py", "exec")
        exec(code, {"__name__": f"{package}.{site.kind}", "__package__": package})
        found = [e for e in registry.ENTRIES[before:] if e.name.endswith(site.key)]
        name = f"{found[0].name} line {line} {site.change.__name__}" if found else ""
        return replace(found[0], name=name, symmetric=None, psd=None) if found else None
    except Exception:  # a mutated source may raise anything: then it is no mutant
        return None
    finally:
        del registry.ENTRIES[before:]


def maps(entry: Entry) -> bool:
    """Whether the module can be made and gives an answer of the shape of its question."""
    try:
        with at_most(5):
            x = torch.ones(2, entry.dim, dtype=torch.float64)
            y = entry.make().double()(x)
            return isinstance(y, torch.Tensor) and y.shape == x.shape and y.dtype == x.dtype
    except (Exception, OutOfTimeError):
        return False


def mutants(count: int, kinds: list[str], seed: int = 0) -> Iterator[Entry]:
    """Yield so many mutants that can be built and called, kind after kind in turn."""
    chosen = random.Random(seed)
    waiting = {kind: list(sites(kind)) for kind in kinds}
    for places_of_kind in waiting.values():
        chosen.shuffle(places_of_kind)
    while count and any(waiting.values()):
        for kind in kinds:
            if count and waiting[kind]:
                found = mutant(waiting[kind].pop())
                if found is not None and maps(found):
                    count -= 1
                    yield found
