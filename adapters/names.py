"""Names within the body that methods attach to, as regular expressions of the whole name.

They fit BERT and its kin (XLM-R, RoBERTa, CamemBERT, ELECTRA, DeBERTa-v2) and DistilBERT.
"""

_LAYER = r"(.*\.)?layer\.\d+\."

LAYERS = _LAYER + r".+"
QUERY_AND_VALUE = _LAYER + r"attention\.(self\.(query|value)(_proj)?|[qv]_lin)"
KEY_AND_VALUE = _LAYER + r"attention\.(self\.(key|value)(_proj)?|[kv]_lin)"
ATTENTION_OUTPUT = _LAYER + r"attention\.(output\.dense|out_lin)"
FEED_FORWARD_OUTPUT = _LAYER + r"(output\.dense|ffn\.lin2)"
FEED_FORWARD_NORM = _LAYER + r"(output\.LayerNorm|output_layer_norm)"
# BERT's block adds its own residual, which it is given beside the inner layer's output; DistilBERT's is the whole
# feed-forward network.
FEED_FORWARD_BLOCK = _LAYER + r"(output|ffn)"
