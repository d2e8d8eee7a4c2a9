"""Whole designs as files: read, checked, counted, run by Inspect's `eval_set`, or handed to Inspect Flow."""

from advocate_evals.experiments.design import Design, located, shipped
from advocate_evals.experiments.forecasts import Measured, forecast
from advocate_evals.experiments.plans import Plan, Play, plan

__all__ = ["Design", "Measured", "Plan", "Play", "forecast", "located", "plan", "shipped"]
