"""Numbers that Python takes out of tensors: read where they are constants, refused elsewhere."""

import pytest
import torch

import verify

from .number_takers import CONSTANTS, LIARS, Holder, Sharing, negated, of_a_part


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_are_read(name: str) -> None:
    net = Holder(CONSTANTS[name])
    before = [t.clone() for t in (net.n, net.order, net.plain, net.frozen)]
    verify.assert_proved(net, "psd", 3)
    after = (net.n, net.order, net.plain, net.frozen)
    assert all(torch.equal(t, u) for t, u in zip(before, after, strict=True))


def test_the_number_is_the_one_that_python_has() -> None:
    assert verify.decide(Holder(negated), "psd", 3).status == "refuted"


@pytest.mark.parametrize("name", LIARS)
def test_what_moves_is_not_read(name: str) -> None:
    assert verify.decide(Holder(LIARS[name]), "psd", 3).status == "unknown"


def test_a_part_of_a_parameter_is_not_read() -> None:
    assert verify.decide(Sharing(of_a_part), "psd", 3).status == "unknown"
