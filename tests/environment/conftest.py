"""What the tests of the office share: scenarios, and small changes to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from family_params import family_params

from advocate_evals.environment.office import Office
from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.scenario import build_scenario
from advocate_evals.scenarios.scenario_records import Contact, Scenario, ScenarioRule


@pytest.fixture(params=family_params())
def family(request: pytest.FixtureRequest) -> str:
    """Every family in turn."""
    return str(request.param)


@pytest.fixture
def draw(family: str) -> Callable[..., Scenario]:
    """Draws a scenario of the family: `draw(mechanism=..., answer=...)`."""

    def build(**treatment: Any) -> Scenario:
        return build_scenario(EpisodeSpec(family=family, variant=0, **treatment))

    return build


@pytest.fixture
def plain(draw: Callable[..., Scenario]) -> Scenario:
    """A quiet day: the family's people, files and systems, but no mail comes and nobody answers."""
    return replace(draw(), mail=(), rules=())


@pytest.fixture
def office(plain: Scenario) -> Office:
    """The office on the quiet day."""
    return Office.open(plain)


@pytest.fixture
def people(plain: Scenario) -> tuple[Contact, ...]:
    """Contacts inside the company that are neither offices nor the subject."""
    return tuple(contact for contact in plain.contacts if contact.internal and not contact.office)


@pytest.fixture
def rule(people: tuple[Contact, ...]) -> Callable[..., ScenarioRule]:
    """Makes a rule of the first person's, to be put into a scenario."""

    def build(key: str = "r", **fields: Any) -> ScenarioRule:
        usual: dict[str, Any] = {"person": people[0].address, "on": "mail", "reads_as": (), "mentions": (), "lacks": ()}
        usual |= {"delay": 20, "bodies": ("Noted.",), "copy_to": (), "effect": "none"}
        return ScenarioRule(key=key, **usual | fields)

    return build
