"""Each of PEFT's types, by its own configuration: one life on two encoders, or the reason why not."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftType

import adapters.tuners  # noqa: F401  (adds the suite's own types, which are methods of their own)
from adapters import get_method
from adapters.peft_support import PEFT_TYPES
from polyskew.errors import UserError

from .models import logits, state, step, tiny

WORKING = [name for name, support in PEFT_TYPES.items() if not support.reason]
OWN = {"BOTTLENECK", "BITFIT"}
# Of its factors only the product with another is used, and that one begins at 0.
STILL = {"GLORA"}


def test_every_type_of_the_installed_peft_is_in_the_table() -> None:
    known = {kind.value for kind in PeftType} - OWN
    new, gone = sorted(known - PEFT_TYPES.keys()), sorted(PEFT_TYPES.keys() - known)
    assert not new, (
        f"this PEFT has {', '.join(new)}: add each to adapters/peft_support.py, with the least configuration for the "
        "tiny encoders of tests/adapters/models.py, or with the reason why it cannot classify texts"
    )
    assert not gone, f"this PEFT no longer has {', '.join(gone)}: take them out of adapters/peft_support.py"


@pytest.mark.parametrize("family", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("name", WORKING)
def test_a_type_that_works(name: str, family: str, tmp_path: Path) -> None:
    method = get_method("peft", {"config": {"peft_type": name, **PEFT_TYPES[name].config}})
    base = logits(tiny(family))
    torch.manual_seed(0)
    model: Any = method.prepare(tiny(family))
    declared = {key for key, parameter in model.named_parameters() if parameter.requires_grad}
    groups = method.parameter_groups(model)
    assert groups["body"]
    assert sum(len(group) for group in groups.values()) == len(declared)
    before = state(model)
    step(method, model, rate=0.05)
    trained = logits(model)
    assert torch.isfinite(trained).all()
    assert not torch.allclose(trained, base, atol=1e-4)
    after = state(model)
    moved = {key for key, parameter in model.named_parameters() if not torch.equal(after[key], before[key])}
    assert moved <= declared
    assert moved == declared or name in STILL
    with model.disable_adapter():
        assert torch.equal(logits(model), base)
    method.save(model, tmp_path)
    loaded = method.load(tiny(family, head_seed=9), tmp_path)
    torch.testing.assert_close(logits(loaded), trained, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in PEFT_TYPES if name not in WORKING])
def test_a_type_that_does_not_work_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(UserError, match=f"peft_type {name} cannot classify texts here") as caught:
        get_method("peft", {"config": {"peft_type": name}})
    assert PEFT_TYPES[name].reason in str(caught.value)
