"""The measure my_thing: a number of each trained model, with a column on the board."""

import numpy as np

import polyskew


def my_thing(rows: polyskew.PredictedRows) -> float:
    """Accuracy of the language that fares worst."""
    # rows has N test texts: label, predicted and language are whole numbers [N], logits are [N, C]; the names stand in
    # rows.labels and rows.languages. Return a number, one for each language by its name, or NaN where there is none.
    right = rows.predicted == rows.label
    return min((float(right[rows.language == place].mean()) for place in np.unique(rows.language)), default=np.nan)


# Raise the version with any change that can change a value: values of two versions are never averaged.
MEASURE = polyskew.CellMeasure("my_thing", 1, "share", my_thing, better="higher", low=0, high=1)
polyskew.register("measure", MEASURE)
