"""Benchmarks of polyskew on real multilingual text."""
