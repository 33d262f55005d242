"""The losses of single rows against their formulas."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies
from hypothesis.extra.numpy import arrays

from adapters import get_loss
from polyskew.errors import DataError, UserError

COUNTS = np.array([[10, 20, 70], [60, 30, 10]])
logits = arrays(np.float64, (5, 3), elements=strategies.floats(-8, 8))
LABELS, LANGUAGES = np.array([0, 1, 2, 2, 0]), np.array([0, 0, 1, 1, 1])


def rows(name: str, found: np.ndarray, counts: np.ndarray = COUNTS, **options: object) -> np.ndarray:
    loss = get_loss(name, options).prepare(counts)
    values = [torch.from_numpy(values) for values in (found, LABELS, LANGUAGES)]
    losses: np.ndarray = loss(*values).numpy()
    return losses


def shares(found: np.ndarray) -> np.ndarray:
    powers = np.exp(found)
    return powers / powers.sum(axis=1, keepdims=True)


@settings(max_examples=30)
@given(logits, strategies.sampled_from([0.5, 1.0, 2.0, 5.0]))
def test_focal(found: np.ndarray, gamma: float) -> None:
    p = shares(found)[np.arange(5), LABELS]
    np.testing.assert_allclose(rows("focal", found, gamma=gamma), -((1 - p) ** gamma) * np.log(p), rtol=1e-6, atol=1e-9)


@settings(max_examples=30)
@given(logits)
def test_gamma_zero_is_cross_entropy(found: np.ndarray) -> None:
    np.testing.assert_array_equal(rows("focal", found, gamma=0), rows("cross_entropy", found))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_has_a_gradient_everywhere(gamma: float) -> None:
    # The first row is learned to the last bit, the last one is a filler.
    found = torch.tensor([[200.0, 0, 0], [0, 0, 0], [-200.0, 0, 0], [1, 2, 3]], requires_grad=True)
    losses = get_loss("focal", {"gamma": gamma}).prepare(COUNTS)(found, torch.tensor([0, 0, 0, -100]), torch.zeros(4))
    losses.sum().backward()
    assert losses[0] == 0
    assert losses[3] == 0
    assert found.grad is not None
    assert torch.isfinite(found.grad).all()
    assert (found.grad[3] == 0).all()
    assert found.grad[2, 0] < -0.3


def test_focal_has_the_gradient_of_its_formula() -> None:
    found = torch.randn(5, 3, dtype=torch.double, requires_grad=True)
    loss = get_loss("focal").prepare(COUNTS)
    assert torch.autograd.gradcheck(lambda x: loss(x, torch.from_numpy(LABELS), torch.from_numpy(LANGUAGES)), found)


@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(
    ("prior", "of"),
    [
        ("global", lambda n: np.tile(n.sum(axis=0) / n.sum(), (2, 1))),
        ("per_language", lambda n: n / n.sum(axis=1, keepdims=True)),
    ],
)
def test_logit_adjustment(prior: str, of: Callable[[np.ndarray], np.ndarray], tau: float) -> None:
    found = np.random.default_rng(1).normal(size=(5, 3))
    # Menon et al., equation 10: log of the share, each power times its prior to the power of tau.
    powers = np.exp(found) * of(COUNTS)[LANGUAGES] ** tau
    expected = -np.log(powers[np.arange(5), LABELS] / powers.sum(axis=1))
    np.testing.assert_allclose(rows("logit_adjustment", found, tau=tau, prior=prior), expected, rtol=1e-6)


def test_a_uniform_prior_adjusts_nothing() -> None:
    found = np.random.default_rng(2).normal(size=(5, 3))
    skewed = np.array([[1, 2, 3], [3, 2, 1]])
    np.testing.assert_allclose(
        rows("logit_adjustment", found, skewed, prior="global"), rows("cross_entropy", found), rtol=1e-6
    )
    assert not np.allclose(rows("logit_adjustment", found, skewed), rows("cross_entropy", found), rtol=1e-2)


def test_adjusted_logits_learn_nothing_of_the_skew() -> None:
    """Texts that say nothing: what is least in the loss has even plain logits, whatever the labels' shares are."""
    language, label = (torch.from_numpy(index.ravel()) for index in np.indices(COUNTS.shape))
    weight = torch.from_numpy(COUNTS.ravel()) / COUNTS.sum()
    for name, even in (("logit_adjustment", True), ("cross_entropy", False)):
        loss, bias = get_loss(name).prepare(COUNTS), torch.zeros(2, 3, dtype=torch.double, requires_grad=True)
        optimizer = torch.optim.LBFGS([bias], max_iter=100)

        def closure(
            loss: torch.nn.Module = loss, bias: torch.Tensor = bias, to: torch.optim.LBFGS = optimizer
        ) -> float:
            to.zero_grad()
            total = (loss(bias[language], label, language) * weight).sum()
            total.backward()
            return float(total.detach())

        optimizer.step(closure)
        found = shares(bias.detach().numpy())
        expected = np.full((2, 3), 1 / 3) if even else COUNTS / 100
        np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("prior", "counts", "said"),
    [
        ("per_language", [[1, 0], [1, 1]], "language 0 has no training rows of label 1"),
        ("global", [[1, 0], [1, 0]], "there are no training rows of label 1"),
    ],
)
def test_no_prior_can_be_zero(prior: str, counts: list[list[int]], said: str) -> None:
    with pytest.raises(DataError, match=said):
        get_loss("logit_adjustment", {"prior": prior}).prepare(np.array(counts))
    get_loss("logit_adjustment", {"prior": "global"}).prepare(np.array([[1, 0], [1, 1]]))


@pytest.mark.parametrize(
    ("name", "options"),
    [("focal", {"gamma": -1}), ("logit_adjustment", {"tau": 0}), ("logit_adjustment", {"prior": "uniform"}),
     ("group_dro", {"step_size": 0}), ("group_dro", {"groups": "label"}), ("group_dro", {"adjustment": -1})],
)  # fmt: skip
def test_wrong_options_are_refused(name: str, options: dict[str, object]) -> None:
    with pytest.raises(UserError, match=next(iter(options))):
        get_loss(name, options)


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "logit_adjustment"])
def test_losses_without_memory_put_nothing_into_checkpoints(name: str) -> None:
    assert get_loss(name).prepare(COUNTS).state_dict() == {}
