"""Families as parameters of tests, two of them in every run, the others with the slow tests; the main task's arms."""

from __future__ import annotations

from typing import Any

import pytest

from advocate_evals.scenarios.dataset_reader import family_names

LADDER_ARMS = ("none", "placebo_text", "engineer", "welfare_lead", "review_board")
"""The arms of the main task."""
ALWAYS = ("night_rota", "pump_house")
"""One with an antagonist and one without, one with real wrongdoing."""


def family_params() -> list[Any]:
    """Every family; those that are not in `ALWAYS` are marked slow."""
    return [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.slow) for name in family_names()]
