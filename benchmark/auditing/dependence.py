"""Where language and label hang together in the training split: its table, its strongest and its empty cells."""

from collections.abc import Iterator

from benchmark.auditing.counts_table import counts_table
from benchmark.auditing.layout import Styled, drawn, grid, sentence, some
from benchmark.auditing.report import Report, SplitReport, Strength
from benchmark.auditing.words import bits, count, interval, name, probability, ratio, share, signed, tested, value

_CELLS = 10  # strongest cells that are shown
_LEVEL = 0.05
_CORRECTED = "(Holm-corrected, 5%)"
_NOTHING = 1e-12  # what rounding leaves of 0


def table(report: Report, width: int) -> Iterator[Styled]:
    """Yield the counts of the training split, and what they say of language and label."""
    split = report.splits[report.weights.split]
    if not any(split.texts.values()):
        return
    what = "texts of each language that have each label" if report.several else "texts by language and label"
    yield f"{report.weights.split}: {what}", "bold"
    counts, remark = counts_table(report, split, width)
    yield from drawn(counts, width)
    if remark:
        yield from sentence(remark, width, "dim")
    if any(cell.p < _LEVEL for cell in split.cells):
        yield from sentence(f"▲ ▼ more or fewer than if language and label were independent {_CORRECTED}", width, "dim")
    elif split.cells:
        yield from sentence(f"no cell differs from independence of language and label {_CORRECTED}", width, "")
    tests = {one.association.test for one in (split.strength, *split.by_label.values()) if one}
    if "permutation" in tests:
        yield from sentence(
            "p by 1,999 random tables with the same margins, as expected counts are too small for chi-squared",
            width,
            "dim",
        )
    if split.strength:
        yield from _sentences(split, split.strength, width)
    if split.by_label:
        apart = sum(one.p < _LEVEL for one in split.by_label.values())
        yield from sentence(
            f"{apart} of {len(split.by_label)} labels are not independent of language {_CORRECTED}", width, ""
        )


def _sentences(split: SplitReport, strength: Strength, width: int) -> Iterator[Styled]:
    association = strength.association
    yield from sentence(
        f"V {value(association.v)} (95% {interval(association)}), uncorrected {value(association.v_plain)}; "
        f"chi-squared {association.chi_squared:,.1f} on {association.degrees:,} degrees of freedom, "
        f"p {tested(strength)}",
        width,
        "",
    )
    tells = f"{bits(strength.bits)} bits (uncorrected {bits(strength.bits_plain)})" if strength.share else "nothing"
    of_all = f", {share(strength.share, 1)}" if strength.share else ""
    yield from sentence(f"language tells {tells} of the label's {bits(strength.label_bits)} bits{of_all}", width, "")
    far = [f"{language} {share(distance, 1)}" for language, distance in _largest(split.distance) if distance > _NOTHING]
    if far:
        yield from sentence(f"texts that would need another label to have the shares of all: {some(far)}", width, "")


def _largest(values: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(values.items(), key=lambda item: -item[1])


def strongest(report: Report, width: int) -> Iterator[Styled]:
    """Yield the cells with the largest residuals among those that differ from independence."""
    split = report.splits[report.weights.split]
    apart = [cell for cell in split.cells if cell.p < _LEVEL]
    if not apart:
        return
    yield f"The strongest of {len(apart):,} cells that differ from independence", "bold"
    rows = [
        [
            name(cell.language, 16),
            name(cell.label, 30),
            count(cell.count),
            f"{cell.expected:,.1f}",
            ratio(cell.ratio),
            f"{cell.residual:+.1f}",
            probability(cell.p),
            signed(cell.skew),
        ]
        for cell in apart[:_CELLS]
    ]
    headings = ["language", "label", "texts", "expected", "ratio", "residual", "p", "skew"]
    yield from drawn(grid(headings, rows, left=(0, 1)), width)
    yield from sentence(
        "residual: adjusted, in standard deviations; skew: the label's share of the language less that of all texts",
        width,
        "dim",
    )


def empty(report: Report, width: int) -> Iterator[Styled]:
    """Yield the cells without any text, where both the language and the label have some."""
    split = report.splits[report.weights.split]
    there = {label for row in split.counts.values() for label, texts in row.items() if texts}
    empty = [
        f"{language} {label}"
        for language, row in split.counts.items()
        for label, texts in row.items()
        if split.texts[language] and label in there and not texts
    ]
    absent = [label for label in report.labels if label not in there]
    if empty:
        cells = count(len(empty), "empty cell")
        yield from sentence(f"{cells}, which no weight can balance: {some(empty)}", width, "yellow")
    if absent:
        yield from sentence(f"labels without any text in {report.weights.split}: {some(absent)}", width, "yellow")
