"""Language probes against scikit-learn and direct loops; matched texts; values that can be compared across tasks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import GroupKFold, PredefinedSplit

from leaderboard.measures import leakage, matching, online_coding
from leaderboard.measures.probing import fit_predict, shuffled_within

SEEDS = st.integers(0, 10_000)


def features(separation: float, rows: int = 600, languages: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    language = np.arange(rows) % languages
    centres = separation * rng.normal(size=(languages, 8))
    return (centres[language] + rng.normal(size=(rows, 8)) + 2.0).astype(np.float32), language


@pytest.mark.parametrize("size", [1, 3])
def test_the_papers_probe_is_scikit_learns_cross_validated_one_with_a_single_penalty(size: int) -> None:
    x, language = features(1.0)
    groups = np.arange(600) // size
    fold = leakage.fold_of(language, groups, 0)
    hits = leakage.probe_hits(x, language, groups, c=leakage.PROBES["paper"], seed=0)
    raw = x.astype(float)
    # The published code's call: one penalty, which is 1e-4.
    model = LogisticRegressionCV(
        Cs=1,
        cv=PredefinedSplit(fold),
        scoring="accuracy",
        tol=1e-9,
        max_iter=100_000,
        l1_ratios=(0,),
        use_legacy_attributes=False,
    ).fit(raw, language)
    assert model.Cs_ == pytest.approx([1e-4])
    wanted = np.asarray(model.scores_).reshape(-1)
    found = [hits[fold == number].mean() for number in range(5)]
    assert found == pytest.approx(wanted, abs=1e-9)
    assert 0.5 < hits.mean() < 0.99


def test_the_online_code_is_that_of_a_loop_over_texts() -> None:
    x, language = features(1.0, rows=90)
    order = np.argsort(np.random.default_rng(3).permutation(90))
    ends = [1, 2, 3, 6, 12, 23, 45, 90]  # 0.8, 1.6, 3.2, 6.25, 12.5, 25, 50 and 100% of 90, rounded up
    wanted = np.full(90, np.log2(3))
    for start, end in pairwise(ends):
        past, block = order[:start], order[start:end]
        if len(set(language[past])) < 2:
            continue
        mean, scale = x[past].astype(float).mean(axis=0), x[past].astype(float).std(axis=0)
        weights = np.ones(3) / 3  # of the three probes: the posterior after each text
        probes = [
            LogisticRegression(C=c, max_iter=10_000, tol=1e-8).fit((x[past] - mean) / scale, language[past])
            for c in (0.003, 0.03, 0.3)
        ]
        for text in block:
            told = []
            for probe in probes:
                known = dict(zip(probe.classes_, probe.predict_proba(((x[text] - mean) / scale)[None])[0], strict=True))
                told.append((start * known.get(language[text], 0.0) + 1) / (start + 3))
            wanted[text] = -np.log2(weights @ told)
            weights = weights * told / (weights @ told)
    found = online_coding.online_bits(x, language, np.arange(90), classes=3, seed=3)
    assert found == pytest.approx(wanted, abs=2e-3)
    assert found.mean() < 0.9 * np.log2(3)


def test_without_features_a_probe_says_the_shares_of_the_languages() -> None:
    language = np.array([0, 0, 0, 2, 2, 3])
    found = fit_predict(np.zeros((6, 0)), language, np.zeros((2, 0)), 1.0, 5)
    constant = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(np.ones((6, 1)) * 0, language)
    assert found[:, [0, 2, 3]] == pytest.approx(constant.predict_proba(np.zeros((2, 1))), abs=1e-4)
    assert (found[:, [1, 4]] == 0).all()


@given(st.floats(0, 1), st.floats(0.01, 0.99))
def test_above_chance_is_at_most_one_and_has_the_sign_of_the_gain(share: float, chance: float) -> None:
    found = float(leakage.above_chance(np.asarray(share), np.asarray(chance)))
    assert found <= 1
    assert found == pytest.approx(1 - (1 - share) / (1 - chance))
    assert (found >= 0) == (share >= chance)


def test_above_chance_where_chance_leaves_nothing_is_missing() -> None:
    assert np.isnan(leakage.above_chance(np.asarray(1.0), np.asarray(1.0)))


@given(st.floats(1e-6, 20), st.integers(2, 50))
def test_saved_is_at_most_one_and_one_less_the_inverse_of_compression(bits: float, languages: int) -> None:
    uniform = np.asarray(np.log2(languages))
    found = float(online_coding.saved(np.asarray(bits), uniform))
    assert found < 1
    assert found == pytest.approx(1 - 1 / float(online_coding.compression(np.asarray(bits), uniform)))


@pytest.mark.parametrize("languages", [2, 5, 10])
def test_values_across_tasks_do_not_depend_on_the_number_of_languages_at_both_ends(languages: int) -> None:
    for separation, wanted in ((0.0, 0.0), (30.0, 1.0)):
        x, language = features(separation, rows=1000, languages=languages)
        hits = leakage.probe_hits(x, language, np.arange(1000), c=1.0, seed=0)
        found = leakage.above_chance(np.asarray(hits.mean()), np.asarray(leakage.chance(language)))
        assert found == pytest.approx(wanted, abs=0.08)
        bits = online_coding.online_bits(x, language, np.arange(1000), classes=languages, seed=0)
        assert online_coding.saved(bits.mean(), np.asarray(np.log2(languages))) == pytest.approx(wanted, abs=0.12)


@given(SEEDS, st.integers(1, 4), st.integers(1, 6))
def test_matched_texts_have_the_scarcest_languages_number_in_every_stratum(
    seed: int, languages: int, strata: int
) -> None:
    rng = np.random.default_rng(seed)
    language = np.concatenate([np.arange(languages), rng.integers(languages, size=80)])
    stratum = rng.integers(strata, size=len(language))
    rows = matching.matched_rows(stratum, language, seed)
    assert (np.diff(rows) > 0).all()
    for one in range(strata):
        there = [((stratum == one) & (language == name)).sum() for name in range(languages)]
        kept = [((stratum[rows] == one) & (language[rows] == name)).sum() for name in range(languages)]
        assert kept == [min(there)] * languages


def test_which_texts_are_matched_is_random_and_repeatable() -> None:
    language, stratum = np.arange(400) % 2, np.zeros(400, dtype=int)
    language[:100] = 0  # 250 against 150
    rows = matching.matched_rows(stratum, language, 0)
    assert (rows == matching.matched_rows(stratum, language, 0)).all()
    assert (rows != matching.matched_rows(stratum, language, 1)).any()
    assert np.mean(np.flatnonzero(language == 0)) == pytest.approx(rows[language[rows] == 0].mean(), abs=15)


@given(SEEDS)
def test_bins_of_length_keep_the_order_and_equal_lengths_together(seed: int) -> None:
    tokens = np.random.default_rng(seed).integers(3, 130, size=500)
    bins = matching.length_bins(tokens)
    order = np.argsort(tokens, kind="stable")
    assert (np.diff(bins[order]) >= 0).all()
    assert all(len(set(bins[tokens == length])) == 1 for length in set(tokens))
    assert bins.max() < matching.BINS


def test_features_of_length_are_standardised_logs() -> None:
    tokens, characters = np.array([1, 10, 100, 0]), np.array([7, 7, 7, 7])
    found = matching.length_features(tokens, characters)
    logs = np.log([1, 10, 100, 1])  # a text without a token counts as one of one token
    assert found[:, 0] == pytest.approx((logs - logs.mean()) / logs.std())
    assert (found[:, 1] == 0).all()


@pytest.mark.parametrize("shift", [0.3, 0.8])
def test_length_tells_nothing_after_matching_and_a_language_stays_separable(shift: float) -> None:
    """Languages whose log lengths differ by up to ``shift`` standard deviations to each side, and by nothing else."""
    rng = np.random.default_rng(6)
    language = np.arange(6000) % 6
    tokens = np.round(np.exp(3.4 + 0.5 * (rng.normal(size=6000) + shift * (language - 2.5) / 2.5))).astype(int) + 2
    own = rng.normal(size=(6, 5))[language] * 3 + rng.normal(size=(6000, 5))
    length = matching.length_features(tokens, tokens * 3)
    rows = matching.matched_rows(matching.length_bins(tokens), language, 0)
    assert len(rows) > 1500

    def told(x: np.ndarray, rows: np.ndarray) -> float:
        return float(leakage.probe_hits(x[rows], language[rows], rows, c=1.0, seed=0).mean())

    everything = np.arange(6000)
    # Squares and cubes too: the whole distribution of lengths is the same, not only its mean.
    curved = np.stack([length[:, 0] ** power for power in (1, 2, 3)], axis=1)
    for x in (length, curved):
        assert told(x, everything) > 1 / 6 + 0.1 * shift
        # 3 standard errors; balanced folds push a probe that knows nothing a little below chance.
        assert told(x, rows) < 1 / 6 + 3 * np.sqrt(5 / 36 / len(rows))
    assert told(own, rows) > 0.95


@settings(max_examples=30)
@given(SEEDS)
def test_labels_shuffled_within_languages_keep_every_count(seed: int) -> None:
    rng = np.random.default_rng(seed)
    language, label = rng.integers(3, size=300), rng.integers(4, size=300)
    mixed = shuffled_within(language, label, np.arange(300), seed)
    assert (mixed != label).any()
    for name in range(3):
        rows = language == name
        assert (np.bincount(mixed[rows], minlength=4) == np.bincount(label[rows], minlength=4)).all()


def test_shuffled_labels_keep_translations_together() -> None:
    # Premises with three hypotheses, in two languages: as many of each language with a label as before, pair by pair.
    groups, language, label = np.repeat(np.arange(100), 6), np.tile([0, 1], 300), np.tile([0, 0, 1, 1, 2, 2], 100)
    mixed = shuffled_within(language, label, groups, 0)
    assert (mixed[0::2] == mixed[1::2]).all()
    assert 100 < (mixed == label).sum() < 300
    assert (np.bincount(mixed) == 200).all()


def test_folds_share_out_languages_where_groups_are_articles_of_one_language() -> None:
    sizes = np.random.default_rng(0).integers(1, 4, size=300)
    groups = np.repeat(np.arange(300), sizes)
    language = (np.arange(300) % 3)[groups]
    fold = leakage.fold_of(language, groups, 0)
    assert all(len(set(fold[groups == group])) == 1 for group in range(300))
    for name in range(3):
        counts = np.bincount(fold[language == name], minlength=5)
        assert np.ptp(counts) <= 1 + 2 + 3, "one group of each size"
    assert (leakage.fold_of(language, groups, 1) != fold).any()


@pytest.mark.parametrize("seed", range(3))
def test_the_papers_probe_reads_features_where_translations_are_missing(seed: int) -> None:
    """Its penalty is strong: where training folds hold more of one language, it would name this language for all."""
    rng = np.random.default_rng(seed)
    groups, language = np.repeat(np.arange(300), 2), np.tile([0, 1], 300)
    there = np.sort(np.concatenate([rng.permutation(np.flatnonzero(language == name))[:180] for name in (0, 1)]))
    groups, language = groups[there], language[there]
    x = np.array([[1.0], [-1.0]])[language] + 0.1 * rng.normal(size=(360, 1))

    def told(fold: np.ndarray) -> float:
        right = [
            LogisticRegression(C=1e-4).fit(x[fold != number], language[fold != number]).predict(x[fold == number])
            == language[fold == number]
            for number in range(5)
        ]
        return float(np.concatenate(right).mean())

    assert leakage.probe_hits(x.astype(np.float32), language, groups, c=1e-4, seed=seed).mean() > 0.99
    at_random = np.empty(360, dtype=int)
    for number, (_, out) in enumerate(GroupKFold(5, shuffle=True, random_state=seed).split(x, language, groups)):
        at_random[out] = number
    assert told(at_random) < told(leakage.fold_of(language, groups, seed))
