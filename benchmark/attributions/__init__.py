"""Token attributions of text classifiers: a prediction function and encoded texts in, values out.

`engine.explain` is the way in. A text's route: `texts` (token ids and the tree over them) -> a mode (`exact`,
`permutations`, `partition`) that says which masked rows it wants to know -> `rows` (ids of one length, in batches) ->
the model -> the mode again -> `Attribution`. `chunks` keeps what is finished, `gradients` is another explainer.
"""

from typing import Any

from polyskew.registry import Registry

EXPLAINERS: "Registry[Any]" = Registry("explainer", "polyskew.explainers")
"""Ways to attribute tokens beside those of `settings.Mode`."""
