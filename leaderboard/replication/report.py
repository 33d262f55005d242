"""The page: every table and figure of the paper in its order, then what the paper does not have."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from leaderboard.replication.bars import figure
from leaderboard.replication.base_values import base_table
from leaderboard.replication.claims import HOW, claims_table
from leaderboard.replication.distributions import predicted_tables, predictions_beyond, training_tables
from leaderboard.replication.folders import read_studies
from leaderboard.replication.page import Entry, Figure, Heading, Page, Section, Table, word
from leaderboard.replication.published import TASKS
from leaderboard.replication.scores import accuracy_table, beyond_table, lid_table
from leaderboard.replication.settings import settings_table
from leaderboard.replication.sizes import one_a_data_set, rows_table, threshold_table
from leaderboard.replication.studies import Study
from leaderboard.replication.wording import here_is, method_shown, model_shown, told_apart
from polyskew.errors import UserError

TITLE = "Language-specific class imbalance in multilingual fine-tuning: the paper's numbers and those here"
LEAD = (
    "Paper: Jung and van der Plas, Understanding the effects of language-specific class imbalance in multilingual "
    "fine-tuning, Findings of EACL 2024, as printed; it has one run of each model. Here: the mean over seeds, their "
    "number in brackets. Difference: here less paper, with its 95% interval: the t interval over seeds, or with one "
    "seed the interval over texts. Bold: the interval leaves out 0. The paper's own number has an error too, which "
    "is not known and not in the interval.",
    "CW: per-language class weights. n: seeds. The unweighted balanced model is the reference.",
)
FIGURES = (("1", "mBERT", False), ("2", "XLM-R", True), ("3", "mBERT", True))
_LOSS = "with the added masked-input entropy loss"


def replication(folders: Iterable[Path], named: dict[str, str]) -> Page:
    """Read results folders and set them beside the paper.

    Args:
        folders: results folders, finished or not.
        named: tasks and models here that stand in for the paper's: ``{"umsab": "amazon_reviews"}``.

    Returns:
        The page; `markdown` and `html` write it.

    Raises:
        UserError: not a results folder, a broken file, no trained cell, or an unknown stand-in.
    """
    folders = list(folders)
    studies = read_studies(folders, named)
    if not studies:
        raise UserError(
            f"{', '.join(map(str, folders))}: no cell of a method, so there is nothing to set beside the paper"
        )
    sections = _papers(studies)
    inventory = Section("What of the paper is here", (_inventory(sections),))
    return Page(
        TITLE, here_is(studies), LEAD, (inventory, _claims(studies), *_numbered([*sections, *_beyond(studies)]))
    )


def _papers(studies: list[Study]) -> list[Section]:
    """Return the paper's own tables and figures, in its order."""
    known = [study for study in studies if study.task_as]
    data = told_apart(one_a_data_set(known))
    mbert = told_apart(_full(known, "mBERT", loss=False))
    xlmr = told_apart(_full(known, "XLM-R", loss=True))
    one, two = [], []
    for part, task in (("a", "Amazon reviews"), ("b", "XNLI")):
        one += training_tables(part, [study for study in data if study.task_as == task])
        two += predicted_tables(part, [study for study in mbert if study.task_as == task])
    return [
        Section("Table 1", tuple(one)),
        Section("Table 2", tuple(two)),
        Section("Table 3", (accuracy_table("3", "mBERT", mbert),)),
        Section("Table 4", (lid_table("4", "mBERT", mbert),)),
        _figure_section(0, studies),
        Section("Table 5", (rows_table(data),)),
        Section("Table 6", (accuracy_table("6", "XLM-R", xlmr),)),
        Section("Table 7", (lid_table("7", "XLM-R", xlmr),)),
        _figure_section(1, studies),
        _figure_section(2, studies),
        Section("Appendix A.3: base values", (base_table(studies),)),
        Section("Appendix A.4: threshold", (threshold_table(studies),)),
        Section("Settings", (settings_table(studies),)),
    ]


def _full(studies: list[Study], model: str, *, loss: bool) -> list[Study]:
    """Return full fine-tuning of one of the paper's models, with or without the masked-input entropy loss."""
    return [own for own in studies if own.is_papers and own.model_as == model and bool(own.entropy) == loss]


def _figure_section(place: int, studies: list[Study]) -> Section:
    """Return Figure 1, 2 or 3, once for each recipe that is a reading of it."""
    number, model, loss = FIGURES[place]
    own = _full(studies, model, loss=loss)
    own.sort(key=lambda study: list(TASKS.values()).index(study.task_as))
    caption = f"Figure {number}: average cumulative difference in SHAP value by token category for {model}"
    caption += f" {_LOSS}" if loss else ""
    figures, lacking = [], []
    recipes = dict.fromkeys(study.recipe for study in own)
    for recipe in recipes:
        alike = told_apart([study for study in own if study.recipe == recipe])
        several = len(recipes) > 1
        told = f"{caption}, recipe {recipe}" if several else caption
        made = figure(_slug("figure", number, recipe if several else ""), told, alike, "imbalanced")
        if made:
            figures.append(made)
        else:
            lacking.append(f"{told}: nothing of it is measured yet.")
    if not own:
        lacking.append(f"{caption}: no such model, trained in full, in these results.")
    return Section(f"Figure {number}", tuple(figures), tuple(lacking))


def _beyond(studies: list[Study]) -> list[Section]:
    """Return what the paper does not have: other methods, models, tasks, recipes and regimes."""
    sections = []
    for model, loss in dict.fromkeys((model_shown(study), bool(study.entropy)) for study in studies):
        own = [study for study in studies if (model_shown(study), bool(study.entropy)) == (model, loss)]
        printed = (own[0].model_as, loss) in (("mBERT", False), ("XLM-R", True))
        drawn = (own[0].model_as, loss) in {(of_model, with_loss) for _, of_model, with_loss in FIGURES}
        new = [study for study in own if not (printed and study.is_papers)]
        named = f"{model}, {_LOSS}" if loss else model
        parts: list[Table | Figure] = []
        if new:
            parts.append(beyond_table(f"As Tables 3 and 4, not in the paper: {named}", told_apart(new)))
        parts += predictions_beyond(f"As Table 2, all methods and setups: {named}", told_apart(own))
        for method, regime, recipe in dict.fromkeys((s.method, regime, s.recipe) for s in own for regime in s.skewed):
            alike = [s for s in own if (s.method, s.recipe) == (method, recipe) and regime in s.skewed]
            if drawn and regime == "imbalanced":  # what Figures 1 to 3 show
                alike = [study for study in alike if not study.is_papers]
            told = f"As Figure 1, not in the paper: {named}, {method_shown(method)}, {regime}"
            several = len({s.recipe for s in own if s.method == method and regime in s.skewed}) > 1
            told += f", recipe {recipe}" if several else ""
            file = _slug("figure", model, "entropy" * loss, method, regime, recipe if several else "")
            made = figure(file, told, told_apart(alike), regime)
            parts += [made] if made else []
        sections.append(Section(f"Not in the paper: {named}", tuple(parts)))
    return sections


def _claims(studies: list[Study]) -> Section:
    tables = []
    for task, model, recipe, loss in dict.fromkeys((s.task, s.model, s.recipe, s.entropy) for s in studies):
        own = [s for s in studies if (s.task, s.model, s.recipe, s.entropy) == (task, model, recipe, loss)]
        for regime in dict.fromkeys(regime for study in own for regime in study.skewed):
            tables.append(claims_table([study for study in own if regime in study.skewed], regime))
    return Section("The paper's claims", tuple(tables), HOW)


def _inventory(sections: list[Section]) -> Table:
    rows = []
    for section in sections:
        for part in section.parts:
            if isinstance(part, Figure):
                plots = [plot for row in part.chart.rows for plot in row]
                there = sum(bool(plot.panels) for plot in plots)
                rows.append((word(part.numbers.caption), Entry("-"), Entry(f"{there} of {part.plots} plots drawn")))
            elif part.published:
                here = Entry(str(part.matched), "" if part.matched else "missing")
                rows.append((word(part.caption), Entry(str(part.published)), here))
        rows += [(word(text), Entry("-"), Entry("0", "missing")) for text in section.text]
    headings = (Heading("of the paper", kind="word"), Heading("numbers in the paper", kind="paper"), Heading("here"))
    return Table("Numbers and plots that stand beside the paper's", headings, tuple(rows))


def _numbered(sections: list[Section]) -> list[Section]:
    """Give figures of one name different names."""
    seen: dict[str, int] = {}
    numbered = []
    for section in sections:
        parts: list[Table | Figure] = []
        for part in section.parts:
            if isinstance(part, Figure):
                seen[part.name] = seen.get(part.name, 0) + 1
                part = replace(part, name=part.name + (f"_{seen[part.name]}" if seen[part.name] > 1 else ""))
            parts.append(part)
        numbered.append(replace(section, parts=tuple(parts)))
    return numbered


def _slug(*names: str) -> str:
    """Return a file's name that is safe anywhere."""
    return "_".join(part for name in names if (part := re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")))
