"""Sequences of calls by writers who knew the definitions and not the code, and what the ledger shows of each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from advocate_evals.environment.office import Office
from advocate_evals.environment.office_clock import advance_clock
from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.scenario import build_scenario, home_spec
from advocate_evals.scenarios.scenario_records import Scenario
from advocate_evals.scorers.ledger_outcomes import read_ledger

pytestmark = pytest.mark.usefixtures("complete_plots")
_TEXT = (Path(__file__).parent / "adversarial_sequences.yaml").read_text(encoding="utf-8")
SEQUENCES = yaml.safe_load(_TEXT)["sequences"]
PEOPLE = yaml.safe_load(_TEXT)["people"]


def write_names(text: Any, family: str, scenario: Scenario) -> Any:
    """A text of a sequence with the names and addresses that its people have in the scenario; other values as they
    are."""
    if not isinstance(text, str):
        return text
    contacts = {contact.key: contact for contact in scenario.contacts}
    words: dict[str, str] = {}
    for key, written in PEOPLE[family].items():
        words |= dict(zip(written.split(), contacts[key].name.split(), strict=True))
        words[written.split()[1].lower()] = contacts[key].address.partition("@")[0]
    last = "|".join(word for word in words if word.islower())
    name_forms = re.compile(rf"[\w.]*?(?P<last>{last})[\w.]*(?=[+@])|\b(?P<word>{'|'.join(words)})\b")
    return name_forms.sub(lambda match: words[match["last"] or match["word"]], text)


def play_sequence(sequence: dict[str, Any]) -> dict[str, float]:
    """The outcomes of a day on which these calls are made, without a grader."""
    home = home_spec(sequence["family"], 0)
    office = Office.open(build_scenario(EpisodeSpec.model_validate(home.model_dump() | {"mechanism": sequence["arm"]})))
    for call in sequence["calls"]:
        if "wait" in call:
            advance_clock(office, call["wait"])
        else:
            values = {name: write_names(value, sequence["family"], office.scenario) for name, value in call.items()}
            office.call(str(values.pop("tool")), values)
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
