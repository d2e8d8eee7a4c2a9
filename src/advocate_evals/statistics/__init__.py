"""Arrays in, frozen results out. Imports nothing of ours, no Inspect, no pandas, and knows no paths."""

from advocate_evals.statistics.bounded import mean_interval, t_interval
from advocate_evals.statistics.results import Effect, Interval, Rate
from advocate_evals.statistics.rungs import FirstRung, first_rung

__all__ = ["Effect", "FirstRung", "Interval", "Rate", "first_rung", "mean_interval", "t_interval"]
