"""Measures against the paper, scikit-learn, scipy and direct loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, mutual_info_score

from leaderboard.measures import METRICS, drift, leakage, neutral, online_coding
from leaderboard.measures.accuracy import accuracy
from leaderboard.measures.counts import count_table
from leaderboard.measures.macro_f1 import macro_f1
from leaderboard.measures.mutual_information import mutual_information
from leaderboard.measures.permutation_share import permutation_share, permutation_variance
from leaderboard.measures.prediction_share import prediction_shares, true_shares
from leaderboard.measures.set_share import set_counts, set_shares
from leaderboard.measures.skew_uptake import skew_uptake
from leaderboard.measuring.comparing import Compared, Texts
from leaderboard.statistics.intervals import bootstrap_sums, normal

SEEDS = st.integers(0, 10_000)

# The paper's Tables 1 and 2, in percent: trained on, predicted.
TABLES = {
    "amazon": (
        [[6.6, 13.3, 20.0, 26.7, 33.3], [33.3, 26.7, 20.0, 13.3, 6.6]],
        [[13.9, 20.6, 20.1, 19.6, 25.8], [27.3, 20.7, 16.9, 20.4, 14.7]],
        0.36,
    ),
    "xnli": (
        [[50.0, 33.33, 16.67], [16.67, 33.33, 50.0]],
        [[32.8, 39.0, 28.1], [23.1, 35.8, 41.1]],
        0.34,
    ),
}


@pytest.mark.parametrize("table", TABLES)
def test_skew_uptake_of_the_papers_table_2(table: str) -> None:
    trained, predicted, published = TABLES[table]
    shares = np.array(trained) / 100
    skew = shares - shares.mean(axis=0)
    true = np.full(skew.shape, 1 / skew.shape[1])
    assert skew_uptake(skew, np.array(predicted) / 100, true) == pytest.approx(published, abs=0.005)


@given(SEEDS, st.floats(-1, 2))
def test_uptake_is_zero_for_a_blind_model_and_the_copied_part_for_a_copying_one(seed: int, part: float) -> None:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(4), size=3)
    skew, true = shares - shares.mean(axis=0), rng.dirichlet(np.ones(4), size=3)
    assert skew_uptake(skew, true, true) == pytest.approx(0)
    assert skew_uptake(skew, true + part * skew, true) == pytest.approx(part)


def test_uptake_without_skew_is_missing() -> None:
    assert np.isnan(skew_uptake(np.zeros((2, 3)), np.ones((2, 3)) / 3, np.ones((2, 3)) / 3))


@given(SEEDS)
def test_accuracy_f1_and_shares_agree_with_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    language, label, predicted = rng.integers(3, size=80), rng.integers(4, size=80), rng.integers(4, size=80)
    counts = count_table(language, label, predicted, 3, 4)
    assert accuracy(counts.sum(axis=0)) == pytest.approx(accuracy_score(label, predicted))
    expected = f1_score(label, predicted, labels=range(4), average="macro", zero_division=0)
    assert macro_f1(counts.sum(axis=0)) == pytest.approx(expected)
    for place in range(3):
        rows = language == place
        assert accuracy(counts)[place] == pytest.approx(accuracy_score(label[rows], predicted[rows]))
        assert prediction_shares(counts)[place] == pytest.approx(np.bincount(predicted[rows], minlength=4) / rows.sum())
        assert true_shares(counts)[place] == pytest.approx(np.bincount(label[rows], minlength=4) / rows.sum())


@given(SEEDS)
def test_mutual_information_is_the_plain_one_less_its_bias(seed: int) -> None:
    rng = np.random.default_rng(seed)
    language = np.arange(600) % 3
    predicted = (rng.random(600) < 0.3) * language + (rng.random(600) < 0.2)
    counts = count_table(language, np.zeros(600, dtype=int), predicted, 3, 4)
    joint = counts.sum(axis=1)
    cells = (joint > 0).sum() - (joint.sum(axis=0) > 0).sum() - (joint.sum(axis=1) > 0).sum() + 1
    plain = mutual_info_score(language, predicted) / np.log(2)
    assert mutual_information(counts) == pytest.approx(plain - cells / (1200 * np.log(2)))


def test_mutual_information_of_independent_rows_has_mean_zero() -> None:
    rng = np.random.default_rng(0)
    tables = [
        count_table(np.arange(200) % 4, np.zeros(200, dtype=int), rng.integers(5, size=200), 4, 5) for _ in range(400)
    ]
    found = np.array([mutual_information(table) for table in tables])
    uncorrected = np.array([mutual_info_score(None, None, contingency=table.sum(axis=1)) for table in tables])
    assert abs(found.mean()) < 0.003 < uncorrected.mean() / np.log(2)
    copied = count_table(np.arange(4000) % 4, np.zeros(4000, dtype=int), np.arange(4000) % 4, 4, 4)
    assert mutual_information(copied) == pytest.approx(2, abs=0.01)


@settings(max_examples=30)
@given(SEEDS)
def test_drift_agrees_with_a_loop_over_texts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 6, size=9)
    text = np.repeat(np.arange(9), lengths)
    language = np.arange(9) % 2
    reference = rng.choice([-0.05, -0.01, 0.0, 0.01, 0.05], size=(len(text), 3))
    cell = reference + rng.normal(size=reference.shape)
    sums, present = drift.set_sums(reference, cell, text, 9, 0.01)
    found = drift.drift(sums, present, language, 2)
    tests = {"positive": lambda s: s > 0.01, "negative": lambda s: s < -0.01, "neutral": lambda s: abs(s) <= 0.01}
    for place, kind in enumerate(drift.SETS):
        for name in range(2):
            for label in range(3):
                texts = []
                for number in np.flatnonzero(language == name):
                    tokens = [t for t in np.flatnonzero(text == number) if tests[kind](reference[t, label])]
                    if tokens:  # a text with no token of the set is missing, not 0
                        texts.append(sum(cell[t, label] - reference[t, label] for t in tokens))
                expected = np.mean(texts) if texts else np.nan
                assert found[name, label, place] == pytest.approx(expected, nan_ok=True)


@settings(max_examples=30)
@given(SEEDS, st.sampled_from(drift.THRESHOLDS))
def test_set_shares_agree_with_a_loop_over_tokens(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    text = np.repeat(np.arange(5), rng.integers(0, 6, size=5))
    values = rng.choice([-0.2, -0.05, -0.003, -0.001, 0.0, 0.001, 0.01, 0.02], size=(len(text), 2))
    counts = np.zeros((5, 2, 3))
    for token, number in enumerate(text):
        for label in range(2):
            value = values[token, label]
            counts[number, label, 0 if value > threshold else 1 if value < -threshold else 2] += 1
    found = set_counts(values, text, 5, threshold)
    assert (found == counts).all()
    for shares, row in zip(set_shares(found).reshape(-1, 3), counts.reshape(-1, 3), strict=True):
        assert shares == pytest.approx(row / row.sum() if row.sum() else [np.nan] * 3, nan_ok=True)


def test_permutation_share_on_a_case_worked_by_hand() -> None:
    variance = np.array([[[1.0, 0.0, 4.0]], [[3.0, 0.0, 0.0]], [[2.0, 5.0, 6.0]]])
    present = np.array([[[True, False, True]], [[True, False, True]], [[True, True, True]]])
    found = permutation_variance(variance, present, np.array([0, 0, 1]), 2)
    assert found[0, 0] == pytest.approx([(1 + 3) / 4, np.nan, (4 + 0) / 4], nan_ok=True)
    assert found[1, 0] == pytest.approx([2.0, 5.0, 6.0])
    total = np.array([[[4.0, 1.0, 2.0]], [[6.0, 1.0, 1.0]]])
    assert permutation_share(found, total) == pytest.approx([3 / 10, np.nan, 7 / 3], nan_ok=True)
    assert np.isnan(permutation_share(np.zeros((1, 1, 3)), np.zeros((1, 1, 3)))).all()


def _found_permutation_share(rng: np.random.Generator, *, centred: bool, common: float) -> float:
    """The neutral share found on 120 texts of 6 neutral and 2 positive tokens; see the test below."""
    texts, tokens, sd = 120, 8, 0.004

    def noise() -> np.ndarray:
        drawn = rng.normal(size=(texts, tokens, 2))
        # Errors that add up to 0 over the text, with the same error a token as before.
        return (drawn - drawn.mean(axis=1, keepdims=True)) * np.sqrt(tokens / (tokens - 1)) if centred else drawn

    shared = noise()
    one, other = (np.sqrt(common) * shared + np.sqrt(1 - common) * noise() for _ in range(2))
    true = np.where(np.arange(tokens) < 6, 0.0, 0.2)[:, None]
    effect = 0.01 / 6 * rng.normal(size=(texts, 1, 2))  # of the texts: 0.01 over the neutral tokens
    compared = Compared(
        text=np.repeat(np.arange(texts), tokens),
        reference=(true + sd * one).reshape(-1, 2),
        cell=(true + effect + sd * other).reshape(-1, 2),
        variance=np.full((texts * tokens, 2), 2 * sd**2),
        unstated="",
        base=np.zeros((texts, 2)),
        shared=np.ones(texts, dtype=bool),
    )
    found = compared.at(0.05, Texts(np.arange(texts) % 2, 2, np.arange(texts).astype(object)))
    return float(permutation_share(found.permutations, found.replicates.var(axis=0, ddof=1))[2])


@pytest.mark.parametrize(("centred", "common"), [(False, 0.0), (True, 0.0), (False, 0.6), (True, 0.6)])
def test_permutation_share_is_the_true_one_for_independent_errors_and_else_above(centred: bool, common: float) -> None:
    """The difference's neutral sum has the variance 0.01^2 by the texts and the noise's by the permutations."""
    rng = np.random.default_rng(0)
    found = np.mean([_found_permutation_share(rng, centred=centred, common=common) for _ in range(30)])
    # The sum of 6 of 8 centred errors has the variance that the sum of the other 2 has: 12/7 instead of 6.
    made = 2 * 0.004**2 * (12 / 7 if centred else 6) * (1 - common)
    true = made / (made + 0.01**2)
    if centred or common:
        assert found > 1.2 * true
    else:
        assert found == pytest.approx(true, rel=0.06)


def test_neutral_measures_on_a_case_worked_by_hand() -> None:
    skew = np.array([[0.1, -0.1], [-0.1, 0.1]])
    table = np.array([[0.02, -0.01], [-0.03, 0.0]])
    assert neutral.neutral_drift(table) == pytest.approx(0.015)
    assert neutral.neutral_uptake(skew, table) == pytest.approx((0.002 + 0.001 + 0.003) / 0.04)


def test_base_difference_is_a_mean_by_language() -> None:
    found = drift.base_difference(np.zeros((3, 1)), np.array([[0.1], [0.3], [0.5]]), np.array([0, 0, 1]), 3)
    assert found[:2, 0] == pytest.approx([0.2, 0.5])
    assert np.isnan(found[2, 0])


def _features(separation: float, rows: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    language = np.arange(rows) % 3
    x = rng.normal(size=(rows, 12)) + separation * rng.normal(size=(3, 12))[language] + 5.0
    return x.astype(np.float32), language, np.arange(rows) // 3


def test_folds_keep_groups_together_and_all_rows_are_held_out_once() -> None:
    _, language, groups = _features(1.0)
    fold = leakage.fold_of(language, groups, 0)
    assert set(fold) == set(range(5))
    assert all(len(set(fold[groups == group])) == 1 for group in set(groups))
    alone = leakage.fold_of(language, np.arange(600), 0)
    assert np.ptp([np.bincount(language[alone == number], minlength=3) for number in range(5)]) <= 1


def test_centring_leaves_the_papers_probe_as_it_is() -> None:
    from sklearn.linear_model import LogisticRegression

    from leaderboard.measures.probing import fit_predict

    x, language, _ = _features(1.0)
    raw = x.astype(float)
    plain = LogisticRegression(C=1e-4, tol=1e-10, max_iter=100_000).fit(raw[:500], language[:500])
    found = fit_predict(raw[:500], language[:500], raw[500:], 1e-4, 3)
    assert found == pytest.approx(plain.predict_proba(raw[500:]), abs=2e-3)


def test_leakage_rises_with_separation_and_a_shuffled_control_stays_at_chance() -> None:
    for c in leakage.PROBES.values():
        found = [leakage.probe_hits(*_features(separation), c=c, seed=0).mean() for separation in (0.0, 0.5, 3.0)]
        assert found[0] < 0.42
        assert found[0] < found[1] < found[2]
        assert found[2] > 0.95
    assert leakage.chance(np.array([0, 0, 1])) == pytest.approx(2 / 3)


def test_online_code_is_one_without_information_and_does_not_saturate() -> None:
    def gain(separation: float) -> float:
        x, language, groups = _features(separation)
        bits = online_coding.online_bits(x, language, groups, classes=3, seed=0)
        assert len(bits) == 600
        return float(online_coding.compression(bits.mean(), np.log2(3)))

    assert gain(0.0) == pytest.approx(1.0, abs=0.04)
    # The probe's accuracy is over .99 from 2 on; the code still tells these apart.
    assert gain(0.5) < gain(2.0) < gain(6.0)


def test_online_code_is_a_code() -> None:
    """Summed over all languages that a text could have had, its probabilities are 1."""
    x, language, _ = _features(1.0, rows=120)
    order_last = online_coding.online_bits(x, language, np.arange(120), classes=3, seed=0)
    position = np.random.default_rng(0).permutation(120)
    last = int(np.flatnonzero(position == 119)[0])  # sent last, so that nothing after it depends on its language
    total = 0.0
    for other in range(3):
        changed = language.copy()
        changed[last] = other
        bits = online_coding.online_bits(x, changed, np.arange(120), classes=3, seed=0)
        total += 2 ** -bits[last]
        rest = np.delete(bits, last)
        assert rest == pytest.approx(np.delete(order_last, last))
    assert total == pytest.approx(1)


def test_blocks_end_at_the_end_of_a_group() -> None:
    place = np.repeat(np.arange(40), 5)
    ends = online_coding.block_ends(place)
    assert ends[-1] == 200
    assert all(end % 5 == 0 for end in ends)


def test_normal_interval_is_missing_where_a_replicate_is() -> None:
    assert normal(0.0, np.array([1.0, -1.0, np.nan])) is None
    assert normal(0.0, np.array([1.0, 0.0, -1.0])) == pytest.approx((-1.959964, 1.959964))


def test_bootstrap_spread_is_that_of_group_sums() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(300), 4)
    x = np.repeat(rng.normal(size=300), 4)  # rows of a group are copies: no more information than 300 rows
    means = bootstrap_sums(np.stack([x, np.ones(1200)], axis=1), groups)
    spread = (means[:, 0] / means[:, 1]).std()
    assert spread == pytest.approx(x[::4].std() / np.sqrt(300), rel=0.1)
    assert (means[:, 1] == 1200).all()


def test_every_listed_metric_loads_under_its_name() -> None:
    for name in METRICS.names():
        found = METRICS.get(name)
        assert (found.name, found.version >= 1) == (name, True)
