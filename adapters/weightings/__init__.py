"""What each training example counts, as a function of its language and label.

A weighting maps the counts ``n[l, c]`` of training rows (integer array, L languages x C labels) to the weights
``w[l, c]`` (float64 array of the same shape). With ``n_l`` the rows of a language, ``n_c`` those of a label and ``n``
all rows:

====================================  ======================================================  =====================
name                                  w[l, c]                                                 rows' mean weight is 1
====================================  ======================================================  =====================
``none``                              1                                                       everywhere
``global``                            ``n / (C * n_c)``                                       over all rows
``per_language``                      ``n_l / (C * n[l, c])``                                 in each language
``sqrt``                              proportional to ``1 / sqrt(n_c)``                       over all rows
``sqrt_per_language``                 proportional to ``1 / sqrt(n[l, c])``                   in each language
``effective_number``                  proportional to ``(1 - beta) / (1 - beta^n_c)``         over all rows
``effective_number_per_language``     proportional to ``(1 - beta) / (1 - beta^n[l, c])``     in each language
====================================  ======================================================  =====================

Where the counts that a formula sees are all equal, each weight is exactly 1.0. Cells whose weights are all exactly 1.0
can therefore be told from their weights.
"""

from adapters.weightings.counts import EmptyCellWarning as EmptyCellWarning
from adapters.weightings.counts import Weighting as Weighting
