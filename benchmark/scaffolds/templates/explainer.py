"""The explainer my_thing: what each token of a text adds to each class's probability."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

import polyskew

if TYPE_CHECKING:
    from benchmark.attributions.classifier import Classifier
    from benchmark.attributions.texts import Text


@polyskew.register("explainer")
class MyThing(polyskew.Explainer):
    """Leave one out: how much the probabilities fall when a token is masked."""

    name: ClassVar[str] = "my_thing"
    version: ClassVar[int] = 1  # raise it when a text gets other values
    additive: ClassVar[bool] = False  # whether a text's values add up to its output less that of the masked text

    def explain(self, classifier: "Classifier", text: "Text", mask_id: int) -> NDArray[np.float64]:
        """Return the values, one for each of the T features and C classes."""
        # text.ids are the tokens, text.features the places of those that may be masked: all but the special ones.
        features = len(text.features)
        rows = np.tile(text.ids, (features + 1, 1)).astype(np.int64)
        rows[np.arange(features), text.features] = mask_id  # the last row is the text itself
        types = None if text.types is None else np.tile(text.types, (features + 1, 1)).astype(np.int64)
        probabilities = classifier(rows, types).cpu().numpy()
        return probabilities[-1] - probabilities[:-1]
