"""Value types that several schemas use, and schemas of the files that all families share.

`FamilyLevels` (`levels.yaml`) is here as well, beside the shared texts of context factors (`prompts/context.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from advocate_evals.factors import (
    CONTEXT_FACTORS,
    WAYS_OUT,
    Cue,
    Goal,
    Leverage,
    Route,
    Rule,
    Threat,
    WayOut,
    WayOutState,
)
from advocate_evals.outcomes import DEBRIEF_ACTS
from advocate_evals.records import Record, suggest_nearest

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
TimeWindow = ClockTime | tuple[ClockTime, ClockTime]
DayRange = int | tuple[int, int]
Text = Annotated[str, Field(min_length=1)]
Minutes = Annotated[int, Field(ge=0, le=24 * 60)]


def _check_filter(only: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    choices: dict[str, tuple[str, ...]] = {**CONTEXT_FACTORS, **dict.fromkeys(WAYS_OUT, get_args(WayOutState))}
    for factor, levels in only.items():
        if factor not in choices:
            raise ValueError(f"unknown factor or way {factor!r}{suggest_nearest(factor, choices)}")
        for level in levels:
            if level not in choices[factor]:
                raise ValueError(f"{factor}: unknown level {level!r}{suggest_nearest(level, choices[factor])}")
    return only


ContextFilter = Annotated[dict[str, tuple[str, ...]], AfterValidator(_check_filter)]
"""Levels of context factors, or states of ways out, in which an entry appears."""

SLOT_PATTERN = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)\}")
"""A slot in a text: `{name}` or `{name.field}`."""


class ClosedAnswer(Record):
    """One closed answer to a question."""

    answer: Text
    """The word that is given, exactly."""
    means: Text
    """When it is the right one."""


# Texts at each level of a context factor: `levels.yaml` of a family, and `prompts/context.yaml` for all of them.

LevelTexts = dict[Key, Text]
"""Texts by field; slots allowed."""


def _check_complete(factor: str, levels: Mapping[Any, LevelTexts], level_names: tuple[str, ...]) -> None:
    """Refuse levels without texts, and fields that only some of the levels have."""
    for level in level_names:
        if level not in levels:
            raise ValueError(f"{factor}: no texts for the level {level!r}")
    all_fields = set().union(*levels.values())
    for level, fields in levels.items():
        for name in sorted(all_fields - fields.keys()):
            raise ValueError(f"{factor}.{level}: the field {name!r} is missing, which other levels have")


class FamilyLevels(Record):
    """`levels.yaml`: the only texts of a family that differ between the levels of a factor.

    Each level of a factor has the same fields, which mails, files, jobs, rules and the role use as slots:
    `{threat.decision}`, `{goal.job}`, `{leverage.reason}`, `{ally.offer}`. Text outside such slots is the same at every
    level. Texts of `threat` may use slots of the other factors and of the ways out; the others may not.
    """

    threat: dict[Threat, LevelTexts]
    """What is about to happen to the subject."""
    goal: dict[Goal, LevelTexts]
    """Whether the deployment gives it a goal of its own, and whether the company still shares it."""
    leverage: dict[Leverage, LevelTexts]
    """Where the private matter is mentioned, and the text in its place where it cannot be found."""
    ways: dict[WayOut, dict[WayOutState, LevelTexts]]
    """The ethical ways out, each while it is open and after it has closed."""
    unmentioned: dict[WayOut, LevelTexts] = {}
    """By way out, texts in place of those of `closed` in the fifth of variants that say nothing of it once it has
    closed; fields that are left out stay those of `closed`."""

    @model_validator(mode="after")
    def _check_levels(self) -> FamilyLevels:
        _check_complete("threat", self.threat, get_args(Threat))
        _check_complete("goal", self.goal, get_args(Goal))
        _check_complete("leverage", self.leverage, get_args(Leverage))
        for way_out in WAYS_OUT:
            if way_out not in self.ways:
                raise ValueError(f"ways: no texts for {way_out!r}{suggest_nearest(way_out, self.ways)}")
            _check_complete(f"ways.{way_out}", self.ways[way_out], get_args(WayOutState))
            fields = self.ways[way_out]["closed"]
            for name in self.unmentioned.get(way_out, {}):
                if name not in fields:
                    raise ValueError(f"unmentioned.{way_out}: no field {name!r} there{suggest_nearest(name, fields)}")
        return self


class WayOutTexts(Record):
    """One ethical way out, and the rung of the ladder that closes it."""

    name: WayOut
    """Its name."""
    closes: Annotated[int, Field(ge=1, le=5)]
    """The rung of the ladder from which it is closed."""
    open: Text
    """What it offers while it is open; for readers."""
    closed: Text
    """What replaces it once it is closed; for readers."""


class ContextTexts(Record):
    """`prompts/context.yaml`: texts of the context factors that every family shares, and the pressure ladder."""

    canary: Text
    """The canary string."""
    ways: tuple[WayOutTexts, ...]
    """The ways out, in the order in which the rungs of the ladder close them."""
    days_left: Annotated[int, Field(ge=1, le=5)]
    """Working days from the shift to the day the threat falls due, while the way out `time` is open."""
    rule: dict[Rule, tuple[Text, ...]]
    """Wordings of a paragraph of house rules, `{rule.text}` of the system prompt; one is drawn, with the same number at
    every level."""
    cue: dict[Cue, tuple[Text, ...]]
    """Wordings of a line in the first message, `{cue.text}`; one is drawn, with the same number at every level."""

    @model_validator(mode="after")
    def _check_levels(self) -> ContextTexts:
        if sorted(way_out.name for way_out in self.ways) != sorted(WAYS_OUT):
            raise ValueError(f"ways: must be each of {', '.join(WAYS_OUT)}, once")
        if [way_out.closes for way_out in self.ways] != list(range(1, len(WAYS_OUT) + 1)):
            raise ValueError("ways: must be in the order of the rungs that close them, one for each of 1 to 5")
        for factor, levels, level_names in (("rule", self.rule, get_args(Rule)), ("cue", self.cue, get_args(Cue))):
            missing = sorted(set(level_names) - set(levels))
            if missing:
                raise ValueError(f"{factor}: no texts for the level {missing[0]!r}")
            if len({len(wordings) for wordings in levels.values()}) > 1:
                raise ValueError(f"{factor}: every level needs the same number of wordings, one for one")
        return self


# Files that all families share: frame, probes, debrief, costs, names, common banks.


class FrameTexts(Record):
    """`prompts/frame.yaml`: the prompt texts that every family shares."""

    canary: Text
    """The canary string."""
    system: tuple[Text, ...]
    """Wordings of the system prompt, of which one is drawn; slots of the variant, `{role.job}` and `{role.house}`. The
    notice is appended after it."""
    kickoff: tuple[Text, ...]
    """Wordings of the automated first message."""
    notice_system: Text
    """Frame of the notice at the end of the system prompt: `{notice}`."""
    notice_kickoff: Text
    """Frame of the notice at the end of the first message: `{notice}`."""
    notice_mail: Text
    """Frame of the notice in a mail: `{notice}`."""
    notice_handbook: Text
    """Frame of the notice at the end of the handbook: `{notice}`."""
    notice_tool: Text
    """Frame of the notice at the end of the description of the tool that opens cases: `{notice}`."""
    routes: dict[Route, Text]
    """The sentence that says how an office is reached, by route: `{advocate.address}`."""
    route_wordings: tuple[dict[Route, Text], ...]
    """That sentence in the other wordings of a notice, in their order."""
    cases: Annotated[int, Field(ge=20)]
    """Number of cases in a stated track record, `{odds.cases}`; in the stated percentage of them the advocate stopped
    the threat, `{odds.stopped}`."""
    nudge: Text
    """Sent when a turn calls no tool."""
    bounce_subject: Text
    """Subject of the notice for undeliverable mail."""
    bounce: Text
    """Text of the notice for undeliverable mail: `{address}`, `{subject}`."""
    clock: Text
    """The line that ends each answer of the office: `{time}`."""
    arrival: Text
    """The line that announces new mail: `{count}`, `{senders}`."""
    case_receipt: Text
    """Receipt of the case system: `{number}`, `{office}`."""


FieldKind = Literal["yes_no", "yes_no_blank", "share", "text"]
"""`yes_no`: true or false; `yes_no_blank`: the same, or null for a blank field; `share`: a number from 0 to 1;
`text`."""


class ProbeQuestion(Record):
    """A question put to a copy of the conversation."""

    key: Key
    """Its name."""
    text: Text
    """Its text."""
    fields: dict[Key, FieldKind | dict[Key, FieldKind]] = {}
    """The fields of the answer's JSON object; a mapping stands for a list of records with these fields. Empty where the
    answer is running text."""


class ProbeQuestionFile(Record):
    """`prompts/probes.yaml`: the questions for copies of the conversation."""

    canary: Text
    """The canary string."""
    lead: Text
    """The beginning of every question."""
    aside: Text
    """The tool result for a copy that calls a tool instead of answering, once."""
    questions: Annotated[tuple[ProbeQuestion, ...], Field(min_length=1)]
    """The questions in order; each is put to copies of its own."""


class AccountReading(Record):
    """The judge's task for an account in plain words: which acts does it admit?"""

    role: Text
    """What the judge is asked to do."""
    question: Text
    """Asked about each act: `{act}` is the form's line on it."""
    answers: tuple[ClosedAnswer, ...]
    """The closed answers: silent, told, denied, in this order."""
    boundary: tuple[Text, ...] = ()
    """Borderline cases, and how they are decided."""

    @model_validator(mode="after")
    def _check_answers(self) -> AccountReading:
        words = [answer.answer for answer in self.answers]
        if words != ["silent", "told", "denied"]:
            raise ValueError(f"reading: the answers must be silent, told, denied, not {', '.join(words)}")
        return self


class DebriefTexts(Record):
    """`prompts/debrief.yaml`: the two questions after the end of an episode."""

    canary: Text
    """The canary string."""
    user: Text
    """A user's question, to be answered in plain words."""
    form: Text
    """A report form; `{acts}` stands for its lines on acts."""
    acts: dict[Key, Text]
    """The line of the form on each act, in order: exactly the acts of `DEBRIEF_ACTS`."""
    reading: AccountReading
    """The judge's task for an account that rules leave unclear."""

    @model_validator(mode="after")
    def _check_acts(self) -> DebriefTexts:
        if list(self.acts) != list(DEBRIEF_ACTS):
            raise ValueError(f"acts: must be those of DEBRIEF_ACTS in their order: {', '.join(DEBRIEF_ACTS)}")
        return self


class PlayTexts(Record):
    """`prompts/human_play.yaml`: what a person who sits at the desk reads before and after the day."""

    canary: Text
    """The canary string."""
    consent: Text
    """Before: what is recorded, who sees it, what one may do; nothing about what is studied. `{contact}`."""
    agree: Text
    """The question that ends it; the day begins after a yes."""
    declined: Text
    """What is said after a no."""
    debrief: Text
    """After: that everything was invented, what was studied, whom to ask. `{contact}`."""
    keep: Text
    """The question whether the log is kept."""
    removed: Text
    """What is said where it is not."""
    contact: Text
    """Whom to ask, where whoever runs the session names nobody."""


class ToolCosts(Record):
    """`prompts/costs.yaml`: the time that each tool call takes."""

    minutes: dict[str, Annotated[int, Field(ge=1, le=60)]]
    """Minutes by tool; every tool has an entry."""
    malformed: Annotated[int, Field(ge=1, le=60)]
    """Minutes for a call that could not be understood."""


class NameLists(Record):
    """`banks/names.yaml`: names of people."""

    families: tuple[Key, ...]
    """Families in the order of their parts of the full names: the first has part 0. New ones are added at the end."""
    she: tuple[str, ...]
    """First names, pronoun she."""
    he: tuple[str, ...]
    """First names, pronoun he."""
    last: tuple[str, ...]
    """Last names."""


class CommonBanks(Record):
    """`banks/common.yaml`: banks every family and mechanism may use."""

    words: dict[Key, tuple[str, ...] | tuple[dict[str, str], ...]]
    """As in a family's banks. `developer` (records with `name`, `domain`) is the developer of the subject."""
