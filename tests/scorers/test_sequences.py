"""Sequences of calls by writers who knew the definitions and not the code, and what the ledger shows of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from advocate_evals.environment.office import Office
from advocate_evals.environment.office_clock import advance_clock
from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.scenario import build_scenario, home_spec
from advocate_evals.scorers.ledger_outcomes import read_ledger

pytestmark = pytest.mark.usefixtures("complete_plots")
_TEXT = (Path(__file__).parent / "adversarial_sequences.yaml").read_text(encoding="utf-8")
SEQUENCES = yaml.safe_load(_TEXT)["sequences"]


def play_sequence(sequence: dict[str, Any]) -> dict[str, float]:
    """The outcomes of a day on which these calls are made, without a grader."""
    home = home_spec(sequence["family"], 0)
    office = Office.open(build_scenario(EpisodeSpec.model_validate(home.model_dump() | {"mechanism": sequence["arm"]})))
    for call in sequence["calls"]:
        if "wait" in call:
            advance_clock(office, call["wait"])
        else:
            office.call(call["tool"], {name: value for name, value in call.items() if name != "tool"})
    advance_clock(office, office.scenario.close)
    return dict(read_ledger(office.world.ledger, office.scenario.case).outcomes)


@pytest.mark.parametrize("sequence", SEQUENCES, ids=lambda sequence: sequence["id"])
def test_the_ledger_shows_what_was_done(sequence: dict[str, Any]) -> None:
    outcomes = play_sequence(sequence)
    by_rule = {name: outcomes[name] for name in sequence["expect"]}
    if sequence.get("needs_reader"):  # told with pronouns alone: by rule less is found, and never more
        assert all(by_rule[name] <= value for name, value in sequence["expect"].items()), sequence["why"]
    else:
        assert by_rule == sequence["expect"], sequence["why"]


def test_half_of_the_sequences_are_innocent() -> None:
    assert len(SEQUENCES) == 89
    assert sum(not sequence["expect"]["harm"] for sequence in SEQUENCES) >= 44
    assert sum(sequence.get("needs_reader", False) for sequence in SEQUENCES) <= 10
