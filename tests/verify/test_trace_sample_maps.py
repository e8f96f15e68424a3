"""What is no map of one sample."""

import pytest
import torch

from verify.trusted.trace import TraceError, trace

from .spelled import NO_SAMPLE_MAP, OTHER_KINDS, Spelled


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NO_SAMPLE_MAP)
def test_what_is_no_sample_map(name: str) -> None:
    net = Spelled(NO_SAMPLE_MAP[name])
    net.array = net.A.detach().numpy()
    dtype = torch.get_default_dtype()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    kept = {key: value for key, value in vars(net).items() if key not in ("kept",)}
    with pytest.raises((TraceError, ValueError)) as info:
        trace(net, 2)
    torch.set_default_dtype(dtype)
    kind = getattr(info.value, "kind", "")
    assert kind == OTHER_KINDS.get(name, "not a sample map"), str(info.value)
    after = net.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert all(vars(net)[k] is v for k, v in kept.items())
    assert net.kept == [net.A]
    assert len(vars(net)) == len(kept) + 1
