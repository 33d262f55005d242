"""Invented sentences in two languages, each good or bad, for a task to begin with."""

import csv
import io
import itertools
from pathlib import Path

import numpy as np

from polyskew.files import write_text

_SIZES = {"train": 120, "validation": 24, "test": 24}  # rows of each language and label
_WORDS = {
    "en": {
        "what": "The coffee,The soup,The room,The service,The film,The book,The phone,The bus,The bread,The music",
        "when": "this morning,yesterday,on Monday,last week,today,in the evening",
        "good": "was excellent.,was lovely.,pleased us all.,is worth every penny.",
        "bad": "was awful.,was a letdown.,annoyed us all.,is not worth a penny.",
    },
    "fr": {
        "what": "Le café,La soupe,La chambre,Le service,Le film,Le livre,Le téléphone,Le bus,Le pain,La musique",
        "when": "ce matin,hier,lundi,la semaine dernière,aujourd'hui,dans la soirée",
        "good": "était un délice.,était une merveille.,nous a ravis.,vaut son prix.",
        "bad": "était une horreur.,était une déception.,nous a agacés.,ne vaut pas son prix.",
    },
}


def write_sentences(folder: Path) -> None:
    """Write ``train.csv``, ``validation.csv`` and ``test.csv`` with the columns id, text, label and language."""
    rows: dict[str, list[tuple[str, str, str]]] = {split: [] for split in _SIZES}
    drawn = np.random.default_rng(0)
    for language, words in _WORDS.items():
        for label in ("bad", "good"):
            parts = (words[name].split(",") for name in ("what", "when", label))
            texts = [" ".join(found) for found in itertools.product(*parts)]
            order = iter(drawn.permutation(len(texts)))
            for split, size in _SIZES.items():
                rows[split] += [(texts[place], label, language) for place in itertools.islice(order, size)]
    for split, found in rows.items():
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("id", "text", "label", "language"))
        writer.writerows((f"{split}-{number}", *row) for number, row in enumerate(found))
        write_text(folder / f"{split}.csv", text.getvalue())
