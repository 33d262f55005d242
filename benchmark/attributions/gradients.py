"""Layer integrated gradients: a path attribution, another quantity than the Owen values of the other modes.

Integrated gradients (Sundararajan, Taly and Yan 2017) of the word embeddings, from the text with every feature
masked to the text itself, by captum. The values add up to ``output - base`` only as well as the steps resolve the
path; what is left over is no standard error and none is stated.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from benchmark.attributions.classifier import Classifier
from benchmark.attributions.engine import Attribution, work_of
from benchmark.attributions.settings import Settings
from benchmark.attributions.texts import Text
from polyskew.errors import UserError

_TOKENS = 4096  # of a batch: the backward pass keeps what every layer computed


class IntegratedGradients:
    """An explainer that can stand wherever `engine.explain` does.

    Args:
        classifier: the model.
        settings: the number of steps.
        mask_id: id of the mask token.

    Raises:
        UserError: captum is not installed.
    """

    def __init__(self, classifier: Classifier, settings: Settings, mask_id: int) -> None:
        try:
            from captum.attr import LayerIntegratedGradients
        except ImportError:
            raise UserError(
                "mode layer_integrated_gradients needs captum, which is not installed; pip install 'polyskew[captum]'"
            ) from None
        self._classifier = classifier
        self._settings = settings
        self._mask_id = mask_id
        embeddings: torch.nn.Module = classifier.model.get_input_embeddings()  # type: ignore[operator]
        self._gradients = LayerIntegratedGradients(self._probabilities, embeddings)

    def __call__(self, texts: Sequence[Text], report: Callable[[int], None]) -> Iterator[tuple[int, Attribution]]:
        """Yield each text's place and its attribution."""
        for place, text in enumerate(texts):
            yield place, self._explain(text)
            report(work_of(text, self._settings))

    def _explain(self, text: Text) -> Attribution:
        classifier, steps = self._classifier, self._settings.steps
        ids = text.ids.astype(np.int64)
        masked = ids.copy()
        masked[text.features] = self._mask_id
        types = None if text.types is None else np.stack([text.types.astype(np.int64)] * 2)
        base, output = classifier(np.stack([masked, ids]), types).cpu().numpy()
        device = classifier.device
        given, baseline = (torch.from_numpy(row[None]).to(device) for row in (ids, masked))
        row_types = None if text.types is None else torch.from_numpy(text.types[None].astype(np.int64)).to(device)
        columns = []
        for label in range(len(output)):
            with classifier.computing():
                gradients = self._gradients.attribute(
                    given,
                    baselines=baseline,
                    target=label,
                    additional_forward_args=(row_types,),
                    n_steps=steps,
                    internal_batch_size=max(1, _TOKENS // text.length),
                )
            columns.append(gradients.sum(dim=-1)[0].detach().double().cpu().numpy())
        values = np.stack(columns, axis=1)[text.features]
        rows = 2 + steps * len(output)
        label_ = self._settings.label("layer_integrated_gradients")
        return Attribution(label_, rows, rows, values, None, base, output)

    def _probabilities(self, ids: torch.Tensor, types: torch.Tensor | None) -> torch.Tensor:
        inputs = {"input_ids": ids} if types is None else {"input_ids": ids, "token_type_ids": types.expand_as(ids)}
        return torch.softmax(self._classifier.model(**inputs).logits.float(), dim=-1)
