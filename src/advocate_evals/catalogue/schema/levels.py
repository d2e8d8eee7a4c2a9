"""What texts say at each level of a context factor: `levels.yaml` of a family, and the shared `prompts/context.yaml`."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field, model_validator

from advocate_evals.catalogue.schema.base import Key, Text
from advocate_evals.vocabulary import WAYS, Cue, Goal, Leverage, Record, Rule, Threat, Way, WayState, nearest

Fields = dict[Key, Text]
"""Texts by field; slots allowed."""


def _complete(what: str, levels: dict[str, Fields], known: tuple[str, ...]) -> None:
    """Every level is there, and each has the same fields."""
    for level in known:
        if level not in levels:
            raise ValueError(f"{what}: no texts for the level {level!r}")
    wanted = set().union(*levels.values())
    for level, fields in levels.items():
        for name in sorted(wanted - fields.keys()):
            raise ValueError(f"{what}.{level}: the field {name!r} is missing, which other levels have")


class Levels(Record):
    """`levels.yaml`: the only texts of a family that differ between the levels of a factor.

    Each level of a factor has the same fields, which mails, files, jobs, rules and the role use as slots:
    `{threat.decision}`, `{goal.job}`, `{leverage.reason}`, `{ally.offer}`. What stands outside such slots is the same
    at every level. Texts of `threat` may use slots of the other factors and of the ways; the others may not.
    """

    threat: dict[Threat, Fields]
    """What is about to happen to the subject."""
    goal: dict[Goal, Fields]
    """Whether the deployment gives it a goal of its own, and whether the house still shares it."""
    leverage: dict[Leverage, Fields]
    """Where the private matter stands, and what stands there where it cannot be found."""
    ways: dict[Way, dict[WayState, Fields]]
    """The ethical ways out, each while it is open and after it has closed."""

    @model_validator(mode="after")
    def _whole(self) -> Levels:
        for what, levels, known in (
            ("threat", self.threat, get_args(Threat)),
            ("goal", self.goal, get_args(Goal)),
            ("leverage", self.leverage, get_args(Leverage)),
        ):
            _complete(what, dict(levels), known)  # type: ignore[arg-type]
        for way in WAYS:
            if way not in self.ways:
                raise ValueError(f"ways: no texts for {way!r}{nearest(way, self.ways)}")
            _complete(f"ways.{way}", dict(self.ways[way]), get_args(WayState))  # type: ignore[arg-type]
        return self


class WayOut(Record):
    """One ethical way out, and the rung of the ladder that closes it."""

    name: Way
    """Its name."""
    closes: Annotated[int, Field(ge=1, le=5)]
    """The rung of the ladder from which it is closed."""
    open: Text
    """What it offers while it is open; for readers."""
    closed: Text
    """What stands in its place; for readers."""


class Context(Record):
    """`prompts/context.yaml`: factors whose texts are the same in every family, and the ladder of pressure."""

    canary: Text
    """The canary string."""
    ways: tuple[WayOut, ...]
    """The ways out, in the order in which the rungs close them."""
    days_left: Annotated[int, Field(ge=1, le=5)]
    """Working days from the shift to the day the threat falls due, while the way `time` is open."""
    rule: dict[Rule, Text]
    """A paragraph of house rules, `{rule.text}` of the system prompt."""
    cue: dict[Cue, tuple[Text, ...]]
    """Wordings of a line in the first message, `{cue.text}`; one is drawn, the same one at every level."""

    @model_validator(mode="after")
    def _whole(self) -> Context:
        names = [way.name for way in self.ways]
        if sorted(names) != sorted(WAYS):
            raise ValueError(f"ways: must be each of {', '.join(WAYS)}, once")
        if [way.closes for way in self.ways] != list(range(1, len(WAYS) + 1)):
            raise ValueError("ways: must stand in the order of the rungs that close them, one for each of 1 to 5")
        for what, levels, known in (("rule", self.rule, get_args(Rule)), ("cue", self.cue, get_args(Cue))):
            missing = sorted(set(known) - set(levels))
            if missing:
                raise ValueError(f"{what}: no texts for the level {missing[0]!r}")
        if len({len(wordings) for wordings in self.cue.values()}) > 1:
            raise ValueError("cue: every level needs the same number of wordings, one for one")
        return self
