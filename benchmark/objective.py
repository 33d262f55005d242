"""What training minimises: the rows' losses by their weights, and the terms that a recipe adds."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from adapters.losses.modules import JointLoss
from benchmark.losses.language_head import LanguageHead
from benchmark.losses.masked_entropy import MaskedEntropy

_LANGUAGE_HEAD, _LOSS = "language_head.safetensors", "loss.safetensors"
_NOT_THE_MODELS = ("labels", "weight", "language")

Batch = dict[str, Any]
"""Rows as the collator gives them: what the model takes, and ``labels``, ``weight`` and ``language``."""


class Objective:
    """The loss of an update, and of the validation set.

    An update's loss is the plain mean over its examples of weight times loss, never divided by the sum of the weights,
    to which a recipe's additional terms are added. Validation is measured without these.

    Args:
        loss: of the rows, as `adapters.Loss.prepare` returns it.
        masked_entropy: the masked-input entropy loss, if the recipe has it.
        language_head: the language-ID head, if the recipe has one.
    """

    def __init__(
        self,
        loss: torch.nn.Module,
        masked_entropy: MaskedEntropy | None = None,
        language_head: LanguageHead | None = None,
    ) -> None:
        self.loss = loss
        self.masked_entropy = masked_entropy
        self.language_head = language_head
        self._update: list[Batch] = []
        self._seen: list[tuple[torch.Tensor, ...]] = []

    @property
    def joint(self) -> JointLoss | None:
        """The loss, where it has to see all rows of an update."""
        return self.loss if isinstance(self.loss, JointLoss) else None

    def begin(self, update: list[Batch]) -> None:
        """Take note of the micro-batches of the update that comes next."""
        self._update = update if self.joint else []

    def training_sum(self, model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, Any]:
        """Return the sum over a micro-batch's examples of what the update's loss is the mean of, and the outputs."""
        update, self._update = self._update, []
        if self.joint and len(update) > 1:
            self.joint.begin(*_looked_at(model, update, batch["labels"].device))
        labels, languages = batch["labels"], batch["language"]
        count, masked, features = len(labels), self.masked_entropy, _features(batch)
        outputs = model(
            **(masked.append(features) if masked else features),
            output_hidden_states=self.language_head is not None,
        )
        logits = outputs.logits[:count].float()
        if self.joint and len(update) == 1:
            self.joint.begin(logits.detach(), labels, languages)
        # A filler's label is -100: it has no loss, and the Trainer does not count it.
        total = (self.loss(logits, labels, languages) * batch["weight"]).sum()
        there = (labels != -100).sum()
        if masked:
            total = total + there * masked.loss(outputs.logits[count])
        if self.language_head is not None:
            vectors = outputs.hidden_states[-1][:count, 0]
            total = total + there * self.language_head.loss(vectors, languages)
        return total, outputs

    def validation_mean(self, model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, Any]:
        """Return the mean over a batch's examples of weight times loss, and the outputs.

        What a loss that needs the whole set makes of it comes from `validation_overall`; here it is 0.
        """
        outputs = model(**_features(batch))
        logits, labels, languages = outputs.logits.float(), batch["labels"], batch["language"]
        if self.joint:
            self._seen.append((logits, labels, languages, batch["weight"]))
            return logits.new_zeros(()), outputs
        return (self.loss(logits, labels, languages) * batch["weight"]).mean(), outputs

    def validation_overall(self) -> float | None:
        """Return the loss of all batches since the last call, where it is not the mean over their examples."""
        seen, self._seen = self._seen, []
        return self.joint.overall(*(torch.cat(parts) for parts in zip(*seen, strict=True))) if self.joint else None

    def save(self, folder: Path) -> None:
        """Write what changes while training beside the model's weights."""
        for name, module in self._changing():
            save_file(module.state_dict(), folder / name)

    def load(self, folder: Path) -> None:
        """Take back what `save` wrote."""
        for name, module in self._changing():
            module.load_state_dict(load_file(folder / name))

    def _changing(self) -> list[tuple[str, torch.nn.Module]]:
        parts = ((_LANGUAGE_HEAD, self.language_head), (_LOSS, self.loss))
        return [(name, module) for name, module in parts if module is not None and module.state_dict()]


def _features(batch: Batch) -> Batch:
    return {name: value for name, value in batch.items() if name not in _NOT_THE_MODELS}


def _looked_at(model: torch.nn.Module, update: list[Batch], device: torch.device) -> tuple[torch.Tensor, ...]:
    """Logits, labels and languages of an update's rows, computed without gradients.

    Random numbers are taken back, so that the rows are seen with the dropout that they are then learned from with.
    """
    parts = []
    with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.no_grad():
        for batch in update:
            here = {name: value.to(device) for name, value in batch.items()}
            parts.append((model(**_features(here)).logits.float(), here["labels"], here["language"]))
    return tuple(torch.cat(part) for part in zip(*parts, strict=True))
