"""Normal forms at numbers: an evaluator of Polys that shares no code with the ring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from math import prod

import numpy as np

from verify.search.functions import function
from verify.trusted.polys import Atom, Poly


@dataclass
class Numbers:
    """Tensors by head ("x", "param 0", "lit 1", ..) and sizes, at which Polys have values."""

    tensors: Mapping[str, np.ndarray]
    sizes: Mapping[str, int]
    known: dict[tuple[int, tuple[tuple[str, int], ...]], float] = field(default_factory=dict)

    def poly(self, p: Poly, at: Mapping[str, int]) -> float:
        """Return the value of a Poly at positions of its free index names."""
        key = (p.key, tuple(sorted((n, i) for n, i in at.items() if n in p.free)))
        if key not in self.known:
            value = 0.0
            for (bounds, factors), q in p.terms.items():
                ranges = [range(self.sizes.get(str(s), s)) for _, s in bounds]  # type: ignore
                for places in product(*ranges):
                    here = {**at, **dict(zip((n for n, _ in bounds), places, strict=True))}
                    value += float(q) * prod(self.atom(a, e, here) for a, e in factors)
            self.known[key] = value
        return self.known[key]

    def atom(self, a: Atom, exponent: object, at: Mapping[str, int]) -> float:
        """Return the value of a power of an atom."""
        index = tuple(at[i] if isinstance(i, str) else i for i in a.index)
        power = float(exponent)  # type: ignore[arg-type]
        if a.head == "E":
            return float(np.exp(power * self.poly(a.args[0], at)))
        if a.head == "eye":
            return float(index[0] == index[1]) ** power
        if a.head in self.tensors:
            return float(self.tensors[a.head][index]) ** power
        return float(function(a.head, *(np.asarray(self.poly(p, at)) for p in a.args))) ** power
