"""Measuring finished cells into their ``metrics.json``."""
