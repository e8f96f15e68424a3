"""A module, and what it shares with others, left by calls as they were."""

from contextlib import ExitStack, suppress
from typing import Any

from verify.trusted.arguments import LISTING
from verify.trusted.calls import SPOILT, overrides
from verify.trusted.computed import unset
from verify.trusted.dice import undrawn
from verify.trusted.shared import Shared
from verify.trusted.unchanged import attributes_in, otherwise, restore
from verify.trusted.undo import graded, switched


class Restored:
    """Puts back, at the end of a block, what its calls of a module change, also by errors.

    Attributes:
        spoilt: the names of what could not be put back.
    """

    def __init__(self, net: Any) -> None:
        self.net, self.spoilt = net, list[str]()
        self.shared: Shared | None = None

    def __enter__(self) -> "Restored":
        self.stack = ExitStack()
        self.stack.enter_context(undrawn())
        self.stack.callback(switched())
        with suppress(Exception):  # of no module, or one that cannot be read: a trace says why
            if not overrides(self.net, LISTING):
                self.stack.enter_context(unset(self.net))
                self.attributes = {module: attributes_in(module) for module in self.net.modules()}
                self.shared = Shared(self.net, narrow=True)
                tensors = {id(t): t for t in (*self.net.parameters(), *self.shared.tensors)}
                for t in tensors.values():
                    self.stack.callback(graded(t))
        return self

    def put_back(self) -> None:
        """Put back what is shared with others and what the module holds."""
        if self.shared is not None:
            self.shared.put_back()
            for module, known in self.attributes.items():
                if otherwise(module, known):
                    restore(module, known)

    def __exit__(self, *_: object) -> None:
        self.stack.close()
        if self.shared is None:
            return
        self.shared.forget()
        self.put_back()
        self.spoilt = [*self.shared.left()]
        if self.spoilt:
            told = f"an earlier call has changed {self.spoilt[0]}, where it ended by an error"
            SPOILT.extend((value, told) for value in self.shared.spoilt())
