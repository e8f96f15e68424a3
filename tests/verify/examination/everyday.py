"""Shorter decorators for the kinds named everyday_.., modules as many authors write them."""

from collections.abc import Callable
from typing import Any

from .entry import examined


def convex(why: str, **more: Any) -> Callable[[Any], Any]:
    """Both claims are true."""
    return examined(symmetric=True, psd=True, why=why, **more)


def gradient_only(why: str, **more: Any) -> Callable[[Any], Any]:
    """A gradient, of a function that is not convex."""
    return examined(symmetric=True, psd=False, why=why, **more)


def no_gradient(why: str, **more: Any) -> Callable[[Any], Any]:
    """Both claims are false."""
    return examined(symmetric=False, psd=False, why=why, **more)


def no_verdict(why: str, **more: Any) -> Callable[[Any], Any]:
    """No deterministic map of one sample, or undefined somewhere."""
    return examined(symmetric=None, psd=None, why=why, **more)
