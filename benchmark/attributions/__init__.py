"""Token attributions of text classifiers: a prediction function and encoded texts in, values out.

`engine.explain` is the way in. A text's route: `texts` (token ids and the tree over them) -> a mode (`exact`,
`permutations`, `partition`) that says which masked rows it wants to know -> `rows` (ids of one length, in batches) ->
the model -> the mode again -> `Attribution`. `chunks` keeps what is finished, `gradients` is another explainer, and
`explainer` what plug-ins add.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from polyskew.registry import Registry

if TYPE_CHECKING:
    from benchmark.attributions.explainer import Explainer

MODES = {
    "auto": "exact for short texts, permutations for long ones",
    "exact": "Owen values by full expansion of the tree",
    "permutations": "Owen values estimated from drawn orders, with standard errors",
    "partition": "Owen values by shap's budgeted heap, on token ids",
    "reference": "the paper's way: shap on masked strings that are tokenized again",
    "layer_integrated_gradients": "integrated gradients of the word embeddings, through captum",
}
"""The suite's own ways to attribute tokens, each in a line."""

EXPLAINERS: "Registry[type[Explainer]]" = Registry("explainer", "polyskew.explainers")
"""Ways to attribute tokens beside those of `MODES`."""
EXPLAINERS.reserve(dict.fromkeys(MODES, "it is a mode of the suite"))


def get_explainer(name: str, options: Mapping[str, Any] | None = None) -> "Explainer":
    """Return the explainer called ``name`` with its options set.

    Raises:
        UserError: there is no such explainer or option, or an option's value is wrong.
    """
    from polyskew.yamls import validate

    return validate(dict(options or {}), EXPLAINERS.get(name), f"explainer {name!r}")
