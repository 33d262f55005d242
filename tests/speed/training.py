"""Examples a second in training and feature extraction: ``python -m tests.speed.training``.

The alternative, measured in the same run in alternation, is what most scripts do: a plain Trainer on rows padded to a
fixed length, and features from such rows in fixed batches.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments

from adapters import get_method
from benchmark.encoding import encode
from benchmark.examples import Examples
from benchmark.inference import extract
from benchmark.job import Job
from benchmark.models import ModelChoice
from benchmark.models.loading import load_model, load_tokenizer
from benchmark.recipe_choice import RecipeChoice
from benchmark.training import train
from tasks import get_task
from tests.speed.report import machine, median

FIXED = 64  # tokens: the demo's longest texts have 56
ROWS = 1_500
RUNS = 3


class Padded(Dataset[dict[str, Any]]):
    """Rows padded to one length beforehand."""

    def __init__(self, inputs: dict[str, torch.Tensor], labels: np.ndarray) -> None:
        self.inputs = inputs
        self.labels = torch.from_numpy(labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {name: tensor[index] for name, tensor in self.inputs.items()} | {"labels": self.labels[index]}


def main() -> None:
    """Measure both ways in alternation and print the ratio of their medians."""
    torch.set_num_threads(2)
    choice = ModelChoice(name="tiny-polyglot")
    task = get_task("demo_reviews")
    table = task.load().train.sample(ROWS, random_state=0)
    labels = table["label"].to_numpy(np.int64)
    tokenizer = load_tokenizer(choice)
    encoded = encode(tokenizer, table, FIXED)
    examples = Examples(encoded, labels, np.ones(ROWS), np.zeros(ROWS, int))
    few = Examples(encode(tokenizer, table[:32], FIXED), labels[:32], np.ones(32), np.zeros(32, int))
    padded = tokenizer(
        table["text"].tolist(), padding="max_length", truncation=True, max_length=FIXED, return_tensors="pt"
    )
    change = {"epochs": 1, "evaluations_per_epoch": 1}
    recipe = RecipeChoice(base="small", change=change).resolve(task.name, "full")
    method = get_method("full")

    def ours(folder: Path) -> None:
        model = method.prepare(load_model(choice, task.labels, 0))
        train(Job(model, method, recipe, tokenizer, examples, few, folder, 0, (), "speed", 0), lambda share: None)

    def plain(folder: Path) -> None:
        arguments = TrainingArguments(
            output_dir=str(folder),
            per_device_train_batch_size=recipe.batch_size,
            num_train_epochs=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        Trainer(load_model(choice, task.labels, 0), arguments, train_dataset=Padded(dict(padded), labels)).train()

    model = load_model(choice, task.labels, 0)

    def our_features(_: Path) -> None:
        extract(model, tokenizer, encoded, lambda share: None)

    @torch.inference_mode()
    def plain_features(_: Path) -> None:
        for start in range(0, ROWS, 32):
            model.base_model(**{name: tensor[start : start + 32] for name, tensor in padded.items()})

    print(f"examples a second, {ROWS} rows of demo_reviews, median of {RUNS} alternating runs; {machine()}, 2 threads")
    for what, here, there in (("training", ours, plain), ("features", our_features, plain_features)):
        times: dict[str, list[float]] = {"here": [], "plain": []}
        for _ in range(RUNS):
            for name, work in (("here", here), ("plain", there)):
                with tempfile.TemporaryDirectory() as folder:
                    start = time.perf_counter()
                    work(Path(folder))
                    times[name].append(time.perf_counter() - start)
        rates = {name: ROWS / median(values) for name, values in times.items()}
        print(
            f"  {what}: {rates['here']:.0f} here, {rates['plain']:.0f} padded to {FIXED} tokens: "
            f"{rates['here'] / rates['plain']:.2f} x"
        )


if __name__ == "__main__":
    main()
