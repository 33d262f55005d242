"""Generated demo corpora: product reviews, premise/hypothesis pairs and encyclopedic sentences.

Every text is composed by the suite itself from the lexicons in ``lexicons/`` and from fixed seeds,
so a demo run needs no download and gives the same rows on every machine.
"""

from tasks.demo.nli import generate_nli
from tasks.demo.reviews import generate_reviews
from tasks.demo.wiki import generate_wiki

GENERATOR_VERSION = 1
"""Raise this whenever any generated text changes (a golden test ties the two)."""

__all__ = ["GENERATOR_VERSION", "generate_nli", "generate_reviews", "generate_wiki"]
