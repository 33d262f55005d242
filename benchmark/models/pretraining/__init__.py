"""Pretraining of ``tiny-polyglot``, a two-layer multilingual BERT with a trained pooler.

Run ``python -m benchmark.models.pretraining --help``.
"""
