"""Tests of the method my_thing."""

from pathlib import Path

import polyskew

FILE = Path(__file__).with_name("my_thing.py")


def test_it_keeps_the_promises_of_a_method() -> None:
    """As `polyskew check` does: what is declared is trained, what is saved comes back."""
    for checked in polyskew.check(FILE):
        assert checked.kept, str(checked)


def test_its_weights_can_be_counted() -> None:
    """Each of two layers has an update of rank 8 between 32 and 32."""
    from benchmark.contracts.encoders import encoder

    polyskew.load_plugin(FILE)
    method = polyskew.get_method("my_thing")
    body = method.parameter_groups(method.prepare(encoder("BERT")))["body"]
    assert sum(weight.numel() for weight in body) == 2 * 8 * (32 + 32)
