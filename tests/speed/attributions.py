"""What token attributions cost, beside the paper's way: ``python -m tests.speed.attributions [--json]``.

CPU time a tweet on one thread, all ways in alternation in one process; a random BERT of 4 layers x 256 and a WordPiece
tokenizer of 8,000 pieces trained on the tweets. These come from the folder that POLYSKEW_DATA names, or else are
generated reviews. The paper's way is timed on a few rows and multiplied by the rows that shap asks of these tweets; so
are the other ways through a pipeline.

    reference      strings of one row a call, padded to 512 tokens, as the paper's code has it
    pipeline 1, 6  the same at their own length, one row and six rows a call
    partition      shap's heap on token ids, 500 evaluations
    exact          the full expansion
    permutations   until the standard error is 0.001

The floor of a way is what the model alone would take: the distinct rows' tokens at the best speed of any batch.
On a GPU, ``--device cuda --layers 12 --width 768 --texts 500`` times the engine's ways alone, by the clock.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    pipeline,
)

from benchmark.attributions.chunks import Chunks
from benchmark.attributions.classifier import Classifier
from benchmark.attributions.engine import Attribution, explain, order_of
from benchmark.attributions.exact import row_count
from benchmark.attributions.rows import IdRows, Ids
from benchmark.attributions.settings import Settings
from benchmark.attributions.texts import Text, token_text
from benchmark.attributions.trees import shap_masker, shap_tree
from benchmark.encoding import encode
from tasks.demo.reviews import generate_reviews
from tests.speed.report import machine, median

RUNS = 3
EVALUATIONS = 500
REFERENCE_ROWS, PIPELINE_ROWS = 6, 60
LENGTHS, EACH = 8, 3
"""Tweets that are timed: three of each of eight lengths, spread evenly over the tweets' lengths, with trees of average
size for that length. In a whole test set every length stands many times; a sample without equal lengths would time
batches that no test set has, and one large tree among so few tweets would move the mean."""
CANDIDATES = 40
FREE_TWEETS = 256
MEMORY = (1_000, 10_000)


def tweets(count: int) -> list[str]:
    """Return real tweets of all languages, or generated reviews where there are none."""
    folder = os.environ.get("POLYSKEW_DATA")
    if folder:
        files = [Path(folder) / "umsab_sentiment" / f"{split}.parquet" for split in ("test", "train")]
        table = pd.concat(pd.read_parquet(file, columns=["text"]) for file in files)
    else:
        table = generate_reviews("test", 600)
    return table["text"].drop_duplicates().sample(count, random_state=0).tolist()


def tweet_tokenizer(vocabulary: int = 8_000) -> PreTrainedTokenizerBase:
    """Return a cased WordPiece tokenizer in BERT's form."""
    inner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    inner.normalizer = normalizers.BertNormalizer(lowercase=False)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    inner.train_from_iterator(
        tweets(12_000), trainers.WordPieceTrainer(vocab_size=vocabulary, special_tokens=special, show_progress=False)
    )
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {f"{token.strip('[]').lower()}_token": token for token in special}
    return PreTrainedTokenizerFast(tokenizer_object=inner, model_max_length=512, **names)


def encoded_texts(tokenizer: PreTrainedTokenizerBase, strings: list[str]) -> list[Text]:
    encoded = encode(tokenizer, pd.DataFrame({"text": strings}), 512)
    return [
        token_text(tokenizer, [string], row, special)
        for string, row, special in zip(strings, encoded.rows, encoded.special, strict=True)
    ]


def sample(tokenizer: PreTrainedTokenizerBase, strings: list[str]) -> list[str]:
    """Return the tweets that are timed."""
    lengths = np.array([len(ids) for ids in tokenizer(strings)["input_ids"]])
    wanted = np.quantile(lengths, (np.arange(LENGTHS) + 0.5) / LENGTHS).round().astype(int)
    chosen = []
    for length in wanted:
        some = [strings[place] for place in np.flatnonzero(lengths == length)[:CANDIDATES]]
        rows = np.array([text.expansion for text in encoded_texts(tokenizer, some)])
        chosen += [some[place] for place in np.argsort(np.abs(rows - rows.mean()))[:EACH]]
    return chosen


def random_model(layers: int, width: int, vocabulary: int) -> torch.nn.Module:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=vocabulary,
        num_hidden_layers=layers,
        hidden_size=width,
        num_attention_heads=width // 64,
        intermediate_size=4 * width,
        num_labels=3,
    )
    return BertForSequenceClassification(config).eval()


def free_model(ids: Ids, types: Ids | None) -> np.ndarray:
    """A model that costs nothing: what it says depends on which tokens are masked."""
    return np.sin(ids[:, 1:-1].sum(axis=1)[:, None] * np.array([1e-3, 2e-3, 3e-3]))


def run_engine(predict: Any, texts: list[Text], mask_id: int, settings: Settings, tokens: int) -> list[Attribution]:
    return [found for _, found in explain(predict, texts, settings, partial(IdRows, mask_id=mask_id), tokens=tokens)]


def ms_per_token(
    classifier: Classifier, lengths: list[int], batches: tuple[int, ...], clock: Callable[[], float]
) -> float:
    """Return the least time a token over batch sizes, averaged over text lengths by their tokens."""
    total = 0.0
    for length in lengths:
        best = np.inf
        for tokens in batches:
            rows = max(1, tokens // length)
            ids = np.random.default_rng(0).integers(5, 1000, (rows, length))
            start = clock()
            classifier(ids, None).cpu()
            best = min(best, (clock() - start) / (rows * length))
        total += 1000 * best * length
    return total / sum(lengths)


def peak_memory(tokenizer: PreTrainedTokenizerBase, count: int) -> int:
    """Explain tweets with the free model, chunk by chunk into files, in a process of its own; return its peak in MB."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)  # training one would be the peak
        command = [sys.executable, "-m", "tests.speed.attributions", "--memory", str(count), folder]
        done = subprocess.run(command, check=True, capture_output=True)
    return int(done.stdout.split()[-1])


def memory_run(count: int, tokenizer_folder: str) -> int:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tokenizer_folder)
    texts, settings = encoded_texts(tokenizer, tweets(count)), Settings()
    mask_id = int(tokenizer.mask_token_id)
    with tempfile.TemporaryDirectory() as folder:
        chunks = Chunks(Path(folder), texts, settings)
        chunks.compute(
            lambda: (
                lambda some, report: explain(
                    free_model, some, settings, partial(IdRows, mask_id=mask_id), report=report
                )
            ),
            lambda share: None,
        )
        assert chunks.table().num_rows == count
    # Not ru_maxrss, which begins with what the process had that started this one.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def main() -> int:
    """Print the table; exit status 1 if an aim is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--texts", type=int, help="this many tweets drawn at random, and no pipelines")
    asked = parser.parse_args()
    if asked.memory:
        print(memory_run(int(asked.memory[0]), asked.memory[1]))
        return 0
    torch.set_num_threads(1)
    tokenizer = tweet_tokenizer()
    model = random_model(asked.layers, asked.width, len(tokenizer)).to(asked.device)
    classifier = Classifier(model)
    mask_id = int(tokenizer.mask_token_id)
    on_cpu = asked.device == "cpu"
    clock = time.process_time if on_cpu else time.perf_counter
    strings = tweets(asked.texts) if asked.texts else sample(tokenizer, tweets(MEMORY[-1]))
    texts = encoded_texts(tokenizer, strings)
    start = clock()
    many = encoded_texts(tokenizer, tweets(FREE_TWEETS))
    trees = 1000 * (clock() - start) / len(many)
    print(f"{len(texts)} tweets of {min(t.length for t in texts)} to {max(t.length for t in texts)} tokens, "
          f"{asked.layers} x {asked.width}, {'one thread, CPU time' if on_cpu else asked.device}, "
          f"median of {RUNS} alternating runs; {machine()}")  # fmt: skip

    ways: dict[str, Callable[[], float]] = {}
    engine: dict[str, list[Attribution]] = {}
    modes = {
        "partition": Settings(mode="partition", evaluations=EVALUATIONS),
        "exact": Settings(mode="exact", max_rows=10**6),
        "permutations": Settings(mode="permutations"),
    }
    asked_of_shap = [min(EVALUATIONS, row_count(shap_tree(tokenizer, string), text.length))
                     for string, text in zip(strings, texts, strict=True)]  # fmt: skip
    if not asked.texts:
        masker = shap_masker(tokenizer)
        draw = np.random.default_rng(0)
        longest_first = sorted(strings, key=len)
        masked = [str(masker(draw.random(len(tokenizer(s)["input_ids"])) < 0.5, s)[0][0])
                  for s in longest_first for _ in range(-(-PIPELINE_ROWS // len(strings)))]  # fmt: skip
        classify = pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None, device=-1)
        padding = {"padding": "max_length", "truncation": True, "max_length": 512}
        few = [masked[at] for at in np.linspace(0, len(masked) - 1, REFERENCE_ROWS).astype(int)]

        def piped(rows: list[str], batch: int, **options: Any) -> float:
            start = clock()
            classify(rows, batch_size=batch, **options)
            return (clock() - start) / len(rows) * float(np.mean(asked_of_shap))

        ways["reference"] = lambda: piped(few, 1, **padding)
        ways["pipeline 1"] = lambda: piped(masked, 1)
        ways["pipeline 6"] = lambda: piped(masked, 6)

    def timed(name: str) -> float:
        start = clock()
        engine[name] = run_engine(classifier, texts, mask_id, modes[name], classifier.tokens)
        return (clock() - start) / len(texts)

    for name in modes:
        ways[name] = partial(timed, name)
    lengths = [text.length for text in texts]
    batches = (256, 512, 1024, 2048, 4096) if on_cpu else (8192, 16_384, 32_768, 65_536)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    token_ms: list[float] = []
    for _ in range(RUNS):
        token_ms.append(ms_per_token(classifier, sorted(set(lengths)), batches, clock))
        for name, way in ways.items():
            seconds[name].append(1000 * way())
            token_ms.append(ms_per_token(classifier, sorted(set(lengths))[::3], batches, clock))
    result: dict[str, Any] = {"machine": machine(), "model": f"{asked.layers} x {asked.width}", "tweets": len(texts)}
    best = min(token_ms)
    print(f"trees {trees:.1f} ms a tweet, once for all models; best {best:.4f} ms a token")
    heads = ("ms a tweet", "rows asked", "distinct", "tokens", "x floor", "reference /")
    print(f"{'way':14}" + "".join(f" {head:>11}" for head in heads))
    for name, values in seconds.items():
        ms, key = median(values), name.replace(" ", "_")
        evaluations: float = float(np.mean(asked_of_shap))
        fields = ["", "", ""]
        if name in engine:
            evaluations = float(np.mean([item.evaluations for item in engine[name]]))
            rows = np.array([item.rows for item in engine[name]])
            tokens = float(np.mean(rows * [texts[place].length for place in order_of(texts, modes[name])]))
            result[f"{key}_vs_floor"] = round(ms / (tokens * best), 3)
            fields = [f"{rows.mean():.0f}", f"{tokens:.0f}", f"{ms / (tokens * best):.2f}"]
        if "reference" in seconds and name != "reference":
            ratio = median([slow / own for slow, own in zip(seconds["reference"], values, strict=True)])
            result[f"{key}_vs_reference"] = round(ratio, 2)
            fields.append(f"{ratio:.1f}")
        result[f"{key}_ms_per_text"] = round(ms, 1)
        cells = [f"{ms:.1f}", f"{evaluations:.0f}", *fields]
        print(f"{name:14}" + "".join(f" {cell:>11}" for cell in cells))
    if asked.texts:
        return 0
    print(f"reference from {REFERENCE_ROWS} rows, pipelines from {len(masked)} rows a run")
    free = []
    for _ in range(RUNS):
        start = clock()
        run_engine(free_model, many, mask_id, modes["partition"], 2048)
        free.append(1000 * (clock() - start) / len(many))
    result["engine_ms_per_text"] = round(median(free), 2)
    print(f"engine with a free model, {EVALUATIONS} evaluations: {median(free):.2f} ms a tweet ({FREE_TWEETS} tweets)")
    few_mb, many_mb = (peak_memory(tokenizer, count) for count in MEMORY)
    result |= {"peak_mb_1000": few_mb, "peak_mb_10000": many_mb}
    print(f"peak memory with a free model: {few_mb} MB for {MEMORY[0]:,} tweets, {many_mb} MB for {MEMORY[1]:,}")
    met = (
        result["partition_vs_reference"] >= 24
        and result["exact_vs_reference"] >= 8
        and result["partition_vs_floor"] <= 1.15
        and result["engine_ms_per_text"] <= 8
        and many_mb - few_mb <= 300
    )
    if asked.json:
        print(json.dumps(result))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
