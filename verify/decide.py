"""Decide both claims about a module: trace, prove, refute; and check certificates."""

import re
from collections.abc import Callable, Iterator
from threading import RLock

from torch import nn

from verify.counterexample import Counterexample
from verify.search.agreement import disagreement
from verify.search.prove import Failure, prove
from verify.search.refute import refute
from verify.search.roll import roll
from verify.search.rounding import rests_on_rounding
from verify.search.suggest import suggest
from verify.trusted import kernel
from verify.trusted.graph import Graph, GraphError
from verify.trusted.restored import Restored
from verify.trusted.schema import covers
from verify.trusted.surroundings import judged
from verify.trusted.trace import Traced, TraceError, fix, freeze, trace
from verify.verdict import CLAIMS, SCOPES, Certificate, Reason, Verdict

ALONE = RLock()  # torch and Python are watched while a module is traced: by one thread at a time
FEW = 8  # sizes up to which a claim is also tried to be proved of these sizes alone


def decide(net: nn.Module, claim: str, dim: int | None = None, scope: str = "all") -> Verdict:
    """Decide whether a module's map has a symmetric (psd) Jacobian everywhere.

    Args:
        net: a module that maps (batch, dim) to (batch, dim), float32 or float64, in the mode
            (train or eval) that it is in.
        claim: "symmetric" (a gradient field) or "psd" (the gradient of a convex function).
        dim: n; may be left out where the module says it.
        scope: "all" values of the trainable parameters, or the "current" ones.

    Raises:
        TypeError, ValueError: an argument that is none of these, or a module of another kind.

    >>> from torch import nn
    >>> decide(nn.Tanh(), "psd", dim=3).status
    'proved'
    >>> decide(nn.Linear(3, 3), "symmetric").status
    'refuted'
    """
    for name, value, known in (("claim", claim, CLAIMS), ("scope", scope, SCOPES)):
        if value not in known:
            raise ValueError(f"{name}: expected one of {', '.join(known)}, got {value!r}")
    with ALONE, judged(net), Restored(net) as kept:
        verdict = decided(net, claim, dim, scope, kept.put_back)
    if kept.spoilt and verdict.status != "unknown":
        detail = f"the call changes {kept.spoilt[0]}, at least where it ends by an error"
        return replaced(verdict, status="unknown", certificate=None, counterexample=None,
                        suggestion="", reason=Reason("not a sample map", detail))  # fmt: skip
    return verdict


def decided(
    net: nn.Module, claim: str, dim: int | None, scope: str, put_back: Callable[[], None]
) -> Verdict:
    try:
        traced = trace(net, dim)
    except TraceError as error:
        reason = Reason(error.kind, error.detail, error.source)
        return Verdict("unknown", claim, scope, dim or 0, reason=reason)
    n = (*traced.graph.nodes[traced.graph.output].shape, 1)[0]
    n = traced.sizes[n] if isinstance(n, str) else n
    told = Verdict(
        "unknown", claim, scope, n, exclusions=traced.exclusions, names=traced.names,
        graph=traced.graph,
    )  # fmt: skip
    difference = disagreement(net, traced, scope, put_back)
    if difference:
        return replaced(told, reason=Reason("not a sample map", difference))
    failures: list[Failure] = []
    notes: list[str] = []
    seen = counterexample_of(traced, claim, scope, "glance", notes)  # where it is plain to see
    for graph, kind in readings(traced, scope) if seen is None else ():
        if graph is not traced.graph and kind == "all" and any(f.is_of_size for f in failures):
            continue  # with sizes as numbers it is larger still
        found = prove(graph, traced.spare if graph is traced.graph else (), claim, kind)
        if not isinstance(found, Failure):
            proof = Certificate(found)
            return replaced(told, status="proved", certificate=proof, sizes=sizes(proof))
        failures.append(found)
    counterexample = counterexample_of(traced, claim, scope, "full", notes) or seen
    if counterexample is not None and rests_on_rounding(traced, counterexample):
        return replaced(told, reason=Reason("rounding", stored(counterexample)))
    if counterexample is not None:
        hint = suggest(traced, claim) if scope == "all" else ""
        return replaced(told, status="refuted", counterexample=counterexample, suggestion=hint)
    return replaced(told, reason=blocked(traced, failures, "".join(dict.fromkeys(notes))))


def stored(found: Counterexample) -> str:
    """Return what is refuted of the numbers as they are stored."""
    name, (lower, upper) = [*found.enclosures.items()][-1]
    value = f"{name} in [{float(lower):.3g}, {float(upper):.3g}]"
    return f"refuted ({value}) only by how constants are rounded; other roundings change that"


def counterexample_of(
    traced: Traced, claim: str, scope: str, effort: str, notes: list[str]
) -> Counterexample | None:
    """Return a counterexample or None, with a note where the search met what it does not know."""
    try:
        return refute(traced, claim, scope, effort=effort)
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError) as error:
        notes.append(f"; the search for a counterexample stopped: {' '.join(str(error).split())}")
        return None


def readings(traced: Traced, scope: str) -> Iterator[tuple[Graph, str]]:
    """Yield the graphs to prove the claim of: of any depth and size, as they are, with numbers."""
    schema = roll(traced.graph, traced.sizes)
    if schema is not None:
        yield schema, "all"
    yield traced.graph, "all"
    if traced.sizes and max(traced.sizes.values()) <= FEW:
        yield fix(traced), "all"
    if scope == "current" and traced.tensors:
        yield freeze(traced), "current"


def replaced(verdict: Verdict, **changes: object) -> Verdict:
    """Return a verdict with some fields changed."""
    return Verdict(**{**vars(verdict), **changes})  # type: ignore[arg-type]


def sizes(certificate: Certificate) -> str:
    """Return what sizes a proof is for."""
    shape = certificate.graph.nodes[certificate.graph.output].shape
    fixed = sorted({size for p in certificate.graph.params for size in p if isinstance(size, int)})
    dims = {size for size in shape if isinstance(size, int)} if shape else {1}
    told = f"dim = {max(dims)} only" if dims else "all dims"
    fixed = [size for size in fixed if size not in dims]
    rest = f"axes of {', '.join(map(str, fixed))} as they are" if fixed else ""
    return f"{told}; {rest}" if rest else told if dims else "all sizes"


def blocked(traced: Traced, failures: list[Failure], note: str) -> Reason:
    """Return what stopped the proofs, with the line of the user's module where one is known."""
    tried = [attempt for failure in failures for attempt in failure.tried]
    if not tried:
        return Reason("no proof found", f"the map has no form that a rule knows{note}")
    way, step, why = tried[-1]
    node = re.search(r"node (\d+)", step)
    number = int(node[1]) if node else len(traced.sources)
    source = traced.sources[number] if number < len(traced.sources) else ""
    return Reason("side condition", f"{way}: {step}: {why}{note}", source)


def check(certificate: Certificate, net: nn.Module | None = None, dim: int | None = None) -> None:
    """Re-check a certificate; with a module, also that it is that module's.

    Raises:
        Rejected: the step that fails, and why.

    >>> verdict = decide(nn.Tanh(), "psd", dim=3)
    >>> check(verdict.certificate, nn.Tanh(), dim=5)
    """
    kernel.check(certificate.document)
    if net is not None:
        with ALONE, judged(net), Restored(net) as kept:
            compare(certificate, net, dim, kept.put_back)


def compare(
    certificate: Certificate, net: nn.Module, dim: int | None, put_back: Callable[[], None]
) -> None:
    """Raise Rejected unless a certificate is about the map of a module."""
    try:
        traced = trace(net, dim)
    except TraceError as error:
        raise kernel.Rejected("trace", str(error)) from None
    flat = freeze(traced) if certificate.scope == "current" else traced.graph
    digest = certificate.graph.digest
    same = digest == flat.digest or digest == fix(traced).digest
    if not same and certificate.scope == "all":
        try:
            same = covers(certificate.graph, flat, traced.sizes) is not None
        except GraphError as error:
            raise kernel.Rejected("schema", str(error)) from None
    if not same:
        raise kernel.Rejected("module", "the certificate is about another map than the module's")
    difference = disagreement(net, traced, certificate.scope, put_back)
    if difference:
        raise kernel.Rejected("module", difference)


def assert_proved(
    net: nn.Module, claim: str, dim: int | None = None, scope: str = "all"
) -> Certificate:
    """Raise AssertionError, with the verdict, unless a claim is proved; return the certificate.

    >>> assert_proved(nn.Tanh(), "psd", dim=3).claim
    'psd'
    """
    verdict = decide(net, claim, dim, scope)
    if verdict.certificate is None:
        raise AssertionError(str(verdict))
    return verdict.certificate
