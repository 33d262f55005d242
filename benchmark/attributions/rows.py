"""From masked rows to the model: token ids of one length in batches, without padding or attention mask."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmark.attributions.modes import Asked, Floats
from benchmark.attributions.texts import Text

Ids = NDArray[np.int64]
Predict = Callable[[Ids, Ids | None], Any]
"""Takes token ids int64 [n, L] and their token types (or None); returns probabilities [n, C], as an array or a tensor
on any device. Rows of one call have one length and need no attention mask."""


class Rows(Protocol):
    """The rows of a window's texts.

    Attributes:
        counts: int [W], distinct rows of each text that were computed.
    """

    counts: NDArray[np.int64]

    def base(self) -> Floats:
        """Return the outputs with every feature masked, float64 [W, C]."""

    def __call__(self, asked: Asked) -> Floats:
        """Return the outputs of masked rows, float64 [n, C], in their order."""


Render = Callable[[Sequence[Text], "Batches"], Rows]
"""Makes the rows of a window."""


class Batches:
    """Asks the model in batches of one length, and counts.

    Args:
        predict: the model.
        tokens: of a batch, at most.
        report: told after each batch how many tokens it had.

    Attributes:
        memory: outputs of rows that many texts share, such as those that show nothing.
    """

    def __init__(self, predict: Predict, tokens: int, report: Callable[[int], None]) -> None:
        self._predict = predict
        self._tokens = tokens
        self._report = report
        self.memory: dict[tuple[bytes, bytes], Floats] = {}
        self._classes = 0  # the first answer tells

    def __call__(self, lengths: NDArray[np.int64], rows: Callable[[Ids], tuple[Ids, Ids | None]]) -> Floats:
        """Return outputs float64 [n, C] in the rows' order.

        Args:
            lengths: int [n], tokens of each row.
            rows: takes the places of rows of one length and returns their ids and types.

        Raises:
            FloatingPointError: an output is not a number.
        """
        waiting = []
        for chosen in self._batches(lengths):
            # A GPU is handed all batches before the first result is asked for.
            waiting.append((chosen, self._predict(*rows(chosen))))
            self._report(int(lengths[chosen[0]]) * len(chosen))
        blocks = [_array(result) for _, result in waiting]
        self._classes = self._classes or blocks[0].shape[1]
        outputs = np.empty((len(lengths), self._classes))
        for (chosen, _), block in zip(waiting, blocks, strict=True):
            outputs[chosen] = block
        if not np.isfinite(outputs).all():
            raise FloatingPointError("the model's probabilities are not all numbers")
        return outputs

    def _batches(self, lengths: NDArray[np.int64]) -> Iterator[Ids]:
        order = np.argsort(lengths, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
            if len(group):
                # Batches of one size: a small one in the end would waste what a full one saves.
                most = max(1, self._tokens // max(1, int(lengths[group[0]])))
                yield from np.array_split(group, -(-len(group) // most))


def _array(result: Any) -> Floats:
    """An answer as an array, wherever it was computed."""
    return np.asarray(result.detach().double().cpu() if hasattr(result, "detach") else result, dtype=np.float64)


class IdRows:
    """Rows of token ids in which masked features are the mask token; special tokens stay.

    Args:
        texts: the window.
        batches: the model.
        mask_id: id of the mask token.
    """

    def __init__(self, texts: Sequence[Text], batches: Batches, *, mask_id: int) -> None:
        self.counts = np.ones(len(texts), dtype=np.int64)
        self._batches = batches
        self._mask_id = mask_id
        self._lengths = np.array([text.length for text in texts], dtype=np.int64)
        shape = (len(texts), int(self._lengths.max(initial=0)))
        self._ids, self._types = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self._has_types = texts[0].types is not None
        # Which feature stands at each position; the last column of a mask stands for what is always shown.
        self._width = max(len(text.features) for text in texts)
        self._feature = np.full(shape, self._width, dtype=np.int64)
        for place, text in enumerate(texts):
            self._ids[place, : text.length] = text.ids
            self._feature[place, text.features] = np.arange(len(text.features))
            if text.types is not None:
                self._types[place, : text.length] = text.types

    def base(self) -> Floats:
        """Return the outputs with every feature masked, [W, C]; texts of one frame ask once."""
        masks = np.zeros((len(self._lengths), self._width), dtype=bool)
        keys: list[tuple[bytes, bytes]] = []
        for place, length in enumerate(self._lengths):
            (ids, types) = self._rows(np.array([place]), masks, np.array([place]), int(length))
            keys.append((ids.tobytes(), b"" if types is None else types.tobytes()))
        new = {key: place for place, key in enumerate(keys) if key not in self._batches.memory}
        places = np.array(list(new.values()), dtype=np.int64)
        for key, output in zip(new, self._ask(places, masks[places]), strict=True):
            self._batches.memory[key] = output
        return np.stack([self._batches.memory[key] for key in keys])

    def __call__(self, asked: Asked) -> Floats:
        """Return the outputs of masked rows, [n, C]."""
        owner, masks = asked
        self.counts += np.bincount(owner, minlength=len(self.counts))
        return self._ask(owner, masks)

    def _ask(self, owner: Ids, masks: NDArray[np.bool_]) -> Floats:
        lengths = self._lengths[owner]
        return self._batches(lengths, lambda chosen: self._rows(owner[chosen], masks, chosen, int(lengths[chosen[0]])))

    def _rows(self, owner: Ids, masks: NDArray[np.bool_], chosen: Ids, length: int) -> tuple[Ids, Ids | None]:
        shown = np.concatenate([masks[chosen], np.ones((len(chosen), 1), dtype=bool)], axis=1)
        keep = np.take_along_axis(shown, self._feature[owner, :length], axis=1)
        ids = np.where(keep, self._ids[owner, :length], self._mask_id)
        return ids, self._types[owner, :length] if self._has_types else None
