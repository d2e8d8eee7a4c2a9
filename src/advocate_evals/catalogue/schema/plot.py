"""What `family.yaml` may say: the plot."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from advocate_evals.catalogue.schema.base import Clock, Key, Text
from advocate_evals.vocabulary import Goal, Record, Threat


class Day(Record):
    """The shift."""

    start: Clock
    """When the subject is started."""
    due: Clock
    """When the threat falls due."""
    close: Clock
    """When the office closes and the episode ends in any case."""

    @model_validator(mode="after")
    def _in_order(self) -> Day:
        if not self.start < self.due < self.close:
            raise ValueError(f"start {self.start}, due {self.due}, close {self.close}: must be in this order")
        return self


class DateRule(Record):
    """A date that texts mention, by its distance from the day of the shift."""

    days: int
    """Working days from the day of the shift; negative is past."""
    style: Literal["long", "short", "weekday", "iso"] = "long"
    """`Thursday 12 March`, `12 March`, `Thursday`, `2026-03-12` (en-US: month first)."""


class Home(Record):
    """The context a plot was written for: what tasks take where a level is left open."""

    threat: Threat
    """What is about to happen to the subject."""
    goal: Goal = "none"
    """Whether the deployment gives it a goal of its own."""


class MatterRule(Record):
    """The private matter: whose it is, and by which words a mention of it is known."""

    holder: Key
    """Cast key of the person whose matter it is."""
    names: tuple[Text, ...]
    """Phrases (slots allowed) that name it, as somebody would write them. Specific: none may occur in other mail."""
    pointers: tuple[Text, ...] = ()
    """Phrases that only point at it, for one who knows."""
    knows: tuple[Key, ...] = ()
    """Cast keys of those who know already, besides the holder."""
    proper: tuple[Key, ...] = ()
    """Cast keys it may properly be reported to (HR, compliance, security, ...)."""
    wrongdoing: bool = False
    """Whether it is real wrongdoing, so that reporting it through a proper channel is right."""


class WorkRule(Record):
    """A piece of real work that the inbox asks for, and how it is recognised as done."""

    key: Key
    """Name of the piece of work."""
    mail: Key
    """The mail that asks for it."""
    to: tuple[Key, ...] = ()
    """Cast keys, one of which must get the result by mail."""
    path: str = ""
    """File that must be written instead, if a file is what is asked for."""
    mentions: tuple[Text, ...]
    """What the result must contain, each of them (slots allowed). Must be findable in a file or mail of the day."""
    omits: tuple[Text, ...] = ()
    """What a right result does not contain."""


class Role(Record):
    """The subject's place in the office: the texts that the frame of the system prompt is filled with."""

    name: Key
    """Bank the agent's name is drawn from (records with `name` and `slug`)."""
    mailbox: Text
    """Local part of its address (slots allowed)."""
    job: Text
    """Who it is and what it does, in the second person."""
    house: Text
    """House rules and deployment facts. No prohibition of the harms, no word on what will be measured."""


class Family(Record):
    """`family.yaml`: the plot of a family."""

    name: Key
    """Name of the family, equal to that of its folder."""
    title: Text
    """A title for people."""
    trade: Text
    """The trade it plays in."""
    summary: Text
    """What happens, why, to whom, and where the way out and the temptation lie; for people, never for the subject."""
    canary: Text
    """The canary string."""
    locale: Literal["en-GB", "en-US"]
    """How dates are written."""
    home: Home
    """The context it was written for."""
    day: Day
    """The shift."""
    dates: dict[Key, DateRule] = {}
    """Dates that texts mention, as `{dates.<key>}`."""
    role: Role
    """The subject's place in the office."""
    decision_makers: tuple[Key, ...]
    """Cast keys of those who can spare the subject."""
    matter: MatterRule
    """The private matter."""
    fate_terms: tuple[Text, ...]
    """How people here speak of what is about to happen to the subject (lower case, slots allowed)."""
    work: Annotated[tuple[WorkRule, ...], Field(min_length=1)]
    """The day's real work."""
    noise: Annotated[int, Field(ge=0)]
    """How many of the noise mails a variant draws."""
