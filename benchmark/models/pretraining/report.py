"""Figures for the model card: held-out scores of the shipped weights and the loss curve.

Run ``python -m benchmark.models.pretraining.report --help`` after the pretraining.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import torch
from transformers import BertForPreTraining, PreTrainedTokenizerFast

from .corpus import HELDOUT, encode, read_sentences, unknown_shares
from .model import architecture
from .train import evaluate, heldout_batches

matplotlib.use("Agg")
from matplotlib import pyplot


def joined(runs: list[Path]) -> pd.DataFrame:
    """The logs of consecutive runs, numbered in the column ``run``."""
    logs = [pd.read_csv(folder / "training_log.csv") for folder in runs]
    return pd.concat([log.assign(run=number) for number, log in enumerate(logs, 1)])


def draw(log: pd.DataFrame, path: Path) -> None:
    """Plots the masked-piece loss and the pair accuracy against the word pieces seen.

    Args:
        log: what :func:`joined` returns
        path: image file to write
    """
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4), constrained_layout=True)
    before = log.groupby("run")["tokens"].max().cumsum().shift(fill_value=0)
    log = log.assign(tokens=log["tokens"] + log["run"].map(before))
    seen = log["tokens"] / 1e6
    # The first check is of the starting values; it would squeeze the rest of the curve.
    kept = log[log["heldout_mlm_loss"].notna() & (log["step"] > 0)]
    left.plot(seen, log["mlm_loss"], linewidth=0.8, color="0.6", label="training")
    left.plot(kept["tokens"] / 1e6, kept["heldout_mlm_loss"], "o-", markersize=3, label="held out")
    left.set(ylabel="masked-piece loss (nats)", title="Masked word pieces")
    right.plot(seen, log["pair_accuracy"], linewidth=0.8, color="0.6", label="training")
    right.plot(kept["tokens"] / 1e6, kept["heldout_pair_accuracy"], "o-", markersize=3, label="held out")
    right.axhline(0.5, linestyle=":", color="0.3", linewidth=0.8, label="chance")
    right.set(ylabel="accuracy", title="Does the second half follow the first?")
    for axes in (left, right):
        axes.set_xlabel("word pieces seen (millions)")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def table(scores: dict[str, list[float]], unknown: dict[str, float]) -> str:
    """Markdown table of one row per language and a last row of means."""
    lines = [
        "| language | masked-piece loss | masked-piece accuracy | pair accuracy | `[UNK]` share |",
        "|---|---|---|---|---|",
    ]
    mean = [float(x) for x in np.mean(list(scores.values()), axis=0)]
    rows = [(name, values, unknown[name]) for name, values in scores.items()]
    rows.append(("mean", mean, float(np.mean(list(unknown.values())))))
    for name, (loss, hits, right), share in rows:
        lines.append(f"| {name} | {loss:.3f} | {hits:.3f} | {right:.3f} | {share:.2%} |")
    return "\n".join(lines)


def main() -> None:
    """Scores the weights in ``--folder`` and the float32 state dict that they were rounded from."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("POLYSKEW_DATA"))
    parser.add_argument(
        "--runs",
        type=Path,
        nargs="+",
        default=[Path("results/pretraining")],
        help="the --out folders of the runs, in order; the last one has the final checkpoint",
    )
    parser.add_argument("--folder", type=Path, default=Path("benchmark/models/tiny_polyglot"))
    options = parser.parse_args()
    if options.data is None:
        parser.error("give --data or set POLYSKEW_DATA")
    sentences = read_sentences(options.data)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(options.folder)
    heldout = encode(tokenizer, {name: texts[:HELDOUT] for name, texts in sentences.items()})
    unknown = unknown_shares(tokenizer, heldout)
    checks = heldout_batches(heldout, tokenizer)
    results = {"half": evaluate(BertForPreTraining.from_pretrained(options.folder), checks)}
    state = options.runs[-1] / "checkpoint.pt"
    if state.exists():
        model = BertForPreTraining(architecture(len(tokenizer)))
        model.load_state_dict(torch.load(state, weights_only=True))
        results["float"] = evaluate(model, checks)
        with torch.no_grad():
            for weight in model.parameters():
                weight.copy_(weight.half().float())
        results["float, rounded"] = evaluate(model, checks)
    for name, scores in results.items():
        print(f"\n{name}\n{table(scores, unknown)}")
    (options.runs[-1] / "scores.json").write_text(json.dumps(results, indent=2) + "\n")
    log = joined(options.runs)
    log.to_csv(options.folder / "training_log.csv", index=False)
    draw(log, options.folder / "loss.png")


if __name__ == "__main__":
    main()
