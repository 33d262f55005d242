"""``demo_wiki``: label-free encyclopedic sentences in six languages, for probing.

Towns, rivers, mountains and people are invented; what is said of one of them stays the same over
its sentences. The animals are real. A sentence belongs to the group of the thing it is about.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pandas as pd

from tasks.demo.stream import Draws, capitalise, check_request, digest, exhausted, load_lexicon

LANGUAGES = ("fr", "es", "ja", "de", "en", "zh")
PER_TOPIC = 2
"""Sentences about one thing before the next thing's turn."""


def _entities(kind: dict[str, Any], thousands: str, draws: Draws) -> list[dict[str, str]]:
    """Return all things of one kind, each with its name and fixed facts, in random order."""
    if "entities" in kind:
        return draws.shuffled(kind["entities"])
    result = []
    for parts in draws.shuffled(list(product(*kind["names"]))):
        facts = {"name": "".join(parts)}
        for slot, options in kind["slots"].items():
            facts[slot] = draws.pick(options)
        for slot, (low, high, step) in kind["numbers"].items():
            value = low + step * draws.below((high - low) // step + 1)
            # Years are written without a separator in every language.
            plain = slot in ("year", "later") or value < 10_000
            facts[slot] = str(value) if plain else f"{value:,}".replace(",", thousands)
        result.append(facts)
    return result


def _sentences(language: str) -> Iterator[tuple[str, str]]:
    """Yield (topic, text), going round the kinds, until the lexicon is used up."""
    lexicon, draws = load_lexicon(f"wiki_{language}"), Draws("wiki", language)
    kinds = lexicon["kinds"]
    queues = {name: _entities(kinds[name], lexicon["thousands"], draws) for name in kinds}
    while any(queues.values()):
        for name, queue in queues.items():
            if not queue:
                continue
            facts = queue.pop()
            topic = f"wiki-{language}-{name}-{digest(facts['name'])}"
            for template in draws.shuffled(kinds[name]["templates"])[:PER_TOPIC]:
                yield topic, capitalise(template.format(**facts))


def generate_wiki(rows_per_language: int, *, languages: Sequence[str] = LANGUAGES) -> pd.DataFrame:
    """Return ``rows_per_language`` different sentences for every language.

    Args:
        rows_per_language: rows of each language. A larger number only adds rows.
        languages: language codes out of ``LANGUAGES``; each one's rows do not depend on the others.

    Returns:
        Columns id, group (the thing the text is about, within one language), text, language.

    Raises:
        UserError: for an unknown language, or when the lexicon cannot give that many.
    """
    check_request(None, rows_per_language, languages, LANGUAGES)
    records = []
    for language in languages:
        seen: set[str] = set()
        for topic, text in _sentences(language):
            if len(seen) == rows_per_language:
                break
            if text not in seen:
                seen.add(text)
                records.append((f"wiki-{language}-{digest(text)}", topic, text, language))
        if len(seen) < rows_per_language:
            raise exhausted("demo_wiki", language, rows_per_language, len(seen))
    return pd.DataFrame(records, columns=["id", "group", "text", "language"])
