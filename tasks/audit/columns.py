"""Which columns hold text, label and language: as told, or by their usual names."""

from dataclasses import dataclass

from polyskew.errors import DataError
from tasks.audit.rows import Rows
from tasks.tables import check_columns

_TEXTS = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("text",),
    ("sentence",),
    ("review_body",),
    ("review",),
    ("tweet",),
    ("content",),
    ("comment",),
    ("body",),
    ("utterance",),
    ("document",),
    ("query",),
    ("question",),
)
_LABELS = (
    *(
        "label_text",
        "label_name",
        "label",
        "labels",
        "class",
        "category",
        "categories",
        "sentiment",
        "emotion",
        "emotions",
    ),
    *("topic", "intent", "stars", "rating", "target", "gold_label", "tags", "y"),
)
_LANGUAGES = ("language", "lang", "language_code", "lang_code", "lang_id", "locale", "iso_code")


@dataclass(frozen=True)
class Asked:
    """The columns as the user named them, by the source's names.

    Attributes:
        text: one, or several that make up a text, such as premise and hypothesis; empty to guess.
        label: one, or one 0/1 column for each label; empty to guess.
        language: None to guess.
    """

    text: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True)
class Chosen:
    """The columns to read; ``language`` is None where the source names each part's language.

    Attributes:
        guessed: which of ``text``, ``label``, ``language`` were not named by the user.
    """

    text: tuple[str, ...]
    label: tuple[str, ...]
    language: str | None
    guessed: tuple[str, ...] = ()

    def all(self) -> list[str]:
        """Return each column once."""
        return list(dict.fromkeys((*self.text, *self.label, *([self.language] if self.language else []))))


def choose(part: Rows, asked: Asked, advice: str = "name it with --{kind}") -> Chosen:
    """Return the columns of a data set, whose first part is given.

    Args:
        part: the first part.
        asked: the columns that are named.
        advice: what to do about a ``{kind}`` of column that cannot be told.

    Raises:
        DataError: a column is missing, or none has a usual name.
    """
    names = part.names()
    given = [*asked.text, *asked.label, *([asked.language] if asked.language else [])]
    check_columns(given, names, part.place)
    free = {name.lower(): name for name in reversed(names) if name not in given}
    text = asked.text or next((tuple(free[one] for one in ones) for ones in _TEXTS if set(ones) <= set(free)), ())
    label = asked.label or tuple(free[one] for one in _LABELS if one in free)[:1]
    language = asked.language
    if language is None and part.language is None:
        language = next((free[one] for one in _LANGUAGES if one in free), None)
    if not (text and label) and len(names) == 1 and (mark := next((one for one in ";\t|," if one in names[0]), "")):
        raise DataError(
            f"{part.place}: its only column is called {names[0]!r}, so {mark!r} seems to stand between its columns; "
            "wanted are commas in .csv and tabs in .tsv"
        )
    have = f"(it has: {', '.join(names)})"
    for kind, found in (("text", text), ("label", label)):
        if not found:
            do = advice.format(kind=kind)
            raise DataError(f"{part.place}: no column has a usual name for the {kind} {have}; {do}")
    if language is None and part.language is None:
        raise DataError(
            f"{part.place}: no column has a usual name for the language {have}; {advice.format(kind='language')}, or "
            "write {language} in the file names or in the hub's configuration"
        )
    told = {"text": asked.text, "label": asked.label, "language": asked.language or part.language}
    return Chosen(text, label, language, tuple(kind for kind, value in told.items() if not value))
