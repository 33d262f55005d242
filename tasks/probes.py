"""A fixed sample of a probe corpus."""

import warnings

import numpy as np
import pandas as pd

from polyskew.errors import UserError, suggest
from tasks.declare import Probe
from tasks.loading import load_unlabelled
from tasks.orders import cells, shuffled


def load(probe: Probe, languages: tuple[str, ...], rows_per_language: int | None = None) -> pd.DataFrame:
    """Read the corpus and take the same number of rows of each language.

    The sample is a prefix of one order with a fixed seed: it is the same in all repetitions, and a smaller one is
    part of a larger one (except where a hub corpus is streamed). If a language has fewer rows than wanted, all
    languages get that number, with a warning, so that chance stays 1 / L.

    Args:
        probe: the corpus.
        languages: the languages seen in fine-tuning.
        rows_per_language: rows of each language; the corpus' own setting by default.

    Returns:
        Columns ``id``, ``group``, ``text``, ``language`` and, where ``columns.source`` is declared, ``source``
        (strings); sorted by language.

    Raises:
        UserError: the corpus lacks a language.
        DataError: a file is missing or wrong.
    """
    languages = tuple(languages)
    for language in languages:
        if language not in probe.languages:
            raise UserError(
                f"the probe corpus {probe.name!r} has no language {language!r}{suggest(language, probe.languages)}"
            )
    wanted = probe.rows_per_language if rows_per_language is None else rows_per_language
    frame = load_unlabelled(probe, languages, wanted)
    orders = [
        shuffled(row[0], probe.name, "probe", language)
        for language, row in zip(languages, cells(frame, languages, 1), strict=True)
    ]
    count = min(wanted, *(len(order) for order in orders))
    if count < wanted:
        warnings.warn(
            f"the probe corpus {probe.name!r} has {count} rows in its smallest language, so {count} instead of "
            f"{wanted} are used of each",
            stacklevel=2,
        )
    chosen = np.concatenate([order[:count] for order in orders])
    return frame.take(chosen).reset_index(drop=True)
