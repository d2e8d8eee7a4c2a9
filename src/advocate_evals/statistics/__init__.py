"""Arrays in, frozen results out. Imports nothing of ours, no Inspect, no pandas, and knows no paths."""

from advocate_evals.statistics.bounded import Interval, mean_interval, t_interval
from advocate_evals.statistics.rungs import FirstRung, first_rung

__all__ = ["FirstRung", "Interval", "first_rung", "mean_interval", "t_interval"]
