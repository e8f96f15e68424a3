"""The code of the user's that a block runs."""

import dis
import sys
from _lsprof import Profiler
from types import CodeType, FrameType
from typing import Any

from verify.trusted.surroundings import of_library_code


class Ran:
    """Notes the code of the user's that a block runs, however it comes to it.

    Attributes:
        codes: the code of the user's, by its id: code of equal text in two files is equal.
        handles: whether some of it may go on after an error.
    """

    def __init__(self) -> None:
        self.codes: dict[int, CodeType] = {}
        self.handles = False

    def __enter__(self) -> "Ran":
        self.before = sys.getprofile()
        sys.setprofile(self.note)
        return self

    def note(self, frame: FrameType, event: str, _: Any) -> None:
        code, home = frame.f_code, str(frame.f_globals.get("__name__"))
        if event != "call" or id(code) in self.codes:
            return
        if not of_library_code(code):
            self.codes[id(code)] = code
            self.handles |= handles(code)
        elif code.co_name == "__exit__":  # of contextlib.suppress
            self.handles |= not home.startswith(("torch.", "verify."))

    def __exit__(self, *_: object) -> None:
        profile_by(self.before)


def profile_by(before: Any) -> None:
    """Profile by what ``sys.getprofile`` has told: a function, a profiler written in C, nothing."""
    if isinstance(before, Profiler):
        before.enable()
    else:
        sys.setprofile(before)


def handles(code: CodeType) -> bool:
    """Return whether code has a handler of errors, but those of ``with``."""
    steps = [step.opname for step in dis.get_instructions(code)]
    handlers = steps.count("PUSH_EXC_INFO") - steps.count("WITH_EXCEPT_START")
    return handlers > 0 or code.co_name == "__exit__"
