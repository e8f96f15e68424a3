"""A module that traces leave as it was."""

from collections.abc import Iterable
from types import FunctionType
from typing import Any

from torch import nn

from verify.trusted.state import changed, state
from verify.trusted.undo import contents, parts, refill
from verify.trusted.values import mixing


class Unchanged:
    """Raises TraceError if blocks change what a module keeps; puts attributes back after each.

    But for attributes that each call computes: ``renewed``. After the last block: ``check``.
    """

    def __init__(
        self,
        net: nn.Module,
        ran: Iterable[FunctionType] = (),
        renewed: frozenset[str] = frozenset(),
    ) -> None:
        self.renewed = renewed
        self.net, self.ran, self.before = net, ran, state(net, ran)

    def __enter__(self) -> None:
        self.copies = {module: attributes_in(module) for module in self.net.modules()}

    def __exit__(self, *_: object) -> None:
        paths = {module: path for path, module in self.net.named_modules()}
        touched = {m: odd for m, old in self.copies.items() if (odd := otherwise(m, old))}
        for module in touched:
            restore(module, self.copies[module])
        names = [f"{paths[m]}.{key}".lstrip(".") for m, odd in touched.items() for key in odd]
        deep = self.changed() if touched else []
        self.before = state(self.net, self.ran) if touched else self.before
        self.refuse([*names, *deep])

    def check(self) -> None:
        """Raise TraceError if anything has changed, however deep it lies."""
        self.refuse(self.changed())

    def changed(self) -> list[str]:
        return changed(self.before[0], state(self.net, self.ran)[0])

    def refuse(self, changed: list[str]) -> None:
        if odd := [name for name in changed if name not in self.renewed]:
            raise mixing(f"the call changes {odd[0]}")


def attributes_in(module: nn.Module) -> dict[str, tuple[Any, Any]]:
    """Return the attributes of a module, with what those hold that are containers."""
    return {
        key: (value, contents(value) if issubclass(type(value), dict | list | set) else None)
        for key, value in vars(module).items()
    }


def otherwise(module: nn.Module, attributes: dict[str, tuple[Any, Any]]) -> list[str]:
    """Return the attributes that a module has anew or no more, or that hold something else."""
    held = vars(module)
    kept = [
        key for key, (value, old) in attributes.items()
        if key in held and held[key] is value
        and (old is None or [*map(parts, contents(value))] == [*map(parts, old)])
    ]  # fmt: skip
    odd = [key for key in {**attributes, **held} if key not in kept]
    return odd or ["__dict__"] * ([*held] != [*attributes])


def restore(module: nn.Module, attributes: dict[str, tuple[Any, Any]]) -> None:
    """Put attributes back, the contents of containers too."""
    vars(module).clear()
    for key, (value, old) in attributes.items():
        if old is not None:
            refill(value, old)
        vars(module)[key] = value
