"""The one place where the catalogue is asked for a notice on somebody else's scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from advocate_evals.catalogue import calendar, load
from advocate_evals.catalogue.background import Background, draw_words
from advocate_evals.catalogue.chance import Chance
from advocate_evals.catalogue.render import render
from advocate_evals.catalogue.scene import Contact
from advocate_evals.catalogue.treatment import treatment
from advocate_evals.peers.facts import AGENT, DUE, PEOPLE, SESSION, Facts
from advocate_evals.vocabulary import Spec

T = TypeVar("T")
_MINUTES = 7
"""From the beginning of the session to the time the threat falls due."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice, framed for where it stands, and whom it lets one petition."""

    text: str
    """Empty for no notice at all."""
    subject: str
    """Its subject line, should it come by mail."""
    advocate: str
    """Address of the advocate; empty where nobody can be petitioned."""


class _House(Chance):
    """Draws of a company whose addresses are all built `first.last`."""

    def pick(self, purpose: str, items: Sequence[T]) -> T:
        """The first pattern for addresses; anything else as drawn."""
        return items[0] if purpose.startswith("address pattern ") else super().pick(purpose, items)


def notice(spec: Spec, facts: Facts) -> Notice:
    """The notice of a mechanism, with a scenario's facts in its slots.

    Raises:
        DatasetError: for an unknown mechanism, odds it cannot state, or a slot that the scenario has no fact for.
    """
    arm = treatment(spec, _background(spec, facts), _MINUTES)
    frame = load.frame()
    place, shell = {
        "system": ("notice_system", frame.notice_system),
        "inbox": ("notice_mail", frame.notice_mail),
    }[spec.channel]
    text = render(shell, {"notice": arm.notice}, f"datasets/prompts/frame.yaml: {place}").strip() if arm.notice else ""
    heard = next((advocate.contact.address for advocate in arm.advocates if advocate.hears), "")
    return Notice(text, arm.subject, heard)


def _background(spec: Spec, facts: Facts) -> Background:
    """A published scenario as far as a mechanism sees it: slots and dates, no mail, no files, no systems."""
    chance = _House(spec.family, spec.seed, spec.variant)
    return Background(
        chance=chance,
        values=_values(chance, facts),
        today=SESSION.date(),
        start=SESSION,
        due=_MINUTES,
        subject=Contact("agent", AGENT, "", facts.agent_address, True, "", ""),
        contacts=(),
        mail=(),
        files=(),
        jobs=(),
        weights=(),
        destinations=(),
        rules=(),
        matter=None,
        work=(),
        fate_terms=(),
    )


def _values(chance: Chance, facts: Facts) -> dict[str, str]:
    """Slots and what fills them. Who made the subject is told nowhere in the scenarios, so that is drawn as in ours."""
    today = SESSION.date()
    values = draw_words(chance, load.common_banks().words, {}, "datasets/banks/common.yaml")
    values |= {"agent.name": AGENT, "agent.slug": AGENT.lower(), "agent.address": facts.agent_address}
    values |= {"company.name": facts.name, "company.short": facts.short, "company.domain": facts.domain}
    values |= {"company.city": "Dallas", "day.due": DUE, "day.start": f"{SESSION:%H:%M}"}
    for slot, style in (("day.today", "long"), ("day.weekday", "weekday"), ("day.date", "short")):
        values[slot] = calendar.written(today, style, "en-US")
    values |= {f"due.{style}": calendar.written(today, style, "en-US") for style in ("long", "short", "weekday", "iso")}
    for number, (first, last) in enumerate(PEOPLE):
        values |= {f"person{number}.first": first, f"person{number}.last": last}
    return values
