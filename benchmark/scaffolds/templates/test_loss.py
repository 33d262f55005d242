"""Tests of the loss my_thing."""

from pathlib import Path

import numpy as np
import pytest

import polyskew

FILE = Path(__file__).with_name("my_thing.py")


def test_it_keeps_the_promises_of_a_loss() -> None:
    """As `polyskew check` does."""
    for checked in polyskew.check(FILE):
        assert checked.kept, str(checked)


def test_its_value_is_that_of_the_formula() -> None:
    """Without smoothing it is the negative log-probability; with it, the other label counts as well."""
    import torch

    polyskew.load_plugin(FILE)
    row = torch.tensor([[0.0, np.log(3.0)]]), torch.tensor([1]), torch.tensor([0])  # probabilities 1/4 and 3/4
    for smoothing in (0.0, 0.2):
        loss = polyskew.get_loss("my_thing", {"smoothing": smoothing}).prepare(np.array([[5, 5]]))
        wanted = -(1 - smoothing / 2) * np.log(3 / 4) - smoothing / 2 * np.log(1 / 4)
        assert float(loss(*row)[0]) == pytest.approx(wanted, rel=1e-6)
