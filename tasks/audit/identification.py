"""Texts that look like another language than they are tagged with, by the identifier py3langid (an optional extra).

Its model comes with the package (langid.py; Lui and Baldwin 2012, ACL System Demonstrations, 25-30).
``docs/audit.md`` has its own error on sentences of known language.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from polyskew.errors import UserError
from tasks.audit.samples import Sampled

SAMPLE = 1000
"""Texts of each language that are looked at."""
LEAST_BYTES = 30
"""Shorter texts are skipped: bytes of UTF-8 letters, as a Chinese character tells more than a Latin one."""
MOST_DOUBT = 0.1
"""A text looks like another language if one is likelier and the tag's own has at most this probability."""

# A wrongly tagged text is likeliest in one of these, or in another language of the data.
_WIDESPREAD = (
    "ar",
    "de",
    "en",
    "es",
    "fa",
    "fr",
    "hi",
    "id",
    "it",
    "ja",
    "ko",
    "nl",
    "pl",
    "pt",
    "ru",
    "tr",
    "vi",
    "zh",
)
_NOT_LANGUAGE = re.compile(r"https?://\S+|www\.\S+|[@#]\w+|[\W\d_]+")


@dataclass(frozen=True)
class Looks:
    """What the texts of one language look like.

    Attributes:
        checked: texts that were long enough; 0 where the identifier does not know the language.
        skipped: texts that were too short.
        other: how many look like each other language, the most frequent first.
        examples: a few of these texts with the language that they look like.
    """

    checked: int
    skipped: int
    other: dict[str, int]
    examples: tuple[tuple[Sampled, str], ...]


def identify(samples: dict[str, Sequence[Sampled]]) -> dict[str, Looks]:
    """Look at the sampled texts of each language.

    Args:
        samples: by language: an ISO 639-1 code, alone or before ``-`` or ``_`` (``pt-BR``).

    Raises:
        UserError: the identifier is not installed.
    """
    identifier = _identifier()
    known = set(identifier.labels)
    codes = {tag: re.split(r"[-_]", tag.lower())[0] for tag in samples}
    identifier.set_languages(sorted({*_WIDESPREAD, *codes.values()} & known))
    return {
        tag: _looks(identifier, texts, codes[tag] if codes[tag] in known else None) for tag, texts in samples.items()
    }


def check_installed() -> None:
    """Complain before anything is read.

    Raises:
        UserError: the identifier is not installed.
    """
    _identifier()


def _identifier():  # type: ignore[no-untyped-def]  # of an optional package
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        raise UserError("--identify needs the package py3langid: pip install 'polyskew[identify]'") from None
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _looks(identifier, texts: Sequence[Sampled], code: str | None) -> Looks:  # type: ignore[no-untyped-def]
    other: Counter[str] = Counter()
    examples: list[tuple[Sampled, str]] = []
    checked = skipped = 0
    for one in texts if code else ():
        letters = _NOT_LANGUAGE.sub(" ", one.text).strip()
        if len(letters.encode()) < LEAST_BYTES:
            skipped += 1
            continue
        checked += 1
        (best, _), *_rest = ranked = identifier.rank(letters)
        if best != code and dict(ranked)[code] <= MOST_DOUBT:
            other[best] += 1
            examples.append((one, best))
    return Looks(checked, skipped, dict(other.most_common()), tuple(examples[:3]))
