"""The bars of Figures 1 to 3: differences of base values and of SHAP values by set of tokens."""

from leaderboard.measures.drift import THRESHOLD
from leaderboard.reading.sources import Source
from leaderboard.reading.store import Cell
from leaderboard.replication.chart import KINDS, Bar, Chart, Panel, Plot
from leaderboard.replication.numbers import Got, Missing
from leaderboard.replication.page import Entry, Figure, Heading, Table, ranged, word
from leaderboard.replication.studies import BALANCED, NOT_IN_GRID, Setup, Study, name
from leaderboard.replication.wording import captioned, reading, shown

PLACEBO = (
    "Placebo: the balanced model of another seed measured as if it were the treatment; its mean size over seeds, "
    "without the sign (over all seeds the signs cancel). Base values have none."
)
WHISKERS = (
    "Bars: mean over seeds of treated less balanced model, in units of probability; intervals at 95%, over seeds with "
    "the error over texts added, or over texts alone with one seed. The paper prints no numbers and no errors for its "
    "figures."
)
THIRDS = f"Positive, neutral, negative tokens: by the balanced model's values, threshold {THRESHOLD}."


def figure(file: str, caption: str, studies: list[Study], regime: str) -> Figure | None:
    """Return the figure of one regime: a row for each study, without and with per-language weights.

    Args:
        file: name of its files.
        caption: what it is.
        studies: one for each task.
        regime: a skewed regime.

    Returns:
        The figure, or None where no bar of it is measured.
    """
    missing = Missing()
    setups: list[Setup] = [(regime, "none"), (regime, "per_language")]
    rows, entries = [], []
    for row, study in enumerate(studies):
        plots = []
        for place, setup in enumerate(setups, len(setups) * row):
            title = f"({_letter(place)}) {shown(study)}, {name(setup).lower().replace('cw', 'CW')}"
            plots.append(_plot(study, setup, title, missing))
            entries += _entries(plots[-1], study, setup)
        if any(plot.panels for plot in plots):
            rows.append(tuple(plots))
    if not rows:
        return None
    headings = [Heading(text, kind="word") for text in ("task", "setup", "label", "language")]
    headings += [Heading(kind) for kind in KINDS] + [Heading(kind, "size of the placebo") for kind in KINDS[1:]]
    notes = [*reading(studies), WHISKERS, THIRDS, PLACEBO, *missing.sentences()]
    caption = captioned(caption, studies)
    numbers = Table(caption, tuple(headings), tuple(entries), tuple(notes))
    return Figure(file, Chart(tuple(rows), caption), numbers, len(studies) * len(setups))


def _letter(place: int) -> str:
    """Return a to z, then aa to zz."""
    return chr(ord("a") + place % 26) * (place // 26 + 1)


def bar(study: Study, setup: Setup, language: str, label: str, kind: str) -> Got:
    """Return one bar: the difference of base values, or D[l, c, set] at the paper's threshold."""
    by = {"language": language, "label": label}
    if kind == "base":
        return study.get(setup, Source("base_difference", "attributions", by=by), paired=True, over_texts=True)
    source = Source("drift", "attributions", {"threshold": THRESHOLD}, by | {"set": kind})
    return study.get(setup, source, paired=True, over_texts=True)


def placebo(study: Study, language: str, label: str, kind: str) -> float | None:
    """Return the mean over seeds of the placebo's absolute D[l, c, set]; None where there is none."""
    by = {"language": language, "label": label, "set": kind, "term": "placebo"}
    source = Source("drift", "attributions", {"threshold": THRESHOLD}, by)
    sizes = [abs(found.value) for cell in study.cells(BALANCED) if (found := source(cell)).value is not None]
    return sum(sizes) / len(sizes) if sizes else None


def outer_labels(cell: Cell) -> tuple[str, str]:
    """Return the first and the last label, which the paper shows: 1 and 5 stars, entailment and contradiction."""
    return cell.spec.labels[0], cell.spec.labels[-1]


def _plot(study: Study, setup: Setup, title: str, missing: Missing) -> Plot:
    if setup not in study.rows:
        missing.add(title, study.get(setup, Source("drift", "attributions")))
        return Plot(title, (), NOT_IN_GRID)
    spec = study.cells(setup)[0].spec
    skew = (spec.skew or {}).get(setup[0])
    panels, word_ = [], ""
    for label in outer_labels(study.cells(setup)[0]):
        column = spec.labels.index(label)
        bars: dict[str, dict[str, Bar]] = {}
        for language in spec.languages:
            bars[language] = {}
            for kind in KINDS:
                got = bar(study, setup, language, label, kind)
                missing.add(title, got)
                word_ = got.word if got.number.value is None else word_
                chance = None if kind == "base" else placebo(study, language, label, kind)
                bars[language][kind] = Bar(got.number, chance)
        over = {language: skew[row][column] if skew else 0.0 for row, language in enumerate(spec.languages)}
        panels.append(Panel(label, bars, over))
    empty = all(one.number.value is None for panel in panels for own in panel.bars.values() for one in own.values())
    return Plot(title, (), word_) if empty else Plot(title, tuple(panels))


def _entries(plot: Plot, study: Study, setup: Setup) -> list[tuple[Entry, ...]]:
    names = (word(shown(study)), word(name(setup)))
    if not plot.panels:
        return [(*names, word("-"), word("-"), *[Entry(plot.missing, "missing")] * 7)]
    rows = []
    for panel in plot.panels:
        for language, bars in panel.bars.items():
            told = [ranged(Got(bars[kind].number)) for kind in KINDS]
            chance = [bars[kind].placebo for kind in KINDS[1:]]
            sizes = [Entry("none", "missing") if size is None else Entry(f"{size:.3f}") for size in chance]
            rows.append((*names, word(panel.label), word(language), *told, *sizes))
    return rows
