"""Seconds of verify's verdicts on each architecture, and what plain SymPy does with small ones.

    python benchmarks/verdicts.py [--quick] [--rounds 3] [--limit 60] [--json FILE]

Prints Markdown. Times are medians of the processor's seconds, in one thread, after the imports, so
that a busy machine slows no row. A verdict's time is that of ``verify.decide``: trace, prove (or
search a counterexample), and check by the kernel. SymPy gets the same forward pass as expressions,
each question in a process of its own that is killed when its time is up; once a size ran out of
time, the larger ones are not tried.
"""

import argparse
import json
import multiprocessing
import resource
import signal
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import sympy as sp
import torch
from tabulate import tabulate
from torch import nn
from tqdm import tqdm

import gradnets
import verify
from verify import symbolic
from verify.atoms import evaluated
from verify.trusted.trace import trace

CLAIMS = ("symmetric", "psd")
SIZES = ((2, 2), (3, 5), (64, 256), (1024, 1024))
SYMPY_SIZES = ((2, 2), (3, 3), (4, 5))
CURRENT = (64, 64)
DEPTH, SYMPY_DEPTH = 4, 2

Size = tuple[int, int]
Row = dict[str, Any]
Case = tuple[str, Size, str, str]


def build(name: str, size: Size, depth: int) -> nn.Module:
    """Return a network of gradnets with the same first weights on every call."""
    torch.manual_seed(0)
    layers = {"C": {"depth": depth}, "M": {"modules": depth}}.get(name[-1], {})
    return getattr(gradnets, name)(*size, **layers)


NETWORKS = ("GradNet", "mGradNet", "GradNetC", "mGradNetC", "GradNetM", "mGradNetM")


def seconds(call: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Return the median time of a call, and what it returned."""
    times, result = [], None
    for _ in range(rounds):
        start = time.process_time()
        result = call()
        times.append(time.process_time() - start)
    return statistics.median(times), result


def measured(name: str, size: Size, claim: str, scope: str, rounds: int, depth: int) -> Row:
    """Return the times of one verdict."""
    net = build(name, size, depth)
    traced, _ = seconds(lambda: trace(net, size[0]), rounds)
    decided, verdict = seconds(lambda: verify.decide(net, claim, scope=scope), rounds)
    certificate = verdict.certificate
    checked = certificate and seconds(lambda: verify.check(certificate), rounds)[0]
    return {
        "network": name,
        "size": size,
        "claim": claim,
        "scope": scope,
        "verdict": verdict.status,
        "for": verdict.sizes,
        "digest": certificate and certificate.digest,
        "trace": traced,
        "decide": decided,
        "check": checked,
    }


def ask_sympy(send: Connection, name: str, size: Size, claim: str, limit: int) -> None:
    """Answer as one would by hand: jacobian, simplify, and SymPy's predicates on matrices."""
    net = symbolic.instance(build(name, size, SYMPY_DEPTH), size[0])
    f = sp.Matrix([evaluated(entry) for entry in net.f])
    start = time.process_time()
    end = int(start) + limit + 1
    resource.setrlimit(resource.RLIMIT_CPU, (end, end))  # the system kills what runs longer
    J = f.jacobian(net.x)
    if claim == "symmetric":
        answer = sp.simplify(J - J.T).is_zero_matrix
    else:
        answer = sp.simplify(J).is_positive_semidefinite
    send.send((answer, time.process_time() - start))


def sympy_row(name: str, size: Size, claim: str, limit: int) -> Row:
    """Return SymPy's answer, or none if it is not there in time."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["gradnets", "verify.symbolic"])  # seconds of imports, once
    receive, send = server.Pipe(duplex=False)
    process = server.Process(target=ask_sympy, args=(send, name, size, claim, limit))
    process.start()
    send.close()
    row: Row = {"network": name, "size": size, "claim": claim, "answer": None, "seconds": None}
    try:
        row["answer"], row["seconds"] = receive.recv()
    except EOFError:
        process.join()
        if process.exitcode not in (-signal.SIGXCPU, -signal.SIGKILL):
            raise  # it failed, and has said how
    finally:
        process.kill()
        process.join()
    return row


def sympy_rows(names: Sequence[str], sizes: Sequence[Size], limit: int, bar: tqdm) -> list[Row]:
    """Return SymPy's answers, of each network from small to large until the time runs out."""
    rows = []
    for name in names:
        for claim in CLAIMS:
            late = False
            for size in sizes:
                if not late:
                    rows.append(sympy_row(name, size, claim, limit))
                    late = rows[-1]["seconds"] is None
                bar.update()
    return rows


def cases(names: Sequence[str], sizes: Sequence[Size], scope: str) -> list[Case]:
    """Return network, size, claim and scope of each verdict."""
    return [(name, size, claim, scope) for name in names for claim in CLAIMS for size in sizes]


def of(rows: Sequence[Row], **wanted: Any) -> list[Row]:
    """Return the rows that have these entries."""
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def by(size: Size) -> str:
    """Return a size as it is said."""
    return f"{size[0]} × {size[1]}"


def verdict_table(rows: Sequence[Row], sizes: Sequence[Size]) -> str:
    """Return the times by size, and whether the sizes share one certificate."""
    table = []
    for name in dict.fromkeys(row["network"] for row in rows):
        for claim in CLAIMS:
            these = of(rows, network=name, claim=claim)
            digests = {row["digest"] for row in these}
            (digest,) = digests if len(digests) == 1 else ("differs",)
            checks = [row["check"] for row in these if row["check"] is not None]
            table.append([
                f"`{name}`",
                claim,
                ", ".join(dict.fromkeys(row["verdict"] for row in these)),
                *(f"{row['decide']:.2f}" for row in these),
                f"{max(checks) * 1000:.0f}" if checks else "",
                digest and f"`{digest[:8]}`",
            ])  # fmt: skip
    header = ["network", "claim", "verdict", *map(by, sizes), "check, ms", "certificate"]
    numbers = ("right",) * (len(sizes) + 1)
    sides = ("left",) * 3 + numbers + ("left",)
    return tabulate(table, header, "github", colalign=sides, disable_numparse=True)


def current_table(rows: Sequence[Row]) -> str:
    """Return the verdicts about the weights as they are."""
    table = [
        [f"`{row['network']}`", row["claim"], row["verdict"], f"{row['decide']:.2f}"]
        for row in rows
    ]
    return tabulate(table, ["network", "claim", "verdict", "seconds"], "github")


def sympy_table(rows: Sequence[Row], sizes: Sequence[Size], limit: int) -> str:
    """Return SymPy's answers by size."""
    table = []
    for name in dict.fromkeys(row["network"] for row in rows):
        for claim in CLAIMS:
            answers = []
            for size in sizes:
                found = of(rows, network=name, claim=claim, size=size)
                late = found and found[0]["seconds"] is None
                said = found and not late and "{answer}, {seconds:.1f}".format(**found[0])
                answers.append(f"> {limit}" if late else said or "not tried")
            table.append([f"`{name}`", claim, *answers])
    return tabulate(table, ["network", "claim", *map(by, sizes)], "github")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two networks, two sizes, one round")
    parser.add_argument("--rounds", type=int, help="(3, quick: 1)")
    parser.add_argument("--limit", type=int, help="seconds for SymPy (60, quick: 3)")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    asked = parser.parse_args(argv)
    torch.set_num_threads(1)
    quick = asked.quick
    names = ("mGradNetC", "GradNetM") if quick else NETWORKS
    sizes = SIZES[::2] if quick else SIZES
    sympy_sizes = SYMPY_SIZES[:1] if quick else SYMPY_SIZES
    rounds = asked.rounds or (1 if quick else 3)
    limit = asked.limit or (3 if quick else 60)
    current = [] if quick else cases(names, (CURRENT,), "current")
    todo = cases(names, sizes, "all") + current
    verify.decide(nn.Tanh(), "psd", dim=2)  # warms up
    with tqdm(total=len(todo) + len(names) * len(CLAIMS) * len(sympy_sizes), unit="verdict") as bar:
        rows = []
        for case in todo:
            rows.append(measured(*case, rounds, DEPTH))
            bar.update()
        answers = sympy_rows(names, sympy_sizes, limit, bar)
    print(f"Seconds of `verify.decide` at dim × width, depth or modules {DEPTH}, all weights:\n")
    print(verdict_table(of(rows, scope="all"), sizes))
    if current:
        print(f"\nScope current at {by(CURRENT)}:\n")
        print(current_table(of(rows, scope="current")))
    print(f"\nPlain SymPy, answer and seconds at dim × width, depth or modules {SYMPY_DEPTH}:\n")
    print(sympy_table(answers, sympy_sizes, limit))
    if asked.json:
        asked.json.write_text(json.dumps({"verify": rows, "sympy": answers}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
