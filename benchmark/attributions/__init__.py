"""Token attributions of text classifiers: a prediction function and encoded texts in, values out."""

from benchmark.attributions.engine import Attribution, Text, explain
from benchmark.attributions.trees import text_tree

__all__ = ["Attribution", "Text", "explain", "text_tree"]
