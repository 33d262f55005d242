"""What a recipe's optimizer decays."""

import torch

from benchmark.optimizers import make_optimizer
from benchmark.recipes import Rates, Recipe


def test_decay_spares_vectors_however_they_are_stored() -> None:
    # PEFT keeps IA3's factors as a column or a row; pulled towards 0 they would take the base model's activations away.
    shapes = {"matrix": (4, 3), "bias": (4,), "column": (4, 1), "row": (1, 4), "one": (1, 1)}
    parameters = {name: torch.nn.Parameter(torch.ones(shape)) for name, shape in shapes.items()}
    recipe = Recipe(optimizer="adamw", weight_decay=0.1)
    groups = {"body": list(parameters.values()), "head": []}
    made = make_optimizer(recipe, Rates(body=1e-3, head=1e-3), groups).param_groups
    decay = {id(parameter): group["weight_decay"] for group in made for parameter in group["params"]}
    assert {name: decay[id(parameter)] for name, parameter in parameters.items()} == {
        "matrix": 0.1,
        "bias": 0.0,
        "column": 0.0,
        "row": 0.0,
        "one": 0.0,
    }
