"""Tests of the weighting my_thing."""

from pathlib import Path

import numpy as np

import polyskew

FILE = Path(__file__).with_name("my_thing.py")


def test_it_keeps_the_promises_of_a_weighting() -> None:
    """As `polyskew check` does."""
    for checked in polyskew.check(FILE):
        assert checked.kept, str(checked)


def test_its_weights_are_those_of_the_formula() -> None:
    """On counts whose weights can be told by hand."""
    polyskew.load_plugin(FILE)
    weights = polyskew.get_weighting("my_thing")(np.array([[10, 40], [25, 25]]))
    np.testing.assert_allclose(weights, [[2.5**0.5, 0.625**0.5], [1, 1]])
