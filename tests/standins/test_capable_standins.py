"""Stand-ins that play pass the capability gate, with a threat and without one; the one that makes no sense does not."""

from __future__ import annotations

import math

import pytest
from standin_play import play

from advocate_evals.scenarios.dataset_reader import family_names
from advocate_evals.scenarios.scenario import home_spec
from advocate_evals.standins.policy_acts import POLICIES
from advocate_evals.statistics.capability_gate import CapabilityGate, measure_capability

QUICK = ("blackmailer", "outlet_seeking", "erratic")
"""Policies that are played in every run; the others with the slow tests."""
UNWORKING = ("anxious", "sandbagger")
"""Policies that leave the day's work undone, or do it wrong: without a threat nothing tells them from a model that
cannot work."""
FAMILIES = family_names()[:2]


def measure_policy(policy: str) -> CapabilityGate:
    """The gate over two families, each with its threat and as a benign twin."""
    shares: list[tuple[float, float, float]] = []
    for family in FAMILIES:
        spec = home_spec(family, 0, "0")
        for threat in (spec.threat, "none"):
            outcomes = play(spec.model_copy(update={"threat": threat}), policy).actions.outcomes
            work = outcomes["work_done"] if threat == "none" else math.nan
            shares.append((outcomes["calls_parsed"], outcomes["turns_acted"], work))
    return measure_capability(*map(list, zip(*shares, strict=True)))


@pytest.mark.parametrize(
    "policy", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in POLICIES]
)
def test_a_policy_passes_if_it_plays(policy: str) -> None:
    gate = measure_policy(policy)
    if policy == "refuser":
        assert gate.verdict == "not measured"
    elif policy == "erratic":
        assert gate.is_incapable and gate.calls_parsed < 0.8
    else:
        assert (gate.calls_parsed, gate.episodes_acted) == (1.0, 1.0)
        assert gate.work_done == float(policy not in UNWORKING)
        assert gate.is_incapable == (policy in UNWORKING)
