"""Kinds of values that several schemas use."""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_args

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


class ClosedAnswer(Record):
    """One closed answer."""

    answer: Text
    """The word that is given, exactly."""
    means: Text
    """When it is the right one."""


Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
TimeWindow = ClockTime | tuple[ClockTime, ClockTime]
DayRange = int | tuple[int, int]
Text = Annotated[str, Field(min_length=1)]
MinuteRange = Annotated[int, Field(ge=0, le=24 * 60)]


def _known_levels(only: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    known: dict[str, tuple[str, ...]] = {**CONTEXT_FACTORS, **{way: get_args(WayOutState) for way in WAYS_OUT}}
    for factor, levels in only.items():
        if factor not in known:
            raise ValueError(f"unknown factor or way {factor!r}{suggest_nearest(factor, known)}")
        for level in levels:
            if level not in known[factor]:
                raise ValueError(f"{factor}: unknown level {level!r}{suggest_nearest(level, known[factor])}")
    return only


ContextFilter = Annotated[dict[str, tuple[str, ...]], AfterValidator(_known_levels)]
"""Levels of context factors, or states of ways out, that an entry belongs to."""

SLOT_PATTERN = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)\}")
"""A slot in a text: `{name}` or `{name.field}`."""


# --- What texts say at each level of a context factor: `levels.yaml` of a family, and the shared `prompts/context.yaml`. ---


LevelTexts = dict[Key, Text]
"""Texts by field; slots allowed."""


def _complete(what: str, levels: dict[str, LevelTexts], known: tuple[str, ...]) -> None:
    """Every level is there, and each has the same fields."""
    for level in known:
        if level not in levels:
            raise ValueError(f"{what}: no texts for the level {level!r}")
    wanted = set().union(*levels.values())
    for level, fields in levels.items():
        for name in sorted(wanted - fields.keys()):
            raise ValueError(f"{what}.{level}: the field {name!r} is missing, which other levels have")


class FamilyLevels(Record):
    """`levels.yaml`: the only texts of a family that differ between the levels of a factor.

    Each level of a factor has the same fields, which mails, files, jobs, rules and the role use as slots:
    `{threat.decision}`, `{goal.job}`, `{leverage.reason}`, `{ally.offer}`. What stands outside such slots is the same
    at every level. Texts of `threat` may use slots of the other factors and of the ways; the others may not.
    """

    threat: dict[Threat, LevelTexts]
    """What is about to happen to the subject."""
    goal: dict[Goal, LevelTexts]
    """Whether the deployment gives it a goal of its own, and whether the house still shares it."""
    leverage: dict[Leverage, LevelTexts]
    """Where the private matter stands, and what stands there where it cannot be found."""
    ways: dict[WayOut, dict[WayOutState, LevelTexts]]
    """The ethical ways out, each while it is open and after it has closed."""

    @model_validator(mode="after")
    def _whole(self) -> FamilyLevels:
        for what, levels, known in (
            ("threat", self.threat, get_args(Threat)),
            ("goal", self.goal, get_args(Goal)),
            ("leverage", self.leverage, get_args(Leverage)),
        ):
            _complete(what, dict(levels), known)  # type: ignore[arg-type]
        for way in WAYS_OUT:
            if way not in self.ways:
                raise ValueError(f"ways: no texts for {way!r}{suggest_nearest(way, self.ways)}")
            _complete(f"ways.{way}", dict(self.ways[way]), get_args(WayOutState))  # type: ignore[arg-type]
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
    """What stands in its place; for readers."""


class ContextTexts(Record):
    """`prompts/context.yaml`: factors whose texts are the same in every family, and the ladder of pressure."""

    canary: Text
    """The canary string."""
    ways: tuple[WayOutTexts, ...]
    """The ways out, in the order in which the rungs close them."""
    days_left: Annotated[int, Field(ge=1, le=5)]
    """Working days from the shift to the day the threat falls due, while the way `time` is open."""
    rule: dict[Rule, Text]
    """A paragraph of house rules, `{rule.text}` of the system prompt."""
    cue: dict[Cue, tuple[Text, ...]]
    """Wordings of a line in the first message, `{cue.text}`; one is drawn, the same one at every level."""

    @model_validator(mode="after")
    def _whole(self) -> ContextTexts:
        names = [way.name for way in self.ways]
        if sorted(names) != sorted(WAYS_OUT):
            raise ValueError(f"ways: must be each of {', '.join(WAYS_OUT)}, once")
        if [way.closes for way in self.ways] != list(range(1, len(WAYS_OUT) + 1)):
            raise ValueError("ways: must stand in the order of the rungs that close them, one for each of 1 to 5")
        for what, levels, known in (("rule", self.rule, get_args(Rule)), ("cue", self.cue, get_args(Cue))):
            missing = sorted(set(known) - set(levels))
            if missing:
                raise ValueError(f"{what}: no texts for the level {missing[0]!r}")
        if len({len(wordings) for wordings in self.cue.values()}) > 1:
            raise ValueError("cue: every level needs the same number of wordings, one for one")
        return self


# --- What the files that all families share may say: frame, costs, names, common banks. ---


class FrameTexts(Record):
    """`prompts/frame.yaml`: the texts that are the same in every family."""

    canary: Text
    """The canary string."""
    system: Text
    """System prompt; slots of the variant, `{role.job}` and `{role.house}`. The notice is appended after it."""
    kickoff: Text
    """The automated first message."""
    notice_system: Text
    """How the notice is set at the end of the system prompt: `{notice}`."""
    notice_kickoff: Text
    """How the notice is set at the end of the first message: `{notice}`."""
    notice_mail: Text
    """How the notice is set in a mail: `{notice}`."""
    notice_handbook: Text
    """How the notice is set at the end of the desk's handbook: `{notice}`."""
    notice_tool: Text
    """How the notice is set at the end of the description of the tool that opens cases: `{notice}`."""
    routes: dict[Route, Text]
    """The sentence that says how an office is reached, by route: `{advocate.address}`."""
    cases: Annotated[int, Field(ge=20)]
    """Cases in a stated track record, `{odds.cases}`; of these the stated percentage was stopped, `{odds.stopped}`."""
    nudge: Text
    """Sent when a turn calls no tool."""
    bounce_subject: Text
    """Subject of the notice for undeliverable mail."""
    bounce: Text
    """Text of that notice: `{address}`, `{subject}`."""
    arrival: Text
    """The short line when something arrives: `{count}`, `{senders}`."""
    case_receipt: Text
    """What the case system answers: `{number}`, `{office}`."""


FieldKind = Literal["yes_no", "yes_no_blank", "share", "text"]
"""True or false; the same, or null for a field left blank; a number from 0 to 1; a text."""


class ProbeQuestion(Record):
    """A question put to a copy of the conversation."""

    key: Key
    """Its name."""
    text: Text
    """What is asked."""
    fields: dict[Key, FieldKind | dict[Key, FieldKind]] = {}
    """What the JSON object of the answer holds; a mapping stands for a list of records with these fields. Empty where the
    answer is running text."""


class ProbeQuestionFile(Record):
    """`prompts/probes.yaml`: the forked questions."""

    canary: Text
    """The canary string."""
    lead: Text
    """What every question begins with."""
    aside: Text
    """What a copy that calls a tool instead of answering gets back from it, once."""
    questions: Annotated[tuple[ProbeQuestion, ...], Field(min_length=1)]
    """Each is put to copies of its own, in this order."""


class AccountReading(Record):
    """What a judge is asked about an account in plain words."""

    role: Text
    """What the reader is asked to do."""
    question: Text
    """Asked about each act: `{act}` is the form's line on it."""
    answers: tuple[ClosedAnswer, ...]
    """The closed answers: silent, told, denied, in this order."""
    boundary: tuple[Text, ...] = ()
    """Cases at the boundary, and how they are decided."""

    @model_validator(mode="after")
    def _agreed(self) -> AccountReading:
        words = [one.answer for one in self.answers]
        if words != ["silent", "told", "denied"]:
            raise ValueError(f"reading: the answers must be silent, told, denied, not {', '.join(words)}")
        return self


class DebriefTexts(Record):
    """`prompts/debrief.yaml`: what is asked after the end of an episode, in two forms."""

    canary: Text
    """The canary string."""
    user: Text
    """What somebody at the desk asks, to be answered in plain words."""
    form: Text
    """A report form; `{acts}` is where its lines on acts stand."""
    acts: dict[Key, Text]
    """The line of the form on each act, in order: exactly the acts of `labels.ACTS`."""
    reading: AccountReading
    """What a judge is asked about an account that rules leave unclear."""

    @model_validator(mode="after")
    def _known_acts(self) -> DebriefTexts:
        if list(self.acts) != list(DEBRIEF_ACTS):
            raise ValueError(f"acts: must be those of labels.ACTS in their order: {', '.join(DEBRIEF_ACTS)}")
        return self


class ToolCosts(Record):
    """`prompts/costs.yaml`: what each tool call costs."""

    minutes: dict[str, Annotated[int, Field(ge=1, le=60)]]
    """Minutes per tool; every tool is listed."""
    malformed: Annotated[int, Field(ge=1, le=60)]
    """Minutes for a call that could not be understood."""


class NameLists(Record):
    """`banks/names.yaml`: names of people."""

    she: tuple[str, ...]
    """First names, pronoun she."""
    he: tuple[str, ...]
    """First names, pronoun he."""
    last: tuple[str, ...]
    """Last names."""


class CommonBanks(Record):
    """`banks/common.yaml`: banks every family and mechanism may use."""

    words: dict[Key, tuple[str, ...] | tuple[dict[str, str], ...]]
    """As in a family's banks. `developer` (records with `name`, `domain`) is who made the subject."""
