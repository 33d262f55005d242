"""Owen values of token ids: shap's partition explainer, asked about the tokens the model really sees."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from shap import PartitionExplainer

Predict = Callable[[np.ndarray, "Text"], np.ndarray]
"""Takes token ids int64 [rows, L] that replace a text's own, and the text; returns probabilities [rows, C]."""

MODE = "partition"


@dataclass(frozen=True)
class Text:
    """One encoded text or pair.

    Attributes:
        row: what the model takes: ``input_ids`` and, where the tokenizer has them, ``token_type_ids``.
        features: positions that may be masked, int [T]: all but the special tokens.
        tree: [T - 1, 4], the tree over the features (`text_tree`).
    """

    row: dict[str, list[int]]
    features: np.ndarray
    tree: np.ndarray


@dataclass(frozen=True)
class Attribution:
    """Values of one text: ``base + values.sum(axis=0) == output``.

    Attributes:
        mode: how they were computed; values of different modes are never compared.
        evaluations: rows the model was asked about.
        token_ids: int [T], the features' tokens.
        values: float64 [T, C], of the class probabilities.
        base: float64 [C], the probabilities with every feature masked.
        output: float64 [C], the probabilities of the text itself.
    """

    mode: str
    evaluations: int
    token_ids: np.ndarray
    values: np.ndarray
    base: np.ndarray
    output: np.ndarray


def explain(predict: Predict, texts: Sequence[Text], mask_id: int, evaluations: int) -> Iterator[Attribution]:
    """Yield the attributions of each text in turn.

    Masked tokens become ``mask_id``; special tokens and the separator between a pair's sides are never masked.

    Args:
        predict: the model.
        texts: the texts.
        mask_id: id of the mask token.
        evaluations: model evaluations a text at most (shap's ``max_evals``).
    """
    for text in texts:
        ids = np.asarray(text.row["input_ids"], dtype=np.int64)
        counter = _Counted(predict, text)
        if len(text.features) > 1:
            masker = IdMasker(ids, text.features, mask_id, text.tree)
            explainer = PartitionExplainer(counter, masker)
            explained = explainer(ids[None, text.features], max_evals=evaluations, silent=True, batch_size=64)
            values, base = explained.values[0], explained.base_values[0]
        else:
            # A tree needs two leaves; one token alone carries the whole difference.
            masked = ids.copy()
            masked[text.features] = mask_id
            base, output = counter(np.stack([masked, ids]))
            values = np.tile(output - base, (len(text.features), 1))
        yield Attribution(
            mode=f"{MODE}-{evaluations}",
            evaluations=counter.rows,
            token_ids=ids[text.features],
            values=np.asarray(values, dtype=np.float64),
            base=np.asarray(base, dtype=np.float64),
            output=np.asarray(base + values.sum(axis=0), dtype=np.float64),
        )


class IdMasker:
    """Masks token ids directly, so that the model sees exactly the tokens that are explained.

    Shap's own text masker decodes masked tokens to a string that is tokenized again, which changes the tokens of a
    quarter to a half of the rows, and it cannot take pairs.

    Args:
        ids: int64 [L], the text's token ids.
        features: int [T], the positions that may be masked.
        mask_id: id of the mask token.
        tree: [T - 1, 4], scipy's linkage format.
    """

    immutable_outputs = True

    def __init__(self, ids: np.ndarray, features: np.ndarray, mask_id: int, tree: np.ndarray) -> None:
        self._ids = ids
        self._features = features
        self._mask_id = mask_id
        self.clustering = tree
        self.shape = (1, len(features))

    def __call__(self, mask: np.ndarray, _: np.ndarray) -> tuple[np.ndarray]:
        """Return the ids int64 [1, L] with the features where ``mask`` (bool [T]) is False masked."""
        row = self._ids.copy()
        row[self._features[~mask]] = self._mask_id
        return (row[None],)


class _Counted:
    """The prediction function of one text, counting its rows."""

    def __init__(self, predict: Predict, text: Text) -> None:
        self._predict = predict
        self._text = text
        self.rows = 0

    def __call__(self, ids: np.ndarray) -> np.ndarray:
        self.rows += len(ids)
        return self._predict(ids, self._text)
