"""How far budgets move attributions on real text: ``python -m tests.real.attribution_error RESULTS [--figure FILE]``.

RESULTS is what ``polyskew run tests/real/attributions_grid.yaml`` wrote: of each task two models of balanced labels,
trained with different seeds, and their weights. For some texts of each task it prints

- the error of each way at several budgets against the exact values: relative L1, sum |value - exact| / sum |exact|,
  of the texts that the budget cuts, and its mean over all texts;
- what each way makes of the drift between the two models, of which none comes from labels.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmark import inputs
from benchmark.attributions.classifier import Classifier
from benchmark.attributions.engine import Attribution, explain
from benchmark.attributions.exact import row_count
from benchmark.attributions.reference import StringRows, string_text
from benchmark.attributions.rows import IdRows
from benchmark.attributions.settings import Settings
from benchmark.attributions.texts import Text
from benchmark.expansion import expand
from benchmark.grid import load_grid
from benchmark.models.loading import load_tokenizer
from benchmark.run import cells
from benchmark.stages import Cell
from benchmark.stages.attributions import explained_texts
from benchmark.stages.predict import trained_model
from leaderboard.measures import drift

BUDGETS = (250, 500, 1000, 2000)
MOST = 40_000  # rows of an exact value, here; the default cap is 4,096
Values = list[np.ndarray]


class Model:
    """One trained model, and its attributions of the texts in every way."""

    def __init__(self, cell: Cell, texts: Sequence[Text], segments: Sequence[list[str]]) -> None:
        self.tokenizer = load_tokenizer(cell.spec.model)
        self.classifier = Classifier(trained_model(cell))
        self.texts, self.segments, self.max_length = texts, segments, cell.spec.recipe.max_length

    def ids(self, settings: Settings) -> list[Attribution]:
        render = partial(IdRows, mask_id=int(self.tokenizer.mask_token_id))
        found = dict(explain(self.classifier, self.texts, settings, render, tokens=self.classifier.tokens))
        return [found[place] for place in range(len(self.texts))]

    def strings(self, evaluations: int) -> list[Attribution]:
        texts = [string_text(self.tokenizer, sides) for sides in self.segments]
        render = partial(StringRows, tokenizer=self.tokenizer, max_length=self.max_length)
        settings = Settings(mode="reference", evaluations=evaluations)
        found = dict(explain(self.classifier, texts, settings, render, tokens=self.classifier.tokens))
        return [found[place] for place in range(len(texts))]

    def without_special(self, found: Sequence[Attribution]) -> Values:
        """Values of the reference for the tokens that token ids have as features, where they are the same tokens."""
        kept = []
        for sides, text, item in zip(self.segments, self.texts, found, strict=True):
            ids = string_text(self.tokenizer, sides).ids
            inner = ~np.isin(ids, [self.tokenizer.cls_token_id, self.tokenizer.sep_token_id])
            same = np.array_equal(ids[inner], text.ids[text.features])
            kept.append(item.values[inner] if same else np.full_like(item.values, np.nan))
        return kept


def relative(exact: Values, other: Values) -> np.ndarray:
    """Relative L1 of each text; NaN where the tokens are not the same, or all values are 0."""
    found = []
    for one, two in zip(exact, other, strict=True):
        whole = np.abs(one).sum()
        found.append(np.abs(two - one).sum() / whole if whole and not np.isnan(two).any() else np.nan)
    return np.array(found)


def neutral_drift(reference: Values, cell: Values, language: np.ndarray) -> np.ndarray:
    """D[l, c, neutral] of two models at the paper's threshold, with the sets by the reference's own values."""
    text = np.repeat(np.arange(len(reference)), [len(values) for values in reference])
    sums = drift.set_sums(np.concatenate(reference), np.concatenate(cell), text, len(reference), drift.THRESHOLD)
    return drift.drift(*sums, language, int(language.max()) + 1)[..., drift.SETS.index("neutral")]


def study(pair: list[Cell]) -> tuple[dict[str, list[tuple[float, float]]], float]:
    """Print both tables of one task; return each way's (mean rows, mean error) and the exact values' mean rows."""
    spec = pair[0].spec
    every = explained_texts(pair[0])
    chosen = inputs.explained_rows(spec, pair[0].measure.explained_texts)[0]
    counts = [row_count(text.children, len(text.features)) for text in every]
    fit = [place for place, count in enumerate(counts) if count <= MOST]
    texts = [every[place] for place in fit]
    columns = ["text", "text_pair"] if spec.task.task.pair else ["text"]
    segments = [chosen[columns].astype(object).to_numpy().tolist()[place] for place in fit]
    language = np.unique(chosen["language"].to_numpy()[fit], return_inverse=True)[1]
    lengths = [text.length for text in texts]
    without = f", without {len(every) - len(fit)} over {MOST:,} rows" if len(fit) < len(every) else ""
    print(f"\n### {spec.task.name}: {len(texts)} texts of {min(lengths)} to {max(lengths)} tokens{without}\n")
    rows = np.array(counts)[fit]
    print("| way | budget | rows | texts cut | their median error | 90% | worst | mean of all |")
    print("|---|---|---|---|---|---|---|---|")
    exact_settings = Settings(mode="exact", max_rows=MOST)
    found: dict[str, list[Values]] = {}
    curves: dict[str, list[tuple[float, float]]] = {"partition": [], "permutations": []}
    for number, cell in enumerate(pair):
        model = Model(cell, texts, segments)
        exact = [item.values for item in model.ids(exact_settings)]
        found.setdefault("exact", []).append(exact)
        if not number:
            print(f"| exact | - | {rows.mean():.0f} | 0% | - | - | - | 0% |")
        for budget in BUDGETS:
            for mode in ("partition", "permutations"):
                settings = Settings(mode=mode, evaluations=budget, max_rows=budget, standard_error=1e-9)
                items = model.ids(settings)
                found.setdefault(f"{mode} {budget}", []).append([item.values for item in items])
                if not number:
                    cost, errors = (
                        float(np.mean([item.rows for item in items])),
                        relative(exact, found[f"{mode} {budget}"][0]),
                    )
                    _line(mode, budget, cost, errors, rows > budget)
                    curves[mode].append((cost, float(np.nanmean(errors))))
        items = model.strings(500)
        found.setdefault("reference 500", []).append([item.values for item in items])
        if not number:
            cost = float(np.mean([item.rows for item in items]))
            kept = model.without_special(items)
            errors = relative(exact, kept)
            _line("reference", 500, cost, errors, np.isfinite(errors))
    print("\n| way | neutral drift between two balanced models | of which the way's own |\n|---|---|---|")
    truth = neutral_drift(*found["exact"], language)
    for name in (
        "exact",
        "partition 250",
        "partition 500",
        "partition 1000",
        "permutations 500",
        "permutations 1000",
        "reference 500",
    ):
        table = neutral_drift(*found[name], language)
        print(f"| {name} | {1000 * np.abs(table).mean():.2f} | {1000 * np.abs(table - truth).mean():.2f} |")
    return curves, float(rows.mean())


def _line(mode: str, budget: int, rows: float, errors: np.ndarray, cut: np.ndarray) -> None:
    there = errors[cut]
    shares = " | ".join(f"{share:.1%}" for share in (np.nanmedian(there), np.nanquantile(there, 0.9), np.nanmax(there)))
    whole = f"{np.nanmean(errors):.1%}"
    print(f"| {mode} | {budget} | {rows:.0f} | {cut.mean():.0%} | {shares} | {whole} |", flush=True)


def draw(curves: dict[str, tuple[dict[str, list[tuple[float, float]]], float]], path: Path) -> None:
    """Draw error against rows, a panel for each task."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    styles = {"partition": ("#D55E00", "o", "-"), "permutations": ("#0072B2", "s", "--")}
    for panel, (task, (ways, exact)) in zip(panels, curves.items(), strict=True):
        for name, points in ways.items():
            colour, marker, line = styles[name]
            x, y = np.array(points).T
            panel.plot(x, 100 * y, color=colour, marker=marker, ls=line, ms=5, label=name)
        panel.axvline(exact, color="0.5", lw=1, ls=":")
        panel.annotate("exact: 0", (exact, 0), xytext=(3, 4), textcoords="offset points", fontsize=8, color="0.35")
        panel.set_xscale("log")
        panel.set_xticks([*BUDGETS, 4000], [f"{budget:,}" for budget in (*BUDGETS, 4000)])
        panel.minorticks_off()
        panel.set_title(task, fontsize=10, loc="left")
        panel.set_xlabel("distinct rows a text (mean)", fontsize=9)
        panel.grid(color="0.92")
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
    panels[0].set_ylim(0, 105 * max(y for ways, _ in curves.values() for points in ways.values() for _, y in points))
    panels[0].set_ylabel("mean relative L1 error, %", fontsize=9)
    panels[0].legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path)
    parser.add_argument("--figure", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    grid = load_grid(str(Path(__file__).parent / "attributions_grid.yaml"))
    curves = {}
    for task in grid.tasks:
        specs = [spec for spec in expand(grid) if spec.task.name == task.name and not spec.untuned]
        curves[task.name] = study(cells(grid, specs, asked.results))
    if asked.figure:
        draw(curves, asked.figure)


if __name__ == "__main__":
    main()
