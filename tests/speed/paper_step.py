"""Seconds an update of the recipe ``paper`` at mBERT's and XLM-R's full size: ``python -m tests.speed.paper_step``.

The weights are random and the tokens are too, so nothing is downloaded. Prints what each paper grid would take to
train from that, at this length of texts; predictions, features and attributions come on top.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, BertConfig, PretrainedConfig, XLMRobertaConfig

from adapters import get_method
from benchmark.encoding import Encoded
from benchmark.examples import Examples
from benchmark.expansion import expand
from benchmark.grid import load_grid
from benchmark.job import Job
from benchmark.models import ModelChoice
from benchmark.models.loading import device, load_tokenizer
from benchmark.recipe_choice import PAPER
from benchmark.training import train
from tests.speed.report import machine, median

GRIDS = ("paper-mbert", "paper-xlmr", "paper-peft")
ROWS = {"amazon_reviews": 719_970, "xnli": 523_594}
"""Training rows of the paper's subsets (Table 5: 719k and 524k)."""
SIZES: dict[str, PretrainedConfig] = {
    "mbert": BertConfig(vocab_size=119_547, num_labels=5),
    "xlm-r": XLMRobertaConfig(
        vocab_size=250_002, max_position_embeddings=514, type_vocab_size=1, pad_token_id=1, num_labels=5
    ),
}


def seconds_an_update(model: str, method: str, length: int, updates: int) -> float:
    """Train on random tokens and return the median seconds between two updates, the first left out."""
    recipe = PAPER.resolve("amazon_reviews", method).model_copy(update={"evaluations_per_epoch": 1})
    rows = recipe.batch_size * recipe.accumulation * updates
    random = np.random.default_rng(0)
    ids = random.integers(1000, 100_000, (rows, length)).tolist()
    lengths = np.full(rows, length)
    encoded = Encoded([{"input_ids": row} for row in ids], [], lengths, lengths)
    labels = random.integers(0, 5, rows)
    training = Examples(encoded, labels, np.ones(rows), np.zeros(rows, int))
    few = Examples(Encoded(encoded.rows[:2], [], lengths[:2], lengths[:2]), labels[:2], np.ones(2), np.zeros(2, int))
    torch.manual_seed(0)
    network = AutoModelForSequenceClassification.from_config(SIZES[model]).to(device())
    chosen = get_method(method)
    # Any tokenizer pads rows of one length.
    tokenizer = load_tokenizer(ModelChoice(name="tiny-polyglot"))
    ends: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        job = Job(chosen.prepare(network), chosen, recipe, tokenizer, training, few, Path(folder), 0, (), "speed", 0)
        train(job, lambda share: ends.append(time.perf_counter()))
    return median(list(np.diff(ends)))


def main() -> None:
    """Measure each model and method of the grids, and print the hours of each grid."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--length", type=int, default=64, help="tokens a text (default 64)")
    parser.add_argument("--updates", type=int, default=4, help="updates to time (default 4)")
    chosen = parser.parse_args()
    where = (
        torch.cuda.get_device_name() if torch.cuda.is_available() else f"{machine()}, {torch.get_num_threads()} threads"
    )
    print(f"seconds an update of 16 x 8 texts of {chosen.length} tokens, fp32, median of {chosen.updates - 1}; {where}")
    seconds: dict[tuple[str, str], float] = {}
    for grid in GRIDS:
        cells = {cell.work().id: cell.work() for cell in expand(load_grid(grid)) if not cell.untuned}.values()
        hours = 0.0
        for cell in cells:
            key = (cell.model.name, cell.method.use)
            if key not in seconds:
                seconds[key] = seconds_an_update(*key, chosen.length, chosen.updates)
                print(f"  {' '.join(key)}: {seconds[key]:.2f} s")
            rows = ROWS[cell.task.name] * cell.recipe.epochs
            # The masked-input entropy is one more row in a batch of 16.
            hours += rows / 128 * seconds[key] * (17 / 16 if cell.recipe.masked_entropy else 1) / 3600
        print(f"{grid}: {len(cells)} trainings of {hours / len(cells):.1f} hours on average, {hours:.0f} hours")


if __name__ == "__main__":
    main()
