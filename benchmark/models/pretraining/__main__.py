"""Command line: trains the tokenizer and the model, then writes the model folder."""

from __future__ import annotations

import argparse
import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

from transformers import BertForPreTraining, PreTrainedTokenizerFast

from .corpus import HELDOUT, encode, read_sentences, train_tokenizer, unknown_shares, with_reviews
from .model import architecture
from .release import write_model, write_tokenizer
from .train import Plan, pretrain


def arguments() -> argparse.Namespace:
    """Parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmark.models.pretraining", description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("POLYSKEW_DATA"),
        help="data folder that holds common_voice_cc0_sentences (default: $POLYSKEW_DATA)",
    )
    parser.add_argument("--out", type=Path, default=Path("results/pretraining"), help="log and checkpoints")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("benchmark/models/tiny_polyglot"),
        help="model folder to write",
    )
    for name, value in asdict(Plan()).items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type(value), default=value, help=f"default {value}")
    parser.add_argument("--reviews", type=float, default=0.0, help="share of generated reviews among the texts")
    parser.add_argument("--keep-tokenizer", action="store_true", help="use the tokenizer in --folder as it is")
    parser.add_argument("--resume", type=Path, help="state dict to go on from")
    options = parser.parse_args()
    if options.data is None:
        parser.error("give --data or set POLYSKEW_DATA")
    return options


def main() -> None:
    """Runs the pretraining that the command line describes."""
    options = arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options.out.mkdir(parents=True, exist_ok=True)
    options.folder.mkdir(parents=True, exist_ok=True)
    sentences = read_sentences(options.data)
    train = {language: texts[HELDOUT:] for language, texts in sentences.items()}
    heldout = {language: texts[:HELDOUT] for language, texts in sentences.items()}
    if options.keep_tokenizer:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(options.folder)
    else:
        tokenizer = train_tokenizer(train)
        write_tokenizer(tokenizer, options.folder)
        # A folder that loads from the first minute on, with weights still random.
        write_model(BertForPreTraining(architecture(len(tokenizer))), options.folder)
    logging.info("tokenizer of %d pieces", len(tokenizer))
    if options.reviews:
        train = with_reviews(train, options.reviews, options.seed)
    encoded, unseen = encode(tokenizer, train), encode(tokenizer, heldout)
    facts = {
        "unknown_share": unknown_shares(tokenizer, unseen),
        "sentences": {language: len(rows) for language, rows in encoded.items()},
        "tokens": {language: sum(map(len, rows)) for language, rows in encoded.items()},
    }
    (options.out / "corpus.json").write_text(json.dumps(facts, indent=2) + "\n")
    logging.info("%s", facts)
    plan = Plan(**{name: getattr(options, name) for name in asdict(Plan())})
    model = pretrain(encoded, unseen, tokenizer, plan, options.out, options.resume)
    write_model(model, options.folder)
    logging.info("wrote %s", options.folder)


if __name__ == "__main__":
    main()
