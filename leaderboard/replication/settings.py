"""Training settings: the paper's text, its published code, and what was in force here."""

from functools import partial
from typing import Any

from leaderboard.replication.page import Entry, Heading, Table, word
from leaderboard.replication.studies import Study, in_force, pick
from leaderboard.replication.wording import captioned, method_shown, model_shown, shown
from polyskew.files import read_json

# Section 3 and appendix A.3; "code" are facts read off the published code.
_TEXT = ("not named", "16", "8", "5e-05", "0.0005", "0", "not given", "not given", "not given", "1000", "test set")
_CODE = ("radam", "16", "8", "5e-05", "0.0005", "0.01", "XNLI 3, Amazon 1", "512", "mean over classes", "1000", "4000")
_NAMES = (
    "optimiser",
    "micro-batch",
    "accumulation",
    "rate, encoder",
    "rate, head",
    "final share of the rates",
    "epochs",
    "tokens at most",
    "masked-input entropy",
    "probe texts a language",
    "explained texts",
)


def settings_table(studies: list[Study]) -> Table:
    """Return one row for the paper's text, one for its code, and one for each study."""
    names = ("", "dataset", "model", "method", "recipe")
    headings = [Heading(text, kind="word") for text in names] + [Heading(text) for text in _NAMES]
    rows = []
    for whose, told in (("paper's text", _TEXT), ("paper's code", _CODE)):
        rows.append((word(whose), *[word("-")] * 4, *map(Entry, told)))
    for study in studies:
        who = (shown(study), model_shown(study), method_shown(study.method), study.recipe)
        rows.append((word("here"), *map(word, who), *_here(study)))
    notes = (
        "Both select the checkpoint by validation loss, take texts of Wikipedia in the languages of fine-tuning, five "
        "folds, and 0.01 as the threshold of SHAP values. An encoder's rate is that of an adapter's parameters where "
        "the method trains them alone.",
    )
    caption = captioned("Training and measuring: the paper's settings and those here", studies)
    return Table(caption, tuple(headings), tuple(rows), notes)


def _here(study: Study) -> list[Entry]:
    cells = [cell for setup in study.rows for cell in study.cells(setup)]
    told = next((found for cell in cells if (found := in_force(cell))), None)
    if told is None:
        return [Entry("not trained yet", "missing")] * len(_NAMES)
    recipe, measure = partial(pick, told, "recipe"), partial(pick, told, "measure")
    rates = recipe("rates") or _rates(study)
    languages, texts = len(study.first.spec.languages), measure("explained_texts")
    values = (
        recipe("optimizer"),
        recipe("batch_size"),
        recipe("accumulation"),
        pick(rates, "body"),
        pick(rates, "head"),
        recipe("final_rate"),
        recipe("epochs"),
        recipe("max_length"),
        recipe("masked_entropy") or "none",
        measure("probe_rows"),
        f"{texts} a language, {texts * languages} in all" if isinstance(texts, int) else None,
    )
    return [_entry(one) for one in values]


def _rates(study: Study) -> Any:
    """Return the rates in force where the recipe leaves them to the method."""
    for setup in study.rows:
        for cell in study.cells(setup):
            path = cell.folder / "train" / "cost.json"
            if path.exists():
                return pick(read_json(path), "rates")
    return None


def _entry(found: object) -> Entry:
    if found is None:
        return Entry("not recorded", "missing")
    return Entry(f"{found:g}" if isinstance(found, float) else str(found))
