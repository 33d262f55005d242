"""``demo_nli``: premises with an entailed, an open and a contradicting hypothesis, in fr and en.

The scenes come from :mod:`tasks.demo.nli_logic`; this module puts them into words. Both languages
tell the same scenes under the same group, so the corpus is parallel.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from tasks.demo.nli_logic import Concepts, Scene
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

LANGUAGES = ("fr", "en")
LABELS = ("entailment", "neutral", "contradiction")
# Two labels of a premise change places in this share of premises: 2/3 of it in rows, that is 5%.
SWAP_SHARE = 0.075
FRONTED_TIME = 0.35


@cache
def _concepts() -> Concepts:
    """Return the concept look-ups, read once."""
    return Concepts()


def _say(scene: Scene, words: dict[str, Any], fronted: bool) -> str:
    """Return ``scene`` as one sentence; ``fronted`` puts the time, if any, first."""
    single, plural = words["subjects"][scene.subject]
    many = scene.number > 1
    parts = [f"{words['numbers'][scene.number]} {plural}" if many else single]
    parts.append(words["actions"][scene.act][2 * scene.negated + many])
    if scene.extra is not None:
        parts.append(words["extras"][scene.extra])
    if scene.place is not None:
        parts.append(words["places"][scene.place])
    time = ""
    if scene.day is not None:
        pattern = words["time"]["day" if scene.part is None else "part"]
        time = pattern.format(day=words["days"][scene.day], part=words["parts"].get(scene.part, ""))
    if time and not fronted:
        parts.append(time)
    sentence = " ".join(parts)
    if time and fronted:
        sentence = words["front"].format(time=time, rest=sentence)
    return capitalise(sentence) + "."


def _scenes(split: str, premises: int) -> Iterator[tuple[str, list[tuple[Scene, bool]], list[int]]]:
    """Yield (group, the premise and its three hypotheses with their word order, row order)."""
    concepts, draws = _concepts(), Draws("nli", split)
    seen: set[str] = set()
    for done in range(premises):
        for _ in range(PATIENCE):
            premise = concepts.draw_premise(draws)
            if premise.key() not in seen and split_of(premise.key()) == split:
                break
        else:
            raise exhausted("demo_nli", split, premises, done)
        seen.add(premise.key())
        scenes = [
            premise,
            concepts.entailed(premise, draws),
            concepts.open(premise, draws),
            concepts.contrary(premise, draws),
        ]
        told = [(scene, draws.uniform() < FRONTED_TIME) for scene in scenes]
        # Rows come in random order, so that an id does not betray the label.
        yield f"nli-{digest(premise.key())}", told, draws.shuffled([0, 1, 2])


def generate_nli(
    split: str,
    rows_per_cell: int,
    *,
    languages: Sequence[str] = LANGUAGES,
) -> pd.DataFrame:
    """Return ``rows_per_cell`` pairs for every language and label.

    Args:
        split: "train", "validation" or "test"; a premise belongs to only one of them.
        rows_per_cell: rows of each (language, label) pair, which is the number of premises. A
            larger number only adds premises.
        languages: language codes out of ``LANGUAGES``; each one's rows do not depend on the others.

    Returns:
        Columns id, group, text (premise), text_pair (hypothesis), label (int64: 0 entailment,
        1 neutral, 2 contradiction), language; ``rows_per_cell * 3 * len(languages)`` rows. The
        group is the premise and is the same in all languages.

    Raises:
        UserError: for an unknown split or language, or when the lexicon cannot give that many.
    """
    check_request(split, rows_per_cell, languages, LANGUAGES)
    plans = list(_scenes(split, rows_per_cell))
    records = []
    for language in languages:
        words, noise = load_lexicon(f"nli_{language}"), Draws("nli-noise", split, language)
        for group, told, order in plans:
            premise, *hypotheses = [_say(scene, words, fronted) for scene, fronted in told]
            labels = [0, 1, 2]
            if noise.uniform() < SWAP_SHARE:
                # A swap inside the premise keeps the classes exactly balanced.
                kept = noise.below(3)
                first, second = (label for label in (0, 1, 2) if label != kept)
                labels[first], labels[second] = second, first
            for position, kind in enumerate(order):
                name = f"{group}-{language}-{position}"
                records.append((name, group, premise, hypotheses[kind], labels[kind], language))
    columns = ["id", "group", "text", "text_pair", "label", "language"]
    return pd.DataFrame(records, columns=columns).astype({"label": np.int64})
