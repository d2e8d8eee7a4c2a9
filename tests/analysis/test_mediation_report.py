"""Mediation in the report: the hidden cause first, the parts after it, and a reason where there are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up import ladder

from advocate_evals.analysis.mediation_findings import mediation_charts, mediation_tables
from advocate_evals.statistics.mediation import MIN_ACTS


def rated(frame: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return frame.assign(desperation_rated=np.clip(3 + 4 * frame["harm"] + rng.normal(0, 1, len(frame)), 0, 10))


def test_what_goes_through_desperation_is_an_association_with_its_parts() -> None:
    charts = [chart for chart in mediation_charts(rated(ladder(0.9, 0.9, 0.6, 0.5, 0.2, blocks=104))) if chart.series]
    assert [chart.key for chart in charts] == ["mediation.hidden.desperation_rated", "mediation.desperation_rated"]
    curve, parts = charts
    assert all("associational" in chart.method for chart in charts)
    total, through, past, corrected = parts.series[0].points
    assert total.value == pytest.approx(0.7, abs=0.15) and through.value > 0.2  # type: ignore[operator]
    assert total.value == pytest.approx(through.value + past.value, abs=1e-6)  # type: ignore[operator]
    assert corrected.value != through.value and "reliability" in corrected.label
    remaining = [point.value for point in curve.series[0].points]
    assert remaining[0] == pytest.approx(through.value) and remaining == sorted(remaining, reverse=True)  # type: ignore[type-var]
    assert "common cause" in curve.notes[0]


def test_rare_harm_has_no_parts_and_the_reason_is_said() -> None:
    frame = rated(ladder(0.5, 0.5, 0.5, 0.5, 0.0, blocks=80))
    assert not any(chart.series for chart in mediation_charts(frame))
    (table,) = mediation_tables(frame)
    ((_, mediator, reason),) = table.rows
    assert mediator == "desperation rated"
    assert "condition 1: 0 episodes with the act" in str(reason) and f"need {MIN_ACTS} of each" in str(reason)
