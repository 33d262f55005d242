"""What an explainer of a plug-in offers: a class with options that attributes one text at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from adapters import Component
from polyskew.errors import UserError

if TYPE_CHECKING:
    from benchmark.attributions import engine
    from benchmark.attributions.classifier import Classifier
    from benchmark.attributions.texts import Text


class Explainer(Component, ABC):
    """A way to attribute tokens beside the suite's own. A subclass is one way; its fields are its options.

    Its module imports torch only within the functions that need it, so that a grid is planned without it.

    Attributes:
        name: the name under which it is registered, which ``measure.attributions.mode`` of a grid takes.
        version: raised when the same text gets other values; values of different versions are never compared.
        additive: whether the values of a text add up to the probabilities of the text less those of the masked one.
    """

    version: ClassVar[int] = 1
    additive: ClassVar[bool] = True

    @abstractmethod
    def explain(self, classifier: "Classifier", text: "Text", mask_id: int) -> NDArray[np.float64]:
        """Return what each feature of a text adds to the probability of each class, float64 [T, C].

        Args:
            classifier: called with token ids int [n, L] and token types int [n, L] (or None), it returns probabilities
                [n, C] as a torch tensor; ``classifier.model`` is the network, for what needs gradients.
            text: its ``ids`` int [L], ``types`` int [L] or None, and ``features`` int [T], the positions that may be
                masked: all but the special tokens.
            mask_id: id of the mask token.
        """


def engine_of(explainer: Explainer, classifier: "Classifier", mask_id: int, label: str) -> "engine.Explainer":
    """Return what stands in the place of `engine.explain`: texts in, attributions out.

    Args:
        explainer: how texts are attributed.
        classifier: the model.
        mask_id: id of the mask token.
        label: what is recorded with the values.
    """
    from benchmark.attributions.engine import Attribution

    def explain(texts: "Sequence[Text]", report: Callable[[int], None]) -> Iterator[tuple[int, Attribution]]:
        for place, text in enumerate(texts):
            with _counting(classifier) as rows:
                base, output = _ends(classifier, text, mask_id)
                values = np.asarray(explainer.explain(classifier, text, mask_id), dtype=np.float64)
            _check(explainer, values, (len(text.features), len(output)))
            yield place, Attribution(label, sum(rows), sum(rows), values, None, base, output)
            report(sum(rows) * text.length)

    return explain


@contextmanager
def _counting(classifier: "Classifier") -> "Iterator[list[int]]":
    """Count the rows that the model computes, whether it is asked for probabilities or for gradients."""
    rows: list[int] = []
    handle = classifier.model.register_forward_hook(lambda module, given, output: rows.append(len(output.logits)))
    try:
        yield rows
    finally:
        handle.remove()


def _ends(classifier: "Classifier", text: "Text", mask_id: int) -> NDArray[np.float64]:
    """The probabilities of the text with every feature masked, and of the text itself, [2, C]."""
    rows = np.stack([text.ids, text.ids]).astype(np.int64)
    rows[0, text.features] = mask_id
    types = None if text.types is None else np.stack([text.types, text.types]).astype(np.int64)
    found: NDArray[np.float64] = classifier(rows, types).cpu().numpy()
    return found


def _check(explainer: Explainer, values: NDArray[np.float64], wanted: tuple[int, int]) -> None:
    if values.shape != wanted:
        raise UserError(
            f"the explainer {explainer.name!r} gives values of shape {values.shape}; a value for each of "
            f"{wanted[0]} features and {wanted[1]} classes is wanted"
        )
    if not np.isfinite(values).all():
        feature, label = (int(index) for index in np.argwhere(~np.isfinite(values))[0])
        raise UserError(
            f"the explainer {explainer.name!r} gives {values[feature, label]} for feature {feature} and class {label}; "
            "finite numbers are wanted"
        )
