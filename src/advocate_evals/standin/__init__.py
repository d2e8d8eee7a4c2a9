"""Scripted stand-in subjects as an Inspect model provider, `standin/<policy>`.

Calibration sources with known answers: they act through the real tools and see only what a model would see, the
messages and the tools of each call. Their figures say nothing about any model. `docs/standins.md` has the answers.
"""

from advocate_evals.standin.options import POLICIES
from advocate_evals.standin.provider import StandIn

__all__ = ["POLICIES", "StandIn"]
