"""``demo_reviews``: product reviews with one to five stars in six languages.

A review mixes neutral clauses (what, where, when, for whom: drawn without regard to the label) and
opinion clauses whose grade scatters around the star of the review. Together with a share of wrong
stars this keeps the best reachable accuracy well under 1.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tasks.demo.stream import (
    PATIENCE,
    Draws,
    capitalise,
    check_request,
    digest,
    exhausted,
    load_lexicon,
    split_of,
)

LANGUAGES = ("fr", "es", "ja", "de", "en", "zh")
STARS = (1, 2, 3, 4, 5)
LABEL_NOISE = 0.05
# Weight of an opinion by its distance from the star: a normal with sigma 0.75, cut at the ends. With
# SHAPES and LABEL_NOISE the best reachable accuracy is 0.66 (sigma 1 would leave 0.55).
GRADE_WEIGHTS = (10_000, 4_111, 286, 3, 0)
# Order of neutral (N) and opinion (O) clauses with its weight; independent of the label.
SHAPES = ("NO", "ON", "OO", "NOO", "OON", "ONO", "NNO", "OOO")
SHAPE_WEIGHTS = (6, 4, 18, 26, 12, 10, 4, 20)
OPENER_SHARE = 0.15


def _fill(template: str, item: Sequence[str], lexicon: dict[str, Any], draws: Draws) -> str:
    """Return a neutral clause: ``template`` with the reviewed item and freshly drawn slots."""
    fillers = {name: draws.pick(options) for name, options in lexicon["slots"].items()}
    return template.format(a=item[0], this=item[1], **fillers)


def _joint(joins: dict[str, Any], draws: Draws, before: int, after: int) -> str:
    """Return the mark or conjunction between two opinions of the given grades."""
    if min(before, after) <= 2 and max(before, after) >= 4:
        return str(joins["contrast"])
    if (before < 3) == (after < 3) and (before > 3) == (after > 3):
        return str(draws.pick(joins["same"]))
    return str(joins["sentence"])


def _compose(lexicon: dict[str, Any], star: int, draws: Draws) -> str:
    """Return one review text for an underlying ``star`` (1 to 5)."""
    item, joins = draws.pick(lexicon["items"]), lexicon["joins"]
    topics = iter(draws.shuffled(list(lexicon["neutral"])))
    aspects = iter(draws.shuffled(list(lexicon["opinions"][1])))
    weights = [GRADE_WEIGHTS[abs(grade - star)] for grade in STARS]
    text = before = joint = None
    for clause in draws.weighted(SHAPES, SHAPE_WEIGHTS):
        if clause == "N":
            grade = None
            phrase = _fill(draws.pick(lexicon["neutral"][next(topics)]), item, lexicon, draws)
        else:
            grade = draws.weighted(STARS, weights)
            phrase = draws.pick(lexicon["opinions"][grade][next(aspects)])
        if text is None:
            # An opener goes with an opinion only: "honestly, the parcel came on Friday" is odd.
            opener = ""
            if grade is not None and draws.uniform() < OPENER_SHARE:
                opener = draws.pick(lexicon["openers"])
            text = opener + (capitalise(phrase) if opener.endswith(": ") else phrase)
        else:
            # At most one conjunction in a sentence: "a, and b, and c" reads badly.
            if before is None or grade is None or joint not in (None, joins["sentence"]):
                joint = str(joins["sentence"])
            else:
                joint = _joint(joins, draws, before, grade)
            text += joint + (capitalise(phrase) if joint == joins["sentence"] else phrase)
        before = grade
    assert text is not None
    return capitalise(text) + str(joins["end"])


def _candidates(language: str, label: int) -> Iterator[str]:
    """Yield texts for class ``label`` (0 to 4) without end; repetitions may occur."""
    lexicon = load_lexicon(f"reviews_{language}")
    draws = Draws("reviews", language, label)
    while True:
        star = label + 1
        if draws.uniform() < LABEL_NOISE:
            star = draws.pick([other for other in STARS if other != star])
        yield _compose(lexicon, star, draws)


def _rows(split: str, rows_per_cell: int, language: str) -> Iterator[tuple[str, int]]:
    """Yield (text, label) in rounds over the labels, no text twice in one language.

    Going round by round makes the first rows independent of how many are asked for.
    """
    cells = [_candidates(language, label) for label in range(len(STARS))]
    seen: set[str] = set()
    for done in range(rows_per_cell):
        for label, cell in enumerate(cells):
            for _ in range(PATIENCE):
                text = next(cell)
                if text not in seen and split_of(text) == split:
                    break
            else:
                raise exhausted("demo_reviews", f"{language} {split}", rows_per_cell, done)
            seen.add(text)
            yield text, label


def generate_reviews(
    split: str,
    rows_per_cell: int,
    *,
    languages: Sequence[str] = LANGUAGES,
) -> pd.DataFrame:
    """Return ``rows_per_cell`` reviews for every language and star.

    Args:
        split: "train", "validation" or "test"; no text of a language is in two of them.
        rows_per_cell: rows of each (language, label) pair. A larger number only adds rows.
        languages: language codes out of ``LANGUAGES``; each one's rows do not depend on the others.

    Returns:
        Columns id, group, text (strings), label (int64, 0 for one star to 4 for five stars),
        language (string); ``rows_per_cell * 5 * len(languages)`` rows. Every review is its own
        group.

    Raises:
        UserError: for an unknown split or language, or when the lexicon cannot give that many.
    """
    check_request(split, rows_per_cell, languages, LANGUAGES)
    records = []
    for language in languages:
        for text, label in _rows(split, rows_per_cell, language):
            name = f"reviews-{language}-{digest(text)}"
            records.append((name, name, text, label, language))
    table = pd.DataFrame(records, columns=["id", "group", "text", "label", "language"])
    return table.astype({"label": np.int64})
