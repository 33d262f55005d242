"""Mode ``reference``: the paper's way, masked strings that are tokenized again. Only the heap and the batches are ours.

The paper's code hands texts to ``shap.Explainer`` over a pipeline: shap's text masker decodes masked tokens to a
string, and the pipeline tokenizes that string. The tokens that the model then sees are often not the masked ones.
"""

from collections.abc import Sequence

import numpy as np
from transformers import PreTrainedTokenizerBase

from benchmark.attributions.modes import Asked, Floats
from benchmark.attributions.rows import Batches, Ids
from benchmark.attributions.texts import Text, text_pieces
from benchmark.attributions.trees import shap_masker, shap_tree


def string_text(tokenizer: PreTrainedTokenizerBase, segments: Sequence[str]) -> Text:
    """Return a text as the paper's code has it: one string, all of whose tokens are features, none cut off.

    A pair becomes premise, separator, hypothesis in one string, which loses its token types. Special tokens stay
    unmasked and can get credit all the same where the budget ends early.
    """
    string = str(tokenizer.sep_token).join(segments)
    tokens, pieces = text_pieces(tokenizer, string, special=True)
    ids = np.asarray(tokens, dtype=np.int32)
    second = len(tokenizer(segments[0], verbose=False)["input_ids"]) - 1 if len(segments) > 1 else len(ids)
    features = np.arange(len(ids), dtype=np.int32)
    return Text(ids, None, features, shap_tree(tokenizer, string), tuple(pieces), second, string)


class StringRows:
    """The paper's rows: masked strings, by shap's own text masker, that are tokenized again.

    Args:
        texts: the window; each has its ``string``.
        batches: the model.
        tokenizer: of the model.
        max_length: tokens at most, as the model's input is cut.
    """

    def __init__(
        self, texts: Sequence[Text], batches: Batches, *, tokenizer: PreTrainedTokenizerBase, max_length: int
    ) -> None:
        self.counts = np.zeros(len(texts), dtype=np.int64)
        self._strings = [str(text.string) for text in texts]
        self._sizes = [len(text.features) for text in texts]
        self._tokenizer = tokenizer
        self._masker = shap_masker(tokenizer)
        self._max_length = max_length
        self._batches = batches
        self._seen: dict[str, Floats] = {}

    def base(self) -> Floats:
        """Return the outputs with every feature masked, [W, C]."""
        return self((np.arange(len(self._sizes)), np.zeros((len(self._sizes), max(self._sizes)), dtype=bool)))

    def __call__(self, asked: Asked) -> Floats:
        """Return the outputs of masked rows, [n, C]; masks that give one string ask once."""
        owner, masks = asked
        strings = [
            str(self._masker(mask[: self._sizes[place]], self._strings[place])[0][0])
            for place, mask in zip(owner, masks, strict=True)
        ]
        new = {string: place for place, string in zip(owner, strings, strict=True) if string not in self._seen}
        if new:
            np.add.at(self.counts, list(new.values()), 1)
            rows = self._tokenizer(list(new), truncation=True, max_length=self._max_length, return_attention_mask=False)
            lengths = np.array([len(ids) for ids in rows["input_ids"]])

            def chosen_rows(chosen: Ids) -> tuple[Ids, Ids | None]:
                columns = [
                    np.array([rows[name][place] for place in chosen])
                    for name in ("input_ids", "token_type_ids")
                    if name in rows
                ]
                return columns[0], columns[1] if len(columns) > 1 else None

            self._seen |= dict(zip(new, self._batches(lengths, chosen_rows), strict=True))
        return np.stack([self._seen[string] for string in strings])
