"""Importing this module makes the suite's own tuners known to PEFT: bottleneck adapters and BitFit."""

from adapters.bitfit_tuner import BitFitConfig
from adapters.bottleneck_tuner import BottleneckConfig

__all__ = ["BitFitConfig", "BottleneckConfig"]
