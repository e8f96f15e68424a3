"""JSON from strangers: limits that hold before parsing costs anything."""

import json
import re
from typing import Any

SIZE = 16 * 10**6
DEPTH = 100
DIGITS = 19
# A string that does not end takes all the rest, so that time stays linear.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{\]}]', re.DOTALL)


class BoundsError(ValueError):
    """What is no JSON within the bounds; the message says what was expected."""


def read(text: str | bytes) -> Any:
    """Return the JSON value that a text spells, its numbers whole ones.

    Raises:
        BoundsError: more than 16 MB, not UTF-8, more than 100 brackets inside each other, points
            or exponents in numbers, NaN, more than 19 digits, a key twice, no JSON.

    >>> read('{"a": [1, "1/3"]}')
    {'a': [1, '1/3']}
    >>> read("[" * 10**6)
    Traceback (most recent call last):
        ...
    verify.bounded_json.BoundsError: expected at most 100 brackets inside each other
    """
    if len(text) > SIZE:
        raise BoundsError(f"expected at most 16 MB of JSON, got {len(text) / 1e6:.1f} MB")
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError as error:
            raise BoundsError(f"expected UTF-8 text, got byte {error.start} not so") from None
    refuse_depth(text)
    try:
        return json.loads(
            text,
            object_pairs_hook=distinct,
            parse_int=whole,
            parse_float=refuse_float,
            parse_constant=refuse_float,
        )
    except json.JSONDecodeError as error:
        raise BoundsError(f"expected JSON, {error}") from None


def refuse_depth(text: str) -> None:
    """Raise BoundsError for deeply nested brackets, at the first one that is too deep."""
    depth = 0
    for token in TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > DEPTH:
            raise BoundsError(f"expected at most {DEPTH} brackets inside each other")


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, no key of which stands there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BoundsError("expected each key once in an object")
    return found


def whole(digits: str) -> int:
    """Return a whole number of few digits."""
    if len(digits) > DIGITS + 1:
        raise BoundsError(f"expected whole numbers of at most {DIGITS} digits")
    return int(digits)


def refuse_float(spelled: str) -> Any:
    """Raise BoundsError."""
    raise BoundsError(f"expected no numbers but whole ones, got {spelled[:20]}")
