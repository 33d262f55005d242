"""The sizes of the paper, on stand-ins as large as the original data sets."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from polyskew.errors import DataError
from tasks import Drawn, Splits, Task, draw, get_task
from tests.tasks import made_up

# Rows of each label in each language, as published: the reviews (Keung et al. 2020) are balanced, and so are the
# 2,490 and 5,010 pairs of XNLI; its 392,702 training pairs are those of MultiNLI.
AMAZON = {"train": [40_000] * 5, "validation": [1_000] * 5, "test": [1_000] * 5}
XNLI = {"train": [130_899, 130_900, 130_903], "validation": [830] * 3, "test": [1_670] * 3}


def stand_in(task: Task, rows: dict[str, list[int]], missing: int = 0) -> Splits:
    """Splits with as many rows as the original; ``missing`` rows of each training cell were dropped at loading."""
    frames, languages = {}, {}
    for split, labels in rows.items():
        label = np.repeat(np.arange(len(labels)), labels)
        left = np.concatenate([np.arange(count) >= (missing if split == "train" else 0) for count in labels])
        one = pd.DataFrame({"id": pd.Series(np.arange(len(label))[left]).astype("str"), "label": label[left]})
        frames[split] = pd.concat([one.assign(language=language) for language in task.languages], ignore_index=True)
        languages[split] = dict.fromkeys(task.languages, sum(labels))
    return Splits(**frames, report={"languages": languages})


def count(task: Task, frame: pd.DataFrame) -> list[list[int]]:
    table = frame.groupby(["language", "label"]).size().unstack(fill_value=0)
    return table.reindex(index=list(task.languages), columns=range(len(task.labels)), fill_value=0).values.tolist()


def by_the_code(rows: int, ratio: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """The counts of a language in the skewed and in the balanced regime, in whole numbers only."""
    classes, largest = len(ratio), max(ratio)
    skewed = [rows * value // (largest * classes) - 1 for value in ratio]
    return skewed, [rows * sum(ratio) // (largest * classes * classes) - 1] * classes


def check_regime(task: Task, drawn: Drawn, regime: str, rows: dict[str, list[int]]) -> None:
    for split in ("train", "validation"):
        wanted = [by_the_code(sum(rows[split]), task.regimes["imbalanced"][language]) for language in task.languages]
        assert count(task, getattr(drawn, split)) == [both[regime == "balanced"] for both in wanted]
    assert drawn.counts.tolist() == count(task, drawn.train)


def check_table_1(task: Task, drawn: Drawn, percent: dict[str, list[float]]) -> None:
    """Table 1 is cut after one digit for the reviews, rounded to two for XNLI."""
    for split in ("train", "validation"):
        counts = np.array(count(task, getattr(drawn, split)))
        shares = 100 * counts / counts.sum(axis=1, keepdims=True)
        for language, row in zip(task.languages, shares, strict=True):
            # Every cell lacks one row or two, which is 0.1 percent of the smaller validation set.
            np.testing.assert_allclose(row, percent[language], atol=0.1 + 100 * 2 / counts[0].sum())


def test_amazon_reviews_have_the_papers_sizes() -> None:
    task = get_task("amazon_reviews", sizes="paper")
    splits = stand_in(task, AMAZON)
    balanced, imbalanced = (draw(task, splits, regime, 0) for regime in ("balanced", "imbalanced"))
    check_regime(task, balanced, "balanced", AMAZON)
    check_regime(task, imbalanced, "imbalanced", AMAZON)
    french, german = task.languages.index("fr"), task.languages.index("de")
    assert imbalanced.counts[french].tolist() == [7999, 15999, 23999, 31999, 39999]
    assert imbalanced.counts[german].tolist() == [39999, 31999, 23999, 15999, 7999]
    # Table 5 has 719k, 18k and 30k; it cuts the first.
    assert len(balanced.train) == len(imbalanced.train) == 719_970
    assert len(balanced.validation) == len(imbalanced.validation) == 17_970
    assert len(balanced.test) == len(imbalanced.test) == 30_000
    rising = [6.6, 13.3, 20.0, 26.7, 33.3]
    check_table_1(task, imbalanced, {name: rising if name in "fr es ja" else rising[::-1] for name in task.languages})
    # The smaller of two subsets of a cell is contained in the larger.
    ids = [set(drawn.train["language"] + " " + drawn.train["id"]) for drawn in (balanced, imbalanced)]
    assert len(ids[0] & ids[1]) == np.minimum(balanced.counts, imbalanced.counts).sum()


def test_xnli_has_the_papers_sizes() -> None:
    # The code keeps the balanced two thirds of the 5,010 test rows, each cell by the same rule:
    # int(5,010 * 2/3 / 3) - 1 = 1,112 of each label and language. The text says 6.6k.
    task = get_task("xnli", sizes="paper", test_cell=5_010 * 2 // 9 - 1)
    assert task.test_cell == 1112
    splits = stand_in(task, XNLI)
    drawn = {regime: draw(task, splits, regime, 0) for regime in ("balanced", "imbalanced", "switched")}
    check_regime(task, drawn["balanced"], "balanced", XNLI)
    check_regime(task, drawn["imbalanced"], "imbalanced", XNLI)
    # 392,702 / 9 = 43,633.6 is cut to 43,633, less 1; the largest cell is the whole of MultiNLI's entailments.
    assert drawn["imbalanced"].counts.tolist() == [[43_632, 87_266, 130_899], [130_899, 87_266, 43_632]]
    assert drawn["switched"].counts.tolist() == drawn["imbalanced"].counts[::-1].tolist()
    # Table 5 has 524k, 3.3k and 6.6k; it cuts the last.
    assert [len(one.train) for one in drawn.values()] == [523_596, 523_594, 523_594]
    assert {len(one.validation) for one in drawn.values()} == {3_312}
    assert {len(one.test) for one in drawn.values()} == {6_672}
    rising = [16.67, 33.33, 50.0]
    check_table_1(task, drawn["imbalanced"], {"en": rising, "fr": rising[::-1]})


def problem(**settings: Any) -> Task:
    return made_up.task(
        dict.fromkeys(("train", "validation", "test"), "none.csv"),
        **{"sizes": "paper", "regimes": {"imbalanced": {"fr": (1, 2), "en": (6, 3)}}, **settings},
    )


def test_rows_dropped_at_loading_still_count_and_a_short_cell_takes_what_it_has() -> None:
    task = problem()
    rows = {"train": [100, 100], "validation": [40, 40], "test": [9, 9]}
    # 200 rows were read, so the rule asks 49 and 99 as before, but only 97 of each label are left.
    assert draw(task, stand_in(task, rows, missing=3), "imbalanced", 0).counts.tolist() == [[49, 97], [97, 49]]
    assert draw(task, stand_in(task, rows, missing=3), "balanced", 0).counts.tolist() == [[74, 74], [74, 74]]


def test_loading_counts_what_was_read(tmp_path: Path) -> None:
    files = made_up.write_csv(tmp_path)
    train = pd.read_csv(files["train"])
    train.loc[0, "text"] = "fr test text 0"  # stands in the test split too, so the training row is dropped
    train.to_csv(files["train"], index=False)
    task = problem(source={"files": files})
    splits = task.load()
    assert len(splits.train) == 23
    assert splits.report["languages"]["train"] == {"fr": 12, "en": 12}
    # int(12 * 1/2 / 2) - 1 = 2, int(12 / 2) - 1 = 5, int(12 * 3/4 / 2) - 1 = 3
    assert draw(task, splits, "imbalanced", 0).counts.tolist() == [[2, 5], [5, 2]]
    assert draw(task, splits, "balanced", 0).counts.tolist() == [[3, 3], [3, 3]]


def test_a_cell_setting_scales_the_rule_down() -> None:
    task = problem(train_cell=20, validation_cell=8)
    drawn = draw(task, stand_in(task, {"train": [100] * 2, "validation": [40] * 2, "test": [9] * 2}), "imbalanced", 0)
    assert drawn.counts.tolist() == [[9, 19], [19, 9]]
    assert count(task, drawn.validation) == [[3, 7], [7, 3]]


def test_nothing_is_rounded_on_the_way() -> None:
    # In floats, 7 / 10 of 180 rows over 3 labels is 41.99...: one row fewer than the 42 of whole numbers.
    task = problem(languages=("fr",), labels=("a", "b", "c"), regimes={"imbalanced": {"fr": (1, 7, 10)}})
    for rows in range(60, 400, 3):
        splits = stand_in(task, {split: [rows] * 3 for split in AMAZON})
        assert draw(task, splits, "imbalanced", 0).counts.tolist() == [by_the_code(3 * rows, (1, 7, 10))[0]]


def test_too_few_rows_are_named() -> None:
    task = problem()
    splits = stand_in(task, {"train": [2, 2], "validation": [9, 9], "test": [9, 9]})
    words = "of 4 rows in language 'fr' the rule takes 0 of label 'no', and 2 are left; use more rows"
    with pytest.raises(DataError, match=words):
        draw(task, splits, "imbalanced", 0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"max_share": 0.7}, "max_share has no meaning with 'sizes: paper'"),
        ({"regimes": {}}, "so declare a regime"),
        (
            {"regimes": {"imbalanced": {"fr": (1, 2), "en": (2, 1)}, "steep": {"fr": (1, 3), "en": (2, 1)}}},
            "language 'fr''s ratio over its largest number is 3/4 in 'imbalanced', 2/3 in 'steep'",
        ),
    ],
)
def test_settings_that_the_rule_cannot_follow(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        problem(**settings)


def test_identity_has_what_the_rule_needs_and_no_more(tmp_path: Path) -> None:
    files = made_up.write_csv(tmp_path)
    regimes = {"imbalanced": {"fr": (1, 2), "en": (2, 1)}}
    equal = made_up.task(files, regimes=regimes)
    assert made_up.task(files, regimes=regimes, sizes="equal").identity() == equal.identity()
    assert "sizes" not in equal.identity()
    paper = problem(source={"files": files}, regimes=regimes)
    assert paper.identity("balanced") == {
        **{name: value for name, value in equal.identity("balanced").items() if name != "unit"},
        "sizes": "paper",
        "balanced": {"fr": "3/4", "en": "3/4"},
    }
    # A regime more of the same mean moves no row; another mean would.
    both = problem(source={"files": files}, regimes={**regimes, "switched": {"fr": (2, 1), "en": (1, 2)}})
    assert both.identity("imbalanced") == paper.identity("imbalanced")
    flatter = problem(source={"files": files}, regimes={"imbalanced": {"fr": (2, 3), "en": (2, 1)}})
    assert flatter.identity("balanced") != paper.identity("balanced")
