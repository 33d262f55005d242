"""Group DRO against algorithm 1 of Sagawa et al. (2020), written down once more in plain numpy."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies

from adapters import get_loss
from adapters.losses.modules import JointLoss

COUNTS = np.array([[10, 20, 70], [60, 30, 10]])


def prepared(**options: Any) -> Any:
    loss = get_loss("group_dro", options).prepare(COUNTS)
    assert isinstance(loss, JointLoss)
    return loss


def batch(seed: int, size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = np.random.default_rng(seed)
    logits = random.normal(size=(size, 3)) * 2
    return torch.from_numpy(logits), torch.from_numpy(random.integers(3, size=size)), torch.from_numpy(
        random.integers(2, size=size)
    )  # fmt: skip


def cross_entropies(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    powers = np.exp(logits)
    return -np.log((powers / powers.sum(axis=1, keepdims=True))[np.arange(len(labels)), labels])


def algorithm(
    q: dict[Any, float], step_size: float, extra: dict[Any, float], rows: Any
) -> tuple[dict[Any, float], float]:
    """One step: q moves by the losses of the groups that are there, then the loss is theirs, weighed by it."""
    found: dict[Any, list[float]] = {}
    for group, loss in rows:
        found.setdefault(group, []).append(loss)
    means = {group: sum(losses) / len(losses) for group, losses in found.items()}
    moved = {group: share * np.exp(step_size * (means[group] + extra[group])) if group in means else share
             for group, share in q.items()}  # fmt: skip
    total = sum(moved.values())
    q = {group: share / total for group, share in moved.items()}
    return q, sum(q[group] * mean for group, mean in means.items())


@settings(max_examples=25, deadline=None)
@given(
    strategies.integers(0, 10**6),
    strategies.lists(strategies.integers(1, 12), min_size=1, max_size=6),
    strategies.sampled_from(["language_label", "language"]),
    strategies.sampled_from([0.01, 0.5]),
    strategies.sampled_from([0.0, 3.0]),
)
def test_algorithm_1(seed: int, sizes: list[int], groups: str, step_size: float, adjustment: float) -> None:
    loss = prepared(groups=groups, step_size=step_size, adjustment=adjustment)
    by_label = groups == "language_label"
    keys = [(language, label) if by_label else language for language in range(2) for label in range(3)]
    counts = dict(zip(keys, COUNTS.ravel() if by_label else np.repeat(COUNTS.sum(axis=1), 3), strict=True))
    q = dict.fromkeys(counts, 1 / len(counts))
    extra = {key: adjustment / np.sqrt(count) for key, count in counts.items()}
    for number, size in enumerate(sizes):
        logits, labels, languages = batch(seed + number, size)
        losses = cross_entropies(logits.numpy(), labels.numpy())
        names = [(language, label) if by_label else language
                 for language, label in zip(languages.tolist(), labels.tolist(), strict=True)]  # fmt: skip
        q, expected = algorithm(q, step_size, extra, list(zip(names, losses, strict=True)))
        loss.begin(logits, labels, languages)
        assert float(loss(logits, labels, languages).mean()) == pytest.approx(expected, rel=1e-6)
        np.testing.assert_allclose(loss.q.numpy(), list(q.values()), rtol=1e-9)


def test_the_losses_of_micro_batches_add_up() -> None:
    loss, (logits, labels, languages) = prepared(), batch(1, 12)
    loss.begin(logits, labels, languages)
    whole = loss(logits, labels, languages)
    for size in (1, 3, 6):
        parts = [loss(logits[i : i + size], labels[i : i + size], languages[i : i + size]) for i in range(0, 12, size)]
        torch.testing.assert_close(torch.cat(parts), whole)


def test_q_moves_towards_the_worst_group_and_comes_back_from_its_state() -> None:
    loss = prepared(groups="language", step_size=0.1)
    bad = torch.tensor([[-3.0, 0, 0], [3.0, 0, 0]]), torch.tensor([0, 0]), torch.tensor([0, 1])
    for _ in range(20):
        loss.begin(*bad)
    assert loss.q[0] > 0.95
    assert float(loss.q.sum()) == pytest.approx(1)
    again = prepared(groups="language", step_size=0.1)
    assert set(loss.state_dict()) == {"q"}
    again.load_state_dict(loss.state_dict())
    again.begin(*bad)
    loss.begin(*bad)
    assert torch.equal(again.q, loss.q)
    assert torch.equal(again(*bad), loss(*bad))


def test_the_loss_of_a_set_is_that_of_its_worst_group() -> None:
    logits, labels, languages = batch(3, 60)
    losses, cells = cross_entropies(logits.numpy(), labels.numpy()), languages.numpy() * 3 + labels.numpy()
    weights = np.random.default_rng(4).uniform(0.1, 3, 6)[cells]
    given_ = logits, labels, languages
    plain = [losses[cells == cell].mean() for cell in range(6)]
    assert prepared().overall(*given_, torch.ones(60)) == pytest.approx(max(plain))
    # Rows that stand for several: within a group of one weight nothing changes, within a language much.
    assert prepared().overall(*given_, torch.from_numpy(weights)) == pytest.approx(max(plain))
    told = [np.average(losses[cells // 3 == side], weights=weights[cells // 3 == side]) for side in range(2)]
    assert prepared(groups="language").overall(*given_, torch.from_numpy(weights)) == pytest.approx(max(told))


def test_a_group_without_training_rows_does_not_select() -> None:
    counts = COUNTS.copy()
    counts[0, 0] = 0
    loss: Any = get_loss("group_dro").prepare(counts)
    assert loss.q[0] == 0
    assert float(loss.q.sum()) == pytest.approx(1)
    logits = torch.tensor([[-9.0, 0, 0], [0, 1.0, 0]], dtype=torch.double)
    found = loss.overall(logits, torch.tensor([0, 1]), torch.tensor([0, 0]), torch.ones(2))
    assert found == pytest.approx(float(np.log(2 + np.e) - 1))
