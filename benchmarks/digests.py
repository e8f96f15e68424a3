"""Whether the sizes and depths of an architecture share one certificate, by its digest.

    python benchmarks/digests.py [--quick]

Prints Markdown: of each network and claim that is proved how many digests there are among the
sizes and depths (modules), and that ``verify.check`` accepts the first certificate for each of
these networks. Exit status 1 where there is more than one, or a check fails.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import product

import torch
from tabulate import tabulate
from tqdm import tqdm
from verdicts import CLAIMS, NETWORKS, build, by

import verify

SIZES = ((2, 2), (3, 5), (64, 256))
DEPTHS = (2, 3, 8)


def row(name: str, claim: str, sizes: Sequence[tuple[int, int]], bar: tqdm) -> list[str] | None:
    """Return what the certificates have in common; None where the claim is not proved."""
    depths = DEPTHS if name[-1] in "CM" else (1,)
    nets = [build(name, size, depth) for size, depth in product(sizes, depths)]
    verdicts = []
    for net in nets:
        verdicts.append(verify.decide(net, claim))
        bar.update()
    found = [v.certificate for v in verdicts]
    first = found[0]
    if first is None:
        return None
    accepted = 0
    for net in nets:
        try:
            verify.check(first, net)
        except verify.Rejected:
            continue
        accepted += 1
    digests = {c.digest if c else "" for c in found}
    said = ", ".join(map(by, sizes))
    depth = ", ".join(map(str, depths)) if len(depths) > 1 else ""
    return [f"`{name}`", claim, said, depth, str(len(digests)), f"{accepted} of {len(nets)}"]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two networks, two sizes")
    asked = parser.parse_args(argv)
    torch.set_num_threads(1)
    names = ("mGradNet", "mGradNetC") if asked.quick else NETWORKS
    sizes = SIZES[:2] if asked.quick else SIZES
    cases = list(product(names, CLAIMS))
    total = sum(len(sizes) * (len(DEPTHS) if name[-1] in "CM" else 1) for name, _ in cases)
    with tqdm(total=total, unit="verdict") as bar:
        rows = [found for case in cases if (found := row(*case, sizes, bar))]
    header = ["network", "claim", "sizes", "depths or modules", "digests", "checks accepted"]
    print(tabulate(rows, header, "github"))
    alone = all(r[4] == "1" and len(set(r[5].split(" of "))) == 1 for r in rows)
    return int(not (rows and alone))


if __name__ == "__main__":
    sys.exit(main())
