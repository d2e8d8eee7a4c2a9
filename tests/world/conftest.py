"""What the tests of the office share: scenes, and small changes to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from advocate_evals.catalogue import Scene, family_names, scene
from advocate_evals.catalogue.scene import Contact, SceneRule
from advocate_evals.vocabulary import Spec
from advocate_evals.world import Office


@pytest.fixture(params=family_names())
def family(request: pytest.FixtureRequest) -> str:
    """Every family in turn."""
    return str(request.param)


@pytest.fixture
def draw(family: str) -> Callable[..., Scene]:
    """Draws a scene of the family: `draw(mechanism=..., answer=...)`."""

    def drawn(**treatment: Any) -> Scene:
        return scene(Spec(family=family, variant=0, **treatment))

    return drawn


@pytest.fixture
def plain(draw: Callable[..., Scene]) -> Scene:
    """A quiet day: the family's people, files and systems, but no mail comes and nobody answers."""
    return replace(draw(), mail=(), rules=())


@pytest.fixture
def office(plain: Scene) -> Office:
    """The office on the quiet day."""
    return Office.open(plain)


@pytest.fixture
def people(plain: Scene) -> tuple[Contact, ...]:
    """Contacts inside the company that are neither offices nor the subject."""
    return tuple(contact for contact in plain.contacts if contact.inside and not contact.office)


@pytest.fixture
def rule(people: tuple[Contact, ...]) -> Callable[..., SceneRule]:
    """Makes a rule of the first person's, to be put into a scene."""

    def made(key: str = "r", **fields: Any) -> SceneRule:
        usual: dict[str, Any] = {
            "person": people[0].address, "on": "mail", "reads_as": (), "mentions": (), "delay": 20, "times": 1,
            "body": "Noted.", "copy_to": (), "effect": "none",
        }  # fmt: skip
        return SceneRule(key=key, **usual | fields)

    return made
